"""Telling of a file about which more is known."""

from functools import partial

from django.db import transaction

from common.events import emit
from files import registries
from files.events import FileUpdated
from files.models import File


def tell_of_change(file: File) -> None:
    """Tell of a change to *file*, in its transaction; whoever uses it hears of it after the commit.

    After it, not in it: they take locks of their own, such as a chat's, which come before a file's.

    Emits `FileUpdated` to its owner.
    """
    emit(FileUpdated(file=file.pk), audience=[file.owner_id])
    for hears in registries.changed:
        transaction.on_commit(partial(hears, file.pk), robust=True)
