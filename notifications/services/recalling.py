"""Whom entries of the log concern, asked again: when it is sent, or because somebody wants to know."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from django.db.models import Q

from common.models import LogEntry
from notifications.kinds import Call, callers
from notifications.models import Notification
from notifications.reasons import Reason

PORTION: Final = 100  # places in one query


def calls_again(rows: Sequence[Notification]) -> dict[UUID, Call]:
    """By notification, the call that it came of as it would be now; if the log remembers it no more, as it
    was. A few queries for all of them.
    """
    sources = {row.pk: _place_of(row.source) for row in rows}
    found = _entries_at(sorted(set(sources.values())))
    people: defaultdict[tuple[str, int], set[UUID]] = defaultdict(set)
    for row in rows:
        people[sources[row.pk]].add(row.user_id)
    calls = dict(zip(found, calls_for(list(found.values()), [people[place] for place in found]), strict=True))
    return {row.pk: _call_of(row, found.get(sources[row.pk]), calls.get(sources[row.pk], ())) for row in rows}


def calls_for(entries: Sequence[LogEntry], asked: Sequence[Collection[UUID]]) -> list[list[Call]]:
    """What each of *entries* would be told to these people as, now; with reasons where it is not for them."""
    found: list[list[Call]] = [[] for _ in entries]
    by_type: defaultdict[str, list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        by_type[entry.type].append(place)
    for type_, places in by_type.items():
        group, among = [entries[place] for place in places], [asked[place] for place in places]
        for caller in callers.get(type_, ()):
            for place, people, calls in zip(places, among, caller(group, among), strict=True):
                found[place] += [call for call in calls if call.user in people]
    return found


def _entries_at(places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], LogEntry]:
    found: dict[tuple[str, int], LogEntry] = {}
    for start in range(0, len(places), PORTION):
        named = Q()
        for topic, seq in places[start : start + PORTION]:
            named |= Q(topic=topic, seq=seq)
        found |= {(entry.topic, entry.seq): entry for entry in LogEntry.objects.filter(named)}
    return found


def _place_of(source: str) -> tuple[str, int]:
    """In the log: `noticing.source_of`, read back."""
    topic, _, seq = source.rpartition(" ")
    return topic, int(seq)


def _call_of(row: Notification, entry: LogEntry | None, calls: Sequence[Call]) -> Call:
    if entry is None:
        return Call(kind=row.kind, user=row.user_id, data=row.data, topic=row.topic, seq=row.seq)
    own = [call for call in calls if call.user == row.user_id]
    # What was deleted calls nobody by name any more: then what it is now says why.
    fitting = [call for call in own if call.kind == row.kind] or [call for call in own if call.refusal]
    return fitting[0] if fitting else _nobody(entry, row.user_id, row.kind)


def _nobody(entry: LogEntry, user: UUID, kind: str) -> Call:
    return Call(kind=kind, user=user, data=entry.data, topic=entry.topic, refusal=Reason.NOT_IN_AUDIENCE)
