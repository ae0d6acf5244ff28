"""What people can be told of: each app registers its kinds, whom they are for, and their words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.utils.functional import Promise

from common.models import LogEntry

from .reasons import Reason

if TYPE_CHECKING:
    from .models import Notification

# How much of a chat somebody wants to hear: a kind is told from its level on.
LEVELS: Final = ("none", "mentions", "all")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What somebody reads, in the language that is active.

    Attributes:
        path: of the page in the app that it leads to, from its root on.
    """

    title: str
    body: str = ""
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class Call:
    """Somebody whom an event concerns.

    Attributes:
        data: ids that the words are made of.
        topic: what it is part of, such as a chat.
        place, seq: where it is read, such as a thread, if not there, and at which position.
        collapse: what repeats are told together by, as long as the first is unread.
        muted_until: they want no sound of it until then.
        is_silent: whoever did it wants it to make no sound.
        refusal: why it is not for them after all; only where somebody asks.
    """

    kind: str
    user: UUID
    data: Mapping[str, Any]
    topic: str = ""
    place: str = ""
    seq: int | None = None
    collapse: str = ""
    muted_until: datetime | None = None
    is_silent: bool = False
    refusal: Reason | None = None


# Of each entry, who wants to know whether it is for them. None, for all of them: nobody does.
Asked = Sequence[Collection[UUID] | None]

# Whom each of these entries of one type concerns, in a few queries however many they are. Where people have
# asked, them alone, and then also where it is not for them, with the reason.
Caller = Callable[[Sequence[LogEntry], Asked], list[Sequence[Call]]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """
    Attributes:
        words: of these, in their order; None of what is not for its person any more.
        read: those of these that their people have read elsewhere by now.
        channels: by which it is told unless they choose otherwise.
        mandatory: by which it is told in any case.
        elsewhere: channels by which whoever tells of it sees to it: here there is nothing to do or choose.
        level: of a chat, from which on it is told; None: however little they want to hear.
        delays: how long a channel waits: who reads it by themselves needs no telling.
        is_urgent: it waits for nobody's morning.
    """

    name: str
    label: str | Promise
    words: Callable[[Sequence[Notification]], Sequence[Words | None]]
    read: Callable[[Sequence[Notification]], Collection[UUID]] = lambda _: ()
    channels: frozenset[str]
    mandatory: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    level: str | None = None
    delays: Mapping[str, timedelta] = field(default_factory=dict)
    is_urgent: bool = False


kinds: Final[dict[str, Kind]] = {}
callers: Final[dict[str, list[Caller]]] = {}  # by the type of their events

# Of entries of a type, what they say that somebody has read: who, which place, and up to which position.
Reading = Callable[[Sequence[LogEntry]], Sequence[tuple[UUID, str, int]]]
readings: Final[dict[str, Reading]] = {}


def register(kind: Kind) -> None:
    kinds[kind.name] = kind


def call(event: str, caller: Caller) -> None:
    """Have *caller* asked whom events of this type concern."""
    callers.setdefault(event, []).append(caller)
