"""Files in the storage, none of which is left behind when no row names it any more.

A file can't be written and taken back with a transaction. So it begins as a `LooseFile`, in a transaction of
its own; the one that names it keeps it, and the one that names it no longer makes it loose again. Whatever
fails in between, a process or the storage, `purge_files` deletes what stayed loose.

There are two storages (`STORAGES`): what anybody may have who knows its name (`media.py`) is in `default`,
what is given to whom it is for, through a view, in `private`. No name is in both.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from .models import LooseFile
from .tasks import purge_files

DEFAULT: Final = "default"
PRIVATE: Final = "private"
DIRECT_FOR: Final = 60  # seconds that a bucket's own address is good for: a redirect is followed at once
KEPT_WITHIN: Final = timedelta(hours=1)  # from writing a file to the commit of who names it


def new_key() -> str:
    """The unguessable part of a name: 128 bits. Another one for another content, so that caches never ask."""
    return secrets.token_hex(16)


def write(files: Mapping[str, bytes | IO[bytes]], *, storage: str = DEFAULT) -> None:
    """Write files by name, loose at first. Before the transaction that keeps them, not in it.

    A file that is open is read from its beginning, a piece at a time.
    """
    due = timezone.now() + KEPT_WITHIN
    LooseFile.objects.bulk_create(LooseFile(name=name, storage=storage, due_at=due) for name in files)
    for name, content in files.items():
        storages[storage].save(name, ContentFile(content) if isinstance(content, bytes) else _Open(content))


def keep(names: Iterable[str]) -> None:
    """Hold files that were just written, in the transaction of the row that names them.

    Raises:
        RuntimeError: one of them is not loose, so it may be gone.
    """
    wanted = list(names)
    if LooseFile.objects.filter(name__in=wanted).delete()[0] != len(wanted):
        raise RuntimeError(f"not all of {wanted} were written and loose")


def let_go(names: Iterable[str], *, storage: str = DEFAULT) -> None:
    """Have files deleted after the commit of this transaction, which names them no longer."""
    loose = [LooseFile(name=name, storage=storage, due_at=timezone.now()) for name in names]
    if loose:
        LooseFile.objects.bulk_create(loose, ignore_conflicts=True)  # some may be waiting already
        transaction.on_commit(lambda: purge_files.delay(), robust=True)


class _Open(File):
    """A file of somebody else's, who closes it: a storage may close what it was given."""

    def close(self) -> None:
        pass


def direct_address(name: str, *, storage: str, type: str, disposition: str) -> str | None:
    """Where a bucket itself gives *name* out to whoever has the address, for a minute; None without a bucket.

    Args:
        type, disposition: the headers that it is given out with.
    """
    if not settings.S3_BUCKET:
        return None
    headers = {"ResponseContentType": type, "ResponseContentDisposition": disposition}
    bucket: Any = storages[storage]
    return str(bucket.url(name, parameters=headers, expire=DIRECT_FOR))
