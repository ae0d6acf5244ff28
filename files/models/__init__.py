"""What people upload: a module a noun."""

from .files import File, FileQuerySet

__all__ = ["File", "FileQuerySet"]
