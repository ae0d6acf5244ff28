"""How large files may be."""

from typing import Final

from django.conf import settings

from common import zips
from common.images import MAX_PIXELS
from common.sizes import characters

from .api.serializers import MAX_BATCH
from .models import File, Upload

SIZES: Final = {
    "file_bytes": settings.MAX_FILE_SIZE,
    "file_pixels": MAX_PIXELS,
    "file_name_characters": characters(File, "name"),
    "archive_entries": zips.MAX_ENTRIES,
    "archive_unpacked_bytes": zips.MAX_UNPACKED,
    "files_bytes": settings.FILES_QUOTA,
    "files_per_batch": MAX_BATCH,
    "upload_piece_bytes": Upload.PIECE,
    "uploads_open": Upload.MAX_OPEN,
}

# A form with files, and as much beside them as any body may have: several together are no larger than one.
LARGE_BODIES: Final = dict.fromkeys(
    ("files/upload", "files/images", "files/images/batch"), settings.MAX_FILE_SIZE + settings.MAX_BODY
) | {"files/uploads(/[^/]+)?": Upload.PIECE}  # what is no piece is held to `MAX_BODY` by whoever reads it
