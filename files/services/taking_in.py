"""The one way in for files, whichever door they come through."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import IO

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common import storage
from common.images import dimensions
from common.metadata import Unreadable, without_metadata
from common.problems import BodyTooLarge, Invalid
from common.sniffing import Kind, kind_of
from files import registries
from files.models import File
from files.problems import QuotaExceeded

from .deleting import delete_file
from .media import order_look
from .naming import plain_name


def take_in(
    *,
    owner: User,
    name: str,
    content: IO[bytes],
    purpose: str = "",
    only: str | None = None,
    field: str = "file",
    also: Callable[[File], None] | None = None,
) -> File:
    """Keep *content*, which can be wound back, as a file of *owner*.

    Not within a transaction: the bytes are written first, and are gone again where theirs is rolled back.

    Args:
        name: as its sender calls it. Its ending must be one of the content's; without one is fine.
        purpose: what its sender says it is for.
        only: the kind that it must be of, if not any.
        field: that a refusal names.
        also: called with the file in the transaction that makes it: what it raises takes the file back.

    Returns:
        The file. A picture is without metadata, see `without_metadata`. Its `scan` is `pending` where
        somebody looks for viruses, and `skipped` where nobody does.

    Raises:
        BodyTooLarge: it has more than `MAX_FILE_SIZE` bytes.
        Invalid: `empty`, `wrong_type`, `wrong_ending`, `unsafe_archive`, `not_a_picture`, `too_many_pixels`.
        QuotaExceeded: with it the owner's files would take more than `FILES_QUOTA` bytes.
    """
    size = content.seek(0, 2)
    if size > settings.MAX_FILE_SIZE:
        raise BodyTooLarge(limit=settings.MAX_FILE_SIZE)
    if not size:
        raise Invalid.field(field, "empty", _("The file is empty."))
    require_room(owner, size)  # before it is read as a whole; it is asked again under the lock
    called = plain_name(name)
    kind = kind_of(content, name=called, field=field)
    if only and kind.group != only:
        raise Invalid.field(field, "wrong_type", _("Files of this kind are not taken here."))
    width = height = None
    if kind.group == "image":
        width, height = dimensions(content, field=field)
        content = _plain(content, kind, field)
        size = content.seek(0, 2)
    key = storage.new_key()
    stored = f"files/{key[:2]}/{key}"
    content.seek(0)
    storage.write({stored: content}, storage=storage.PRIVATE)
    return _keep(
        owner=owner,
        kind=kind,
        name=called,
        size=size,
        purpose=purpose,
        stored=stored,
        width=width,
        height=height,
        also=also,
    )


def take_in_pictures(*, owner: User, files: Sequence[tuple[str, IO[bytes]]], purpose: str = "") -> list[File]:
    """Keep all of these pictures (names and contents), or none of them.

    Not within a transaction, and refused as `take_in` does; `Invalid` names the field `files.<number>`.
    """
    taken: list[File] = []
    try:
        for number, (name, content) in enumerate(files):
            taken.append(
                take_in(
                    owner=owner,
                    name=name,
                    content=content,
                    purpose=purpose,
                    only=File.Kind.IMAGE,
                    field=f"files.{number}",
                )
            )
    except BaseException:
        for file in taken:
            delete_file(actor=owner, file=file)
        raise
    return taken


@transaction.atomic
def _keep(
    *,
    owner: User,
    kind: Kind,
    size: int,
    stored: str,
    also: Callable[[File], None] | None,
    **more: object,
) -> File:
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # one file of theirs at a time is counted
    require_room(owner, size)
    storage.keep([stored])
    file = File.objects.create(
        owner=owner,
        type=kind.type,
        kind=kind.group,
        size=size,
        stored=stored,
        scan=File.Scan.PENDING if settings.CLAMAV_URL else File.Scan.SKIPPED,
        **more,
    )
    order_look(file)
    if also:
        also(file)
    transaction.on_commit(lambda: _ring(file), robust=True)
    return file


def _plain(content: IO[bytes], kind: Kind, field: str) -> IO[bytes]:
    """A picture without what says where and by whom it was taken: whoever gets it gets it so."""
    content.seek(0)
    try:
        return BytesIO(without_metadata(content.read(), kind.type))
    except Unreadable:
        raise Invalid.field(field, "not_a_picture", _("This picture is damaged.")) from None


def require_room(owner: User, size: int) -> None:
    """Refuse what would go beyond the owner's quota.

    Raises:
        QuotaExceeded
    """
    used, limit = File.objects.bytes_of(owner), settings.FILES_QUOTA
    if used + size > limit:
        raise QuotaExceeded(limit=limit, used=used)


def _ring(file: File) -> None:
    for bell in registries.arrived:
        bell(file.pk)
