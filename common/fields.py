"""Columns that are encrypted at rest: whoever gets the database, a backup or a replica can't read them."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.lookups import IsNull


class Undecipherable(Exception):  # noqa: N818 (it says what is so)
    """None of `FIELD_KEYS` opens what is stored."""


class EncryptedTextField(models.TextField):
    """Text, encrypted under the first of `FIELD_KEYS`, opened with any (Fernet: AES-128-CBC, HMAC-SHA256).

    It can't be searched or ordered by: the same text is stored differently each time. A column that must be
    found keeps a keyed hash beside it. Blank text stays blank, so that it tells by itself that there is none.
    """

    description = "Encrypted text"

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return encrypt(text) if text else text

    def from_db_value(self, value: str | None, *args: object) -> str | None:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: it can't be asked for with {lookup_name!r}.")
        return IsNull


def encrypt(text: str) -> str:
    return _keys(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """What was encrypted, under whichever of the keys.

    Raises:
        Undecipherable: under none of them.
    """
    try:
        return _keys(tuple(settings.FIELD_KEYS)).decrypt(stored.encode()).decode()
    except InvalidToken:
        raise Undecipherable("None of FIELD_KEYS opens this: is an older key missing?") from None


@lru_cache(maxsize=8)
def _keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
