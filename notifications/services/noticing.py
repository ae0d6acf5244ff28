"""What happened becomes what people are told: the consumer of the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from common.events import Event, emit_to_each
from common.models import LogEntry
from notifications.events import NotificationCreated, NotificationUpdated
from notifications.kinds import Call, Kind, callers, kinds, readings
from notifications.models import Delivery, Digest, DigestItem, Notification
from notifications.registries import channels

from .deciding import Decision, Way, decide
from .delivering import ring
from .minds import Minds
from .reading import note_read

SOON: Final = timedelta(seconds=10)  # what is due later the clock finds early enough


@dataclass(frozen=True)
class Heard:
    """A call, and what in the log it came of."""

    call: Call
    source: str
    at: datetime


def notice(entries: Sequence[LogEntry]) -> None:
    """Tell whoever these concern, as each of them wants it; and note what they say was read.

    `common.relay.consumers.Consumer`: the relay's cursor moves in the same transaction.
    """
    by_type: dict[str, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        if entry.type in callers or entry.type in readings:
            by_type[entry.type].append(entry)
    heard = [each for type_, group in by_type.items() for each in _calls(type_, group)]
    if heard:
        tell(heard)
    for type_, group in by_type.items():
        if type_ in readings:
            note_read(readings[type_](group))


def _calls(type_: str, entries: Sequence[LogEntry]) -> Iterable[Heard]:
    for caller in callers.get(type_, ()):
        for entry, calls in zip(entries, caller(entries, [None] * len(entries)), strict=True):
            for call in calls:
                yield Heard(call, source_of(entry), entry.at)


def source_of(entry: LogEntry) -> str:
    """The place of an entry in the log."""
    return f"{entry.topic} {entry.seq}"


def tell(heard: Sequence[Heard]) -> None:
    """Write what these people are told, and what is to be brought to them."""
    now = timezone.now()
    ways = list(channels.values())
    minds = Minds({each.call.user for each in heard}, {each.call.topic for each in heard}, ways)
    teller = _Teller(heard, now)
    for each in heard:
        kind = kinds[each.call.kind]
        wants = minds.of(each.call.user, each.call.topic)
        if wants is None:
            continue
        decision = decide(
            call=each.call,
            kind=kind,
            wants=wants,
            ways=ways,
            targets=minds.targets_of(each.call.user),
            at=now,
        )
        if decision.is_listed or decision.ways:
            teller.take(each, kind, decision)
    teller.write()


class _Teller:
    """Gathers what is to be written, so that it takes a few statements however much it is."""

    def __init__(self, heard: Sequence[Heard], now: datetime) -> None:
        self._now = now
        self._open = self._open_ones(heard)
        self._new: dict[UUID, Notification] = {}
        self._again: dict[UUID, Notification] = {}
        self._ways: list[tuple[Notification, int, Way]] = []

    def _open_ones(self, heard: Sequence[Heard]) -> dict[tuple[UUID, str, str], Notification]:
        """Unread ones that these would repeat, locked in one order for everybody."""
        repeated = {
            (each.call.user, each.call.kind, each.call.collapse) for each in heard if each.call.collapse
        }
        if not repeated:
            return {}
        rows = Notification.objects.filter(
            user__in={user for user, _, _ in repeated},
            collapse__in={collapse for _, _, collapse in repeated},
            read_at=None,
            archived_at=None,
        )
        found = rows.order_by("id").select_for_update()
        return {(row.user_id, row.kind, row.collapse): row for row in found}

    def take(self, heard: Heard, kind: Kind, decision: Decision) -> None:
        call = heard.call
        key = (call.user, call.kind, call.collapse)
        row = self._open.get(key) if call.collapse else None
        if row is None:
            row = Notification(
                user_id=call.user,
                kind=kind.name,
                source=heard.source,
                topic=call.topic,
                place=call.place or call.topic,
                collapse=call.collapse,
                created_at=heard.at,
                is_listed=decision.is_listed,
            )
            self._new[row.pk] = row
            if call.collapse:
                self._open[key] = row
        else:
            row.count += 1
            row.is_listed = row.is_listed or decision.is_listed
            if row.pk not in self._new:
                self._again[row.pk] = row
        row.seq = max(filter(None, (row.seq, call.seq)), default=None)
        row.data, row.at = dict(call.data), heard.at
        row.trace = decision.trace
        row.snoozed_until = None  # something new of it
        self._ways += [(row, row.count, way) for way in decision.ways]

    def write(self) -> None:
        Notification.objects.bulk_create(self._new.values())
        Notification.objects.bulk_update(
            self._again.values(), ["count", "is_listed", "seq", "data", "at", "trace", "snoozed_until"]
        )
        digested = [(row, way) for row, _, way in self._ways if way.is_digested]
        Delivery.objects.bulk_create(
            Delivery(
                user_id=row.user_id,
                channel=way.channel,
                target=way.target.id,
                notification=row,
                number=number,
                due_at=way.due_at,
            )
            for row, number, way in self._ways
            if not way.is_digested
        )
        for row, way in digested:
            put_into_digest(row, way)
        due = {way.channel for _, _, way in self._ways if way.due_at <= self._now}
        if due:
            ring(due)
        soon = {
            (way.channel, way.due_at)
            for _, _, way in self._ways
            if self._now < way.due_at <= self._now + SOON
        }
        for channel, at in soon:
            ring([channel], at)
        told: list[tuple[Event, UUID]] = [
            (NotificationCreated(notification=row.pk), row.user_id)
            for row in self._new.values()
            if row.is_listed
        ]
        told += [
            (NotificationUpdated(notification=row.pk), row.user_id)
            for row in self._again.values()
            if row.is_listed
        ]
        emit_to_each(told)


def put_into_digest(row: Notification, way: Way) -> None:
    """Into the person's open window, which opens if there is none. Its row is locked until the commit."""
    digest = _open_digest(row.user_id, way)
    DigestItem.objects.get_or_create(digest=digest, notification=row)


def _open_digest(user: UUID, way: Way) -> Digest:
    still_open = Digest.objects.select_for_update().filter(Q(closed_at=None), user=user, channel=way.channel)
    if found := still_open.first():
        return found
    try:
        with transaction.atomic():
            digest = Digest.objects.create(user_id=user, channel=way.channel, due_at=way.due_at)
            Delivery.objects.create(
                user_id=user, channel=way.channel, target=way.target.id, digest=digest, due_at=way.due_at
            )
    except IntegrityError:  # in the same moment by another
        return still_open.get()
    return digest
