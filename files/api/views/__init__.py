"""Files, a module a subject."""

from .contents import ContentView, ThumbnailView
from .files import FileViewSet
from .uploads import ImageBatchView, ImagesView, UploadView

__all__ = ["ContentView", "FileViewSet", "ImageBatchView", "ImagesView", "ThumbnailView", "UploadView"]
