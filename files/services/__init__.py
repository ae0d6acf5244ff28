"""Every write to files, a module a subject."""

from .claiming import claim, let_go, purge_unclaimed, purge_unnamed
from .deleting import delete_file
from .links import address_of, reader_of_link
from .pictures import make_missing_pictures, make_pictures
from .reading import open_stored, require_open, size_of_stored, thumbnail_for, visible_to
from .scanning import due_files, purge_quarantine, quarantine_file, release_file, rescan_file, scan_file
from .taking_in import require_room, take_in, take_in_pictures
from .telling import tell_of_change
from .uploads import (
    CHECKSUMS,
    Checksum,
    begin_direct_upload,
    begin_upload,
    complete_upload,
    missing_parts,
    purge_uploads,
    receive_piece,
    stop_upload,
)

__all__ = [
    "CHECKSUMS",
    "Checksum",
    "address_of",
    "begin_direct_upload",
    "begin_upload",
    "claim",
    "complete_upload",
    "delete_file",
    "due_files",
    "let_go",
    "make_missing_pictures",
    "make_pictures",
    "missing_parts",
    "open_stored",
    "purge_quarantine",
    "purge_unclaimed",
    "purge_unnamed",
    "purge_uploads",
    "quarantine_file",
    "reader_of_link",
    "receive_piece",
    "release_file",
    "require_open",
    "require_room",
    "rescan_file",
    "scan_file",
    "size_of_stored",
    "stop_upload",
    "take_in",
    "take_in_pictures",
    "tell_of_change",
    "thumbnail_for",
    "visible_to",
]
