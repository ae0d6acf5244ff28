"""Files that come in pieces (tus 1.0.0, https://tus.io/protocols/resumable-upload).

A piece is written as a file of its own, then counted: of two that come for the same place one is counted, and
the other is told so. No lock is held meanwhile, so none is left behind by a process that dies. The last piece
is counted in the transaction that makes the file: whoever hears that all has come has a file.
"""

import hashlib
import hmac
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, cast

import structlog
from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common import storage
from common.problems import BodyTooLarge, Invalid
from files.models import File, Upload, UploadPiece
from files.problems import (
    ChecksumMismatch,
    TooManyUploads,
    UploadClosed,
    UploadInTooManyPieces,
    UploadOffsetConflict,
)
from files.providers import buckets

from .naming import plain_name
from .taking_in import require_room, take_in

CHECKSUMS: Final = ("sha1", "sha256")
PORTION: Final = 500  # uploads of one purge

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Checksum:
    """What a piece must come to.

    Attributes:
        algorithm: one of `CHECKSUMS`.
    """

    algorithm: str
    digest: bytes

    def fits(self, content: bytes) -> bool:
        return hmac.compare_digest(hashlib.new(self.algorithm, content).digest(), self.digest)


def begin_upload(*, owner: User, size: int, name: str = "", purpose: str = "", metadata: str = "") -> Upload:
    """Open a way for a file of *size* bytes.

    Args:
        metadata: as the client sent it, to be given back.

    Raises:
        BodyTooLarge: it has more than `MAX_FILE_SIZE` bytes.
        Invalid: of `size`: `empty`.
        QuotaExceeded: there is no room for it.
        TooManyUploads: `Upload.MAX_OPEN` are open.
    """
    return _begin(owner=owner, size=size, name=name, purpose=purpose, metadata=metadata)


def receive_piece(*, upload: Upload, offset: int, content: bytes, checksum: Checksum | None = None) -> Upload:
    """Take the piece of *upload* that begins at *offset*; with the last one the file is taken in.

    Not within a transaction, as `take_in`.

    Raises:
        UploadOffsetConflict: as much hasn't come yet, or more has.
        UploadClosed: it is over, or goes another way.
        BodyTooLarge: it is larger than a piece may be, or than what is missing.
        ChecksumMismatch: it isn't what was sent.
        UploadInTooManyPieces: there are `Upload.MAX_PIECES`.
        Invalid, QuotaExceeded: the file isn't taken, see `take_in`. After `Invalid` the upload is over.
    """
    _require_open(upload, is_direct=False)
    if offset != upload.offset:
        raise UploadOffsetConflict(offset=upload.offset)
    if len(content) > (most := min(Upload.PIECE, upload.size - offset)):
        raise BodyTooLarge(limit=most)
    if checksum and not checksum.fits(content):
        raise ChecksumMismatch
    if not content:
        return upload
    if offset + len(content) == upload.size:
        with _whole(upload, content) as whole:
            _take_in(upload, offset, whole)
    else:
        stored = f"uploads/{storage.new_key()}"
        storage.write({stored: content}, storage=storage.PRIVATE)
        _count(upload, offset, size=len(content), stored=stored)
    upload.refresh_from_db()
    return upload


def begin_direct_upload(*, owner: User, size: int, name: str, purpose: str = "") -> Upload:
    """Open a way for a file of *size* bytes straight to the bucket, in parts of `Upload.PIECE` bytes.

    Raises:
        ProviderNotConfigured: files are in a folder here.
        BodyTooLarge, Invalid, QuotaExceeded, TooManyUploads: as `begin_upload`.
    """
    bucket = buckets.bucket()
    stored = f"uploads/{storage.new_key()}"
    upload = _begin(owner=owner, size=size, name=name, purpose=purpose, is_direct=True, stored=stored)
    # After its row: what the bucket opens and we have no name for would stay there for ever.
    upload.multipart = bucket.begin(stored)
    upload.save(update_fields=["multipart"])
    return upload


def missing_parts(*, upload: Upload) -> list[buckets.Part]:
    """What the bucket doesn't have of a direct upload, each with an address for it; none once it is over."""
    if upload.state != Upload.State.OPEN or not upload.is_direct:
        return []
    bucket = buckets.bucket()
    there = bucket.parts(upload.stored, upload.multipart)
    return [
        buckets.Part(
            number=number,
            size=upload.part_size(number),
            url=bucket.address(upload.stored, upload.multipart, number, upload.part_size(number)),
        )
        for number in range(1, upload.part_count + 1)
        if there.get(number, ("", 0))[1] != upload.part_size(number)
    ]


def complete_upload(*, upload: Upload, tags: dict[int, str]) -> Upload:
    """Put the parts of a direct upload together, and take the file in. Twice is once.

    Not within a transaction, as `take_in`.

    Args:
        tags: what the bucket answered to each part: its `ETag`, by number. Empty: what the bucket has.

    Raises:
        Invalid: of `parts`: `missing`, `mismatch`; of `file` as `take_in`, and then the upload is over.
        UploadClosed: it is over, or goes another way.
        QuotaExceeded: there is no room any more.
    """
    if upload.state == Upload.State.DONE:
        return upload
    _require_open(upload, is_direct=True)
    bucket = buckets.bucket()
    try:
        if not bucket.has(upload.stored):  # else it was put together before, and what came then failed
            _put_together(bucket, upload, tags)
        with _scratch() as whole:
            bucket.fetch(upload.stored, whole)
            _take_in(upload, 0, whole)
    except (Invalid, UploadOffsetConflict, FileNotFoundError) as refusal:
        upload.refresh_from_db()
        if upload.state != Upload.State.DONE:  # by another call, in the same moment
            raise refusal if isinstance(refusal, Invalid) else UploadClosed() from None
    upload.refresh_from_db()
    return upload


