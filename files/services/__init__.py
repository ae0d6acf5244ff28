"""Every write to files, a module a subject."""

from .deleting import delete_file
from .links import address_of, reader_of_link
from .reading import open_stored, require_open, size_of_stored, thumbnail_for, visible_to
from .taking_in import take_in, take_in_pictures

__all__ = [
    "address_of",
    "delete_file",
    "open_stored",
    "reader_of_link",
    "require_open",
    "size_of_stored",
    "take_in",
    "take_in_pictures",
    "thumbnail_for",
    "visible_to",
]
