"""What the links of our mails hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core import signing

_UNSUBSCRIBING: Final = "notifications.unsubscribe"
_TAKING_BACK: Final = "notifications.take-back"


@dataclass(frozen=True)
class Unsubscribing:
    user: UUID
    kind: str


def make_unsubscribing(*, user: UUID, kind: str) -> str:
    """What turns mails of *kind* to *user* off without signing in; `*` is every kind.

    It is good for ever, as mails are; it names no address, and opens nothing else.
    """
    return signing.dumps({"user": str(user), "kind": kind}, salt=_UNSUBSCRIBING)


def read_unsubscribing(token: str) -> Unsubscribing | None:
    """None where it is not of ours."""
    try:
        given = signing.loads(token, salt=_UNSUBSCRIBING)
        return Unsubscribing(user=UUID(given["user"]), kind=given["kind"])
    except (signing.BadSignature, KeyError, ValueError, TypeError):
        return None


def make_taking_back(*, user: UUID, kinds: Sequence[str]) -> str:
    """What turns mails of these kinds on again that were turned off a moment ago."""
    return signing.dumps({"user": str(user), "kinds": list(kinds)}, salt=_TAKING_BACK)


def read_taking_back(token: str, *, user: UUID) -> list[str]:
    """The kinds; none where it is not of ours, or another person's."""
    try:
        given = signing.loads(token, salt=_TAKING_BACK)
        return list(given["kinds"]) if given["user"] == str(user) else []
    except (signing.BadSignature, KeyError, ValueError, TypeError):
        return []
