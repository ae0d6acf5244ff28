"""Every write to files, a module a subject."""

from .claiming import claim, let_go, purge_unclaimed, purge_unnamed
from .deleting import delete_file
from .links import address_of, reader_of_link
from .pictures import make_missing_pictures, make_pictures
from .reading import open_stored, require_open, size_of_stored, thumbnail_for, visible_to
from .taking_in import take_in, take_in_pictures
from .telling import tell

__all__ = [
    "address_of",
    "claim",
    "delete_file",
    "let_go",
    "make_missing_pictures",
    "make_pictures",
    "open_stored",
    "purge_unclaimed",
    "purge_unnamed",
    "reader_of_link",
    "require_open",
    "size_of_stored",
    "take_in",
    "take_in_pictures",
    "tell",
    "thumbnail_for",
    "visible_to",
]
