"""The staff console of files, a module a noun."""

from .files import FileAdmin
from .uploads import UploadAdmin

__all__ = ["FileAdmin", "UploadAdmin"]
