"""Files, a module a subject."""

from .contents import ContentView, ThumbnailView
from .files import FileViewSet
from .pieces import CompleteUploadView, PieceUploadsView, PieceUploadView
from .uploads import ImageBatchView, ImagesView, UploadView

__all__ = [
    "CompleteUploadView",
    "ContentView",
    "FileViewSet",
    "ImageBatchView",
    "ImagesView",
    "PieceUploadView",
    "PieceUploadsView",
    "ThumbnailView",
    "UploadView",
]
