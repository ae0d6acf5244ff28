"""Reading the log as frames. Blocking: the hub runs these in its threads."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db.models import Count, Q

from common.events import Told
from common.models import LogEntry

from . import registry
from .frames import Frame, frame, topic_members

PORTION = 500  # entries a read: what one render holds in memory
AT_ONCE: Final = 50  # topics in one look: a longer question takes a database longer to read than to answer


@dataclass(frozen=True)
class Line:
    """One entry of a topic, encoded once for everybody who hears it."""

    seq: int
    text: Frame
    move: registry.Joins | registry.Leaves | None
    at: datetime | None = None  # when it happened


def read(topic: str, *, after: int, upto: int | None = None) -> list[Line]:
    """The next lines of *topic* beyond position *after*, at most `PORTION`, none beyond *upto*."""
    entries = LogEntry.objects.after(topic, after)
    if upto is not None:
        entries = entries.filter(seq__lte=upto)
    return lines(entries[:PORTION])


def read_each(asked: Mapping[str, int]) -> dict[str, list[Line]]:
    """The same of many topics, by topic the position beyond which, in one look."""
    if len(asked) == 1:
        return {topic: read(topic, after=after) for topic, after in asked.items()}
    beyond = Q()
    for topic, after in asked.items():
        beyond |= Q(topic=topic, seq__gt=after)
    entries = list(LogEntry.objects.filter(beyond).order_by("topic", "seq")[:PORTION])
    if len(entries) == PORTION:  # some may be cut off: each by itself
        return {topic: read(topic, after=after) for topic, after in asked.items()}
    found: dict[str, list[Line]] = {topic: [] for topic in asked}
    for entry, line in zip(entries, lines(entries), strict=True):
        found[entry.topic].append(line)
    return found


def line_of(told: Told) -> Line | None:
    """The line of something this process has just told of, made from its subject; None: it must be read."""
    shape = registry.shapes.get(told.type)
    if told.subject is None or told.seq is None or shape is None:
        return None
    members = topic_members(told.topic, told.seq)
    return Line(
        seq=told.seq,
        text=frame(told.type, **members, at=told.at, data=shape(told.subject)),
        move=None,
        at=told.at,
    )


def incomplete(asked: Mapping[str, tuple[int, int]]) -> set[str]:
    """Topics of which the log has not every position any more, beyond the first one up to the second."""
    missing = {topic: upto - after for topic, (after, upto) in asked.items() if after < upto}
    for part in _parts(missing):
        counted = LogEntry.objects.filter(_within(asked, part)).values_list("topic").annotate(Count("pk"))
        for topic, count in counted.order_by():
            missing[topic] -= count
    return {topic for topic, count in missing.items() if count}


def frames_of(asked: Mapping[str, tuple[int, int]]) -> dict[str, list[dict[str, Any]]]:
    """What frames of these positions say, in order, by topic; as far as the log has them."""
    found: dict[str, list[dict[str, Any]]] = {topic: [] for topic in asked}
    for part in _parts(asked):
        entries = list(LogEntry.objects.filter(_within(asked, part)).order_by("topic", "seq"))
        for entry, members in zip(entries, said(entries), strict=True):
            found[entry.topic].append({"type": entry.type} | members)
    return found


def _parts(topics: Iterable[str]) -> Iterator[list[str]]:
    topics = iter(topics)
    while part := list(islice(topics, AT_ONCE)):
        yield part


def _within(asked: Mapping[str, tuple[int, int]], topics: Iterable[str]) -> Q:
    found = Q()
    for topic in topics:
        after, upto = asked[topic]
        found |= Q(topic=topic, seq__gt=after, seq__lte=upto)
    return found


def said(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The members of the frames of these, beside their types."""
    of_type: dict[str, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        of_type[entry.type].append(entry)
    data = {}
    for type_, group in of_type.items():
        render = registry.renderers.get(type_)
        rendered = render(group) if render else [entry.data for entry in group]
        data.update({entry.pk: each for entry, each in zip(group, rendered, strict=True)})
    return [
        topic_members(entry.topic, entry.seq) | {"at": entry.at, "data": data[entry.pk]} for entry in entries
    ]


def lines(entries: Iterable[LogEntry]) -> list[Line]:
    entries = list(entries)
    return [
        Line(
            seq=entry.seq,
            text=frame(entry.type, **members),
            move=registry.moves[entry.type](entry) if entry.type in registry.moves else None,
            at=entry.at,
        )
        for entry, members in zip(entries, said(entries), strict=True)
    ]
