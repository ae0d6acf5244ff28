"""What is added to notifications: filled from `AppConfig.ready`, of this app and of those above it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from common.models import LogEntry

if TYPE_CHECKING:
    from .models import Delivery
    from .outcomes import Outcome


# Of people, those whom each of these entries of one kind of topic is for: members of the chat at its
# position, whose stream it is. Asked for many at once, in a few queries however many they are.
Hearers = Callable[[Sequence[LogEntry], Collection[UUID]], list[set[UUID]]]


# Of each of these people the places where something is unread for them that no notification need stand for,
# by the names under which notifications say where they are read; without what they want to hear nothing of.
Unread = Callable[[Collection[UUID]], Mapping[UUID, Collection[str]]]


class Shipment(ABC):
    """One delivery, ready to leave."""

    @abstractmethod
    def send(self) -> Outcome:
        """Try once to bring it to its target. In a thread of its own, without the database; what is raised
        counts as `again`.
        """

    def settle(self, outcome: Outcome) -> None:  # noqa: B027 (most have nothing to settle)
        """What follows of *outcome* for its target. In no transaction, before the outcome is written down."""


# Of deliveries that a channel is to bring now, what leaves, or why nothing does: in their order, and in a few
# queries however many they are. In no transaction; what is raised counts as `again`.
Pack = Callable[[Sequence["Delivery"]], "Sequence[Shipment | Outcome]"]


@dataclass(frozen=True)
class Target:
    """Where a channel reaches somebody.

    Attributes:
        id: the channel's own name for it; empty where there is one for each person.
        timezone: whose clock its quiet hours go by, if not the person's.
    """

    id: str = ""
    timezone: str = ""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way to people.

    Attributes:
        targets: where it reaches each of these people; who is missing it doesn't reach.
        people: the ids of all whom it reaches, for a query; of loud ones.
        pack: None where the row itself is the delivery, as in the app.
        is_loud: it rings somewhere: quiet hours and mutes are about it.
        is_digested: what isn't urgent may be told together.
        backoff: how long after a failed attempt the next one comes; one more attempt than there are waits.
        lease: longer than the worst attempt takes: if nothing came of it by then, its worker is dead.
        at_once: how many attempts one run has under way: most of their time they wait.
        per_target: how many attempts at one target may be under way at once.
        holds_back: whether what waits for a target that fails waits for its next attempt.
        is_by_event: other consumers bring it; here it is whether somebody wants it, as they do unless they
            say no: they have a receiver for it.
        clears: what it told is taken back there once it was read elsewhere.
        gave_up: called, in the transaction that says so, with a delivery that is given up.
    """

    name: str
    label: str | Promise
    targets: Callable[[Collection[UUID]], Mapping[UUID, Sequence[Target]]] = lambda _: {}
    people: Callable[[], QuerySet[Any, Any]] | None = None
    pack: Pack | None = None
    backoff: Sequence[timedelta] = ()
    is_loud: bool = False
    is_digested: bool = False
    is_by_event: bool = False
    clears: bool = False
    lease: timedelta = timedelta(seconds=60)
    at_once: int = 8
    per_target: int = 4
    holds_back: bool = False
    gave_up: Callable[[Delivery], None] | None = None


channels: Final[dict[str, Channel]] = {}
# Told after the commit that something is due by a channel: now, or at that time, which is soon.
bells: Final[list[Callable[[str, datetime | None], None]]] = []
unread: Final[list[Unread]] = []  # beside notifications, for the number on an app's icon
hearers: Final[dict[str, Hearers]] = {}  # by kind of topic: `chat`, `user`


def rung(field: str) -> Q:
    """Rows whose *field* is somebody whom a loud channel reaches: of a thousand people in a chat a few."""
    found = Q(pk__in=[])
    for channel in channels.values():
        if channel.is_loud and channel.people:
            found |= Q(**{f"{field}__in": channel.people()})
    return found


def own_stream(entries: Sequence[LogEntry], among: Collection[UUID]) -> list[set[UUID]]:
    """`Hearers` of topics `user:<id>`: the one whose stream it is."""
    people = {str(user): user for user in among}
    found = (people.get(entry.topic.partition(":")[2]) for entry in entries)
    return [{user} if user else set() for user in found]
