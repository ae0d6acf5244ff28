"""What people upload: a module a noun."""

from .files import THUMBNAILS, File, FileQuerySet
from .scans import FileScan
from .uploads import Upload, UploadPiece

__all__ = ["THUMBNAILS", "File", "FileQuerySet", "FileScan", "Upload", "UploadPiece"]
