"""How pictures are shown: smaller ones of them, written anew, and what stands in their place meanwhile."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from common import storage
from common.images import fitted_webps
from common.problems import Invalid
from files.models import THUMBNAILS, File

from .telling import tell_of_change

PORTION: Final = 50  # files of one run of what was left behind
LEFT_BEHIND: Final = timedelta(minutes=5)  # after which no worker is still at it


def make_pictures(*, file: UUID) -> bool:
    """Make the thumbnails of a picture. Safe to repeat, and to run twice at once: False where nothing is new.

    Not within a transaction: the pictures are written first, and are gone again where nobody keeps them.

    Emits `FileUpdated` to its owner.
    """
    row = File.objects.unpictured().filter(pk=file).first()
    if row is None:
        return False
    sizes = sizes_of(max(row.width or 0, row.height or 0))
    try:
        with storages[storage.PRIVATE].open(row.stored) as content:
            pictures, blurhash = fitted_webps(content, field="file", sizes=sizes)
    except (Invalid, FileNotFoundError):  # its head was fine, the rest is not; or it was just deleted
        pictures, blurhash = {}, ""
    key = storage.new_key()  # of this run: who comes too late takes back its own
    row.pictures = f"pictures/{key[:2]}/{key}"
    storage.write(
        {row.thumbnail(size): picture for size, picture in pictures.items()}, storage=storage.PRIVATE
    )
    return _show(row, sorted(pictures), blurhash)


def sizes_of(longer: int) -> list[int]:
    """Those of `THUMBNAILS` that a picture of *longer* pixels fills, and the next one above."""
    return [size for size, below in zip(THUMBNAILS, (0, *THUMBNAILS), strict=False) if longer > below]


def make_missing_pictures() -> int:
    """What `make_pictures` was to do a while ago. Gives how many were looked at, at most `PORTION`."""
    left = File.objects.unpictured().filter(created_at__lt=timezone.now() - LEFT_BEHIND)
    return sum(make_pictures(file=pk) for pk in list(left.values_list("pk", flat=True)[:PORTION]))


@transaction.atomic
def _show(file: File, sizes: list[int], blurhash: str) -> bool:
    locked = File.objects.unpictured().select_for_update().filter(pk=file.pk).first()
    if locked is None:
        return False
    storage.keep(file.thumbnail(size) for size in sizes)
    locked.pictures, locked.thumbnails, locked.blurhash = file.pictures, sizes, blurhash
    locked.pictured_at = timezone.now()
    locked.save(update_fields=["pictures", "thumbnails", "blurhash", "pictured_at"])
    tell_of_change(locked)
    return True
