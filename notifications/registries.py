"""What is added to notifications: filled from `AppConfig.ready`, of this app and of those above it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from django.utils.functional import Promise

from common.models import LogEntry

if TYPE_CHECKING:
    from .models import Delivery
    from .outcomes import Outcome


# Of people, those whom each of these entries of one kind of topic is for: members of the chat at its
# position, whose stream it is. Asked for many at once, in a few queries however many they are.
Hearers = Callable[[Sequence[LogEntry], Collection[UUID]], list[set[UUID]]]


class Send(Protocol):
    def __call__(self, delivery: Delivery) -> Outcome:
        """Try once to bring it to its target. In no transaction; what is raised counts as `again`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way to people.

    Attributes:
        backoff: how long after a failed attempt the next one comes; one more attempt than there are waits.
        per_target: how many attempts at one target may be under way at once.
        holds_back: whether what waits for a target that fails waits for its next attempt.
        gave_up: called, in the transaction that says so, with a delivery that is given up.
    """

    name: str
    label: str | Promise
    send: Send
    backoff: Sequence[timedelta]
    per_target: int = 4
    holds_back: bool = False
    gave_up: Callable[[Delivery], None] | None = None


channels: Final[dict[str, Channel]] = {}
bells: Final[list[Callable[[str], None]]] = []  # told that something is due by a channel, after the commit
hearers: Final[dict[str, Hearers]] = {}  # by kind of topic: `chat`, `user`


def own_stream(entries: Sequence[LogEntry], among: Collection[UUID]) -> list[set[UUID]]:
    """`Hearers` of topics `user:<id>`: the one whose stream it is."""
    people = {str(user): user for user in among}
    found = (people.get(entry.topic.partition(":")[2]) for entry in entries)
    return [{user} if user else set() for user in found]
