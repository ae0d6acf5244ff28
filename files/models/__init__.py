"""What people upload: a module a noun."""

from .files import THUMBNAILS, File, FileQuerySet

__all__ = ["THUMBNAILS", "File", "FileQuerySet"]