def stop_upload(*, upload: Upload) -> None:
    """Forget an upload and what came of it. The file that it became stays."""
    if upload.is_direct and upload.state == Upload.State.OPEN:
        buckets.bucket().stop(upload.stored, upload.multipart)  # before its row: else nobody would know of it
    with transaction.atomic():
        row = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if row:
            _let_go(row)
            row.delete()


def purge_uploads() -> int:
    """Forget uploads whose time is over. How many, at most `PORTION`."""
    purged = 0
    for upload in Upload.objects.expired(at=timezone.now())[:PORTION]:
        try:
            stop_upload(upload=upload)
        except Exception:  # whatever a bucket calls its faults: it is tried again
            logger.warning("upload_not_stopped", upload=str(upload.pk), exc_info=True)
            continue
        purged += 1
    return purged


def _put_together(bucket: buckets.Bucket, upload: Upload, tags: dict[int, str]) -> None:
    there = bucket.parts(upload.stored, upload.multipart)
    if not there and bucket.has(upload.stored):  # put together by another call, in the same moment
        return
    for number in range(1, upload.part_count + 1):
        tag, size = there.get(number, ("", 0))
        if size != upload.part_size(number):
            raise Invalid.field("parts", "missing", f"Part {number} is not there as a whole.")
        if tags and tags.get(number, "").strip('"') != tag.strip('"'):
            raise Invalid.field("parts", "mismatch", f"Part {number} is not the one that was sent.")
    bucket.complete(upload.stored, upload.multipart, {number: tag for number, (tag, _) in there.items()})


@transaction.atomic
def _begin(*, owner: User, size: int, name: str, **more: object) -> Upload:
    if size > settings.MAX_FILE_SIZE:
        raise BodyTooLarge(limit=settings.MAX_FILE_SIZE)
    if size < 1:
        raise Invalid.field("size", "empty", "The file is empty.")
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # one of theirs at a time is counted
    if Upload.objects.of(owner).open().count() >= Upload.MAX_OPEN:
        raise TooManyUploads(limit=Upload.MAX_OPEN)
    require_room(owner, size)
    return Upload.objects.create(
        owner=owner,
        size=size,
        name=plain_name(name) if name else "",
        expires_at=timezone.now() + Upload.LIFETIME,
        **more,
    )


def _require_open(upload: Upload, *, is_direct: bool) -> None:
    if upload.is_direct != is_direct:
        raise UploadClosed
    if upload.state == Upload.State.FAILED or upload.expires_at <= timezone.now():
        raise UploadClosed
    if upload.state == Upload.State.DONE and is_direct:
        raise UploadClosed


@transaction.atomic
def _count(upload: Upload, offset: int, *, size: int, stored: str) -> None:
    now = timezone.now()
    moved = Upload.objects.open().filter(pk=upload.pk, offset=offset)
    if not moved.update(offset=offset + size, expires_at=now + Upload.LIFETIME):
        raise _conflict(upload)
    if upload.pieces.count() >= Upload.MAX_PIECES:
        raise UploadInTooManyPieces(limit=Upload.MAX_PIECES)
    storage.keep([stored])
    UploadPiece.objects.create(upload=upload, offset=offset, size=size, stored=stored)


def _take_in(upload: Upload, offset: int, whole: BinaryIO) -> None:
    try:
        take_in(
            owner=upload.owner,
            name=upload.name,
            content=whole,
            purpose=upload.purpose,
            also=partial(_fulfil, upload, offset),
        )
    except Invalid as refusal:
        _fail(upload, offset, refusal)
        raise


def _fulfil(upload: Upload, offset: int, file: File) -> None:
    """In the transaction that makes the file: the upload is done, or the file is not made."""
    mine = Upload.objects.open().filter(pk=upload.pk, offset=offset)
    if not mine.update(offset=upload.size, state=Upload.State.DONE, file=file):
        raise _conflict(upload)
    _let_go(upload)


@transaction.atomic
def _fail(upload: Upload, offset: int, refusal: Invalid) -> None:
    code = refusal.errors[0]["code"] if refusal.errors else refusal.code
    failed = Upload.objects.open().filter(pk=upload.pk, offset=offset)
    if failed.update(state=Upload.State.FAILED, error=code):
        _let_go(upload)


def _conflict(upload: Upload) -> UploadOffsetConflict | UploadClosed:
    offset = Upload.objects.filter(pk=upload.pk).values_list("offset", flat=True).first()
    return UploadClosed() if offset is None else UploadOffsetConflict(offset=offset)


def _let_go(upload: Upload) -> None:
    """Have what came of it deleted."""
    loose = list(upload.pieces.values_list("stored", flat=True))
    upload.pieces.all().delete()
    if upload.stored:
        loose.append(upload.stored)
        Upload.objects.filter(pk=upload.pk).update(stored="", multipart="")
    storage.let_go(loose, storage=storage.PRIVATE)


@contextmanager
def _whole(upload: Upload, last: bytes) -> Iterator[BinaryIO]:
    """All that came of *upload*, with its *last* piece, as one file on this machine."""
    with _scratch() as whole:
        with suppress(FileNotFoundError):
            for stored in upload.pieces.values_list("stored", flat=True):
                with storages[storage.PRIVATE].open(stored) as piece:
                    shutil.copyfileobj(piece, whole)
        if whole.tell() != upload.offset:  # another last piece came at once, was quicker, and let go of these
            raise _conflict(upload)
        whole.write(last)
        whole.seek(0)
        yield whole


@contextmanager
def _scratch() -> Iterator[BinaryIO]:
    """A file that nobody else sees, and that is gone with this process."""
    folder = Path(settings.WORK_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as scratch:
        yield cast(BinaryIO, scratch)
