"""Encrypted columns under the newest key: rows are read and written again, a batch at a time.

It may run while the product serves: a row is written only if it is still as it was read, and what the
product writes meanwhile is under the newest key anyway. It may be stopped and begun again: what is done is
passed over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Cast

from .fields import EncryptedTextField, Undecipherable, decrypt, encrypt


@dataclass(kw_only=True)
class Column:
    """How an encrypted column stands.

    Attributes:
        old: values under an older key; after a rotation those that are still.
        lost: values that no key of `FIELD_KEYS` opens.
    """

    model: type[models.Model]
    name: str
    values: int = 0
    old: int = 0
    rotated: int = 0
    lost: int = 0

    def __str__(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"


def encrypted_columns(among: Iterable[type[models.Model]] | None = None) -> list[Column]:
    """Every encrypted column there is."""
    return [
        Column(model=model, name=column.name)
        for model in (apps.get_models() if among is None else among)
        for column in model._meta.local_concrete_fields
        if isinstance(column, EncryptedTextField)
    ]


def look_at(column: Column, *, rotate: bool, batch: int = 500) -> Iterator[Column]:
    """Count what of *column* is under which key, and with *rotate* put all under the newest.

    Gives the column, with its counts so far, after each *batch*, which is one transaction.
    """
    newest = Fernet(settings.FIELD_KEYS[0])
    rows = _stored(column).exclude(stored=None).exclude(stored="").order_by("pk")
    last: Any = None
    while found := list(
        (rows if last is None else rows.filter(pk__gt=last)).values_list("pk", "stored")[:batch]
    ):
        last = found[-1][0]
        with transaction.atomic():
            for pk, stored in found:
                column.values += 1
                if _opens(newest, stored):
                    continue
                try:
                    text = decrypt(stored)
                except Undecipherable:
                    column.lost += 1
                    continue
                if rotate and _replace(column, pk, stored, text):
                    column.rotated += 1
                else:
                    column.old += 1
        yield column


def _stored(column: Column) -> models.QuerySet[Any]:
    """Rows with what is in the database as `stored`, not what it says."""
    return column.model._base_manager.annotate(stored=Cast(column.name, models.TextField()))


def _replace(column: Column, pk: Any, stored: str, text: str) -> bool:
    value = models.Value(encrypt(text), output_field=models.TextField())
    unchanged = _stored(column).filter(pk=pk, stored=stored)
    changed = unchanged.update(**{column.name: value})
    # Otherwise somebody wrote it meanwhile: under the newest key, if they run with it.
    return bool(changed) or not _stored(column).filter(pk=pk, stored=stored).exists()


def _opens(key: Fernet, stored: str) -> bool:
    try:
        key.decrypt(stored.encode())
    except InvalidToken:
        return False
    return True
