"""What apps above do when somebody signs up: filled from their `AppConfig.ready`.

It is done in the transaction that makes the account, so that neither is there without the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from .models import User


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """Somebody whose account was made just now.

    Attributes:
        accepts_terms: what they said of the terms.
        locales: the languages they want, the most wanted first.
    """

    user: User
    accepts_terms: bool
    address: str | None
    locales: Sequence[str]


welcomes: Final[list[Callable[[Newcomer], None]]] = []
