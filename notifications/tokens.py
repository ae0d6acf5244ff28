"""What the links of our mails hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core import signing

_UNSUBSCRIBING: Final = "notifications.unsubscribe"


@dataclass(frozen=True)
class Unsubscribing:
    user: UUID
    kind: str


def make_unsubscribing(*, user: UUID, kind: str) -> str:
    """What turns mails of *kind* to *user* off, and on again, without signing in. It is good for ever: so are mails.

    It names no address, and opens nothing else.
    """
    return signing.dumps({"user": str(user), "kind": kind}, salt=_UNSUBSCRIBING)


def read_unsubscribing(token: str) -> Unsubscribing | None:
    """None where it is not of ours."""
    try:
        given = signing.loads(token, salt=_UNSUBSCRIBING)
        return Unsubscribing(user=UUID(given["user"]), kind=given["kind"])
    except (signing.BadSignature, KeyError, ValueError, TypeError):
        return None
