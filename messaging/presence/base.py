"""What a store of presence does, and what goes in and out of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from messaging.models import Presence

State = Presence.State


class StoreAway(Exception):  # noqa: N818 (what is away is no error of ours)
    """Nobody knows who is here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One connection of somebody.

    Attributes:
        expires: when it is over if nobody writes it again.
        seen: when the person was last known to be at it.
    """

    user: UUID
    connection: str
    state: State
    expires: datetime
    seen: datetime


@dataclass(frozen=True)
class Here:
    """Somebody's connections together.

    Attributes:
        state: the strongest of those that are not over.
        seen: when they were last known to be at any; None if nothing is known of them.
        told: what others were told last; None if nothing, or that they are gone.
    """

    state: State = State.OFFLINE
    seen: datetime | None = None
    told: State | None = None


@dataclass(frozen=True)
class Claim:
    """Somebody is due to be looked at, and the claimer is to do it.

    Attributes:
        connection: the one whose time is over; None if something changed.
        until: when it goes to another, if the claimer has not released it.
    """

    user: UUID
    connection: str | None
    until: datetime


class Store(Protocol):
    """Entries, and a queue of people to look at. Each call is one or two round trips, however many it is for.

    Raises:
        StoreAway: from any of these.
    """

    def hold(self, entries: Sequence[Entry]) -> set[UUID]:
        """Write entries. Who they are of is due when an entry is over.

        Returns:
            Those of whom an entry was not there before.
        """
        ...

    def here(self, users: Iterable[UUID], *, at: datetime) -> dict[UUID, Here]:
        """How each of *users* is at this time."""
        ...

    def look_at(self, users: Iterable[UUID], *, at: datetime) -> None:
        """Have *users* be due at this time, or earlier if they are already."""
        ...

    def claim(self, *, at: datetime, until: datetime, limit: int) -> list[Claim]:
        """Take who is due at this time, the longest due first; nobody else gets them before *until*."""
        ...

    def tell(self, states: Mapping[UUID, State]) -> set[UUID]:
        """Note what others are being told. Of several at once one is answered.

        Returns:
            Those of whom it is news.
        """
        ...

    def release(self, claims: Sequence[Claim]) -> None:
        """These are looked at: what is over is forgotten, unless something came meanwhile."""
        ...


def strongest(states: Iterable[State]) -> State:
    return max(states, key=lambda state: Presence.STRENGTH[state], default=State.OFFLINE)
