"""What happened: typed events, the two logs they are kept in, and who is told.

A service calls `emit` once, in the transaction of the change. The log rows are the truth; what listeners
hear after the commit is only the bell, and may be lost with its process.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from .models import LogEntry, UserPosition

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, in the past tense. Its fields are ids, marks and times, never content."""

    type: ClassVar[str]
    public: ClassVar[bool] = False  # may leave as a webhook

    @property
    def topic(self) -> str | None:
        """Where everyone in it hears of this, such as a chat's; None where it is for an audience alone."""
        return None

    @property
    def position(self) -> int | None:
        """Its place in the topic's log, taken under that topic's own lock; None: told now, kept nowhere."""
        return None

    def data(self) -> dict[str, Any]:
        """The fields as JSON holds them, without what the topic and the position say already."""
        return {name: _plain(getattr(self, name)) for name in _fields_of(type(self))}  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the bell says: this happened in this topic.

    Attributes:
        seq: its position in the topic's log, or None where it is not kept (a mark moved, somebody types).
        hidden_from: people in the topic who do not hear it; never of what is kept.
        subject: what it is about, where this process has it at hand and whole; goes to no other.
    """

    topic: str
    seq: int | None
    type: str
    data: dict[str, Any]
    at: datetime
    hidden_from: frozenset[str] = frozenset()
    subject: Any = None


Listener = Callable[[list[Told]], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Have *listener* called after each commit that emitted something. It must be quick."""
    if listener not in _listeners:
        _listeners.append(listener)


def topic_of_user(user: UUID) -> str:
    return f"user:{user}"


def emit(event: Event, *, audience: Iterable[UUID] = (), hidden_from: Iterable[UUID] = ()) -> None:
    """Tell of *event*, if and when the transaction commits.

    Args:
        audience: people who get it in their own stream, each under a new `user_seq`.
        hidden_from: people in its topic who don't hear it. Only of what stands in no log: a log has no gap.

    Raises:
        RuntimeError: outside the transaction that makes the change.
        ValueError: somebody is not to hear what they can read in the log.
    """
    hidden = frozenset(str(user) for user in hidden_from)
    if hidden and event.position is not None:
        raise ValueError(f"{event.type} is kept for everybody")
    _require_transaction(event)
    places = [(event.topic, event.position)] if event.topic else []
    places += [(topic_of_user(user), position) for user, position in _next_positions(set(audience)).items()]
    data, at = event.data(), timezone.now()
    told = [
        Told(topic=place, seq=position, type=event.type, data=data, at=at, hidden_from=hidden)
        for place, position in places
    ]
    _keep_and_tell(told)


def emit_to_each(events: Sequence[tuple[Event, UUID]]) -> None:
    """Tell of each in one person's own stream, as `emit` would: in a few statements however many they are.

    Raises:
        RuntimeError: outside the transaction that makes the changes.
    """
    if not events:
        return
    _require_transaction(events[0][0])
    positions = _take_positions(Counter(user for _, user in events))
    at = timezone.now()
    told = []
    for event, user in events:
        told.append(
            Told(topic=topic_of_user(user), seq=positions[user], type=event.type, data=event.data(), at=at)
        )
        positions[user] += 1
    _keep_and_tell(told)


def emit_each(
    events: Sequence[Event], subjects: Sequence[Any], *, keep: Callable[..., None] = LogEntry.objects.keep
) -> None:
    """Tell of *events*, each in its topic alone, if and when the transaction commits.

    Args:
        subjects: what each is about, if whoever hears it here need not look it up; else None.
        keep: writes the entries, as `log`, perhaps with what else is to be written.

    Raises:
        RuntimeError: outside the transaction that makes the changes.
    """
    if events:
        _require_transaction(events[0])
    at = timezone.now()
    told = []
    for event, subject in zip(events, subjects, strict=True):
        if event.topic:
            told.append(
                Told(
                    topic=event.topic,
                    seq=event.position,
                    type=event.type,
                    data=event.data(),
                    at=at,
                    subject=subject,
                )
            )
    _keep_and_tell(told, keep)


def _require_transaction(event: Event) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{event.type} emitted outside a transaction")


def _keep_and_tell(told: list[Told], keep: Callable[..., None] = LogEntry.objects.keep) -> None:
    keep(
        log=[
            {"topic": each.topic, "seq": each.seq, "type": each.type, "data": each.data, "at": each.at}
            for each in told
            if each.seq is not None
        ]
    )
    # A function, not a partial: where it fails, Django names it in the log.
    transaction.on_commit(lambda: _tell(told), robust=True)


def pass_by(event: Event, *, hidden_from: Iterable[UUID] = ()) -> None:
    """Tell of what is of this moment alone: now, or when the transaction around it commits. Writes nothing.

    Args:
        hidden_from: people in its topic who don't hear it.

    Raises:
        ValueError: it has no topic to be told in, or a position to be kept at.
    """
    if event.topic is None or event.position is not None:
        raise ValueError(f"{event.type} is not of the moment")
    hidden = frozenset(str(user) for user in hidden_from)
    told = Told(
        topic=event.topic,
        seq=None,
        type=event.type,
        data=event.data(),
        at=timezone.now(),
        hidden_from=hidden,
    )
    transaction.on_commit(lambda: _tell([told]), robust=True)


def _next_positions(users: set[UUID]) -> dict[UUID, int]:
    """A new position in the stream of each of *users*."""
    return _take_positions(dict.fromkeys(users, 1)) if users else {}


def _take_positions(wanted: Mapping[UUID, int]) -> dict[UUID, int]:
    """So many positions in the stream of each, their counters locked in one order for everybody.

    Returns:
        The first of them.
    """
    UserPosition.objects.bulk_create(
        [UserPosition(user=user) for user in sorted(wanted)], ignore_conflicts=True
    )
    rows = UserPosition.objects.filter(user__in=wanted)
    positions = {row.user: row.seq + 1 for row in rows.select_for_update().order_by("user")}
    for count in sorted(set(wanted.values())):  # nearly always the same for all of them
        users = [user for user, each in wanted.items() if each == count]
        rows.filter(user__in=users).update(seq=F("seq") + count)
    return positions


@cache
def _fields_of(event: Any) -> list[str]:
    return [field.name for field in fields(event)]


def _tell(told: list[Told]) -> None:
    for listener in _listeners:
        listener(told)


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in value]
        case _:
            return value
