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
LOOK_AHEAD: Final = 10_000  # entries behind a portion: further back nobody is who stayed connected
AT_ONCE: Final = 50  # topics in one look: a longer question takes a database longer to read than to answer


@dataclass(frozen=True)
class Line:
    """One entry of a topic, encoded once for everybody who hears it."""

    seq: int
    text: Frame
    move: registry.Joins | registry.Leaves | None
    at: datetime | None = None  # when it happened


def read(topic: str, *, after: int) -> list[Line]:
    """The next lines of *topic* beyond position *after*, at most `PORTION`, for all who are in it."""
    return _live(LogEntry.objects.after(topic, after)[:PORTION])


@dataclass(frozen=True)
class Part:
    """Of a topic what is beyond position *after*, up to *upto*: at most `PORTION` lines.

    Attributes:
        left: the position at which those left for whom it is, if they did.
    """

    topic: str
    after: int
    upto: int
    left: int | None = None


def replay(parts: Sequence[Part]) -> list[list[Line]]:
    """The lines of these, in their order, in one look."""
    found: list[list[Line]] = [[] for _ in parts]
    for left in {part.left for part in parts}:
        alike = [(part, into) for part, into in zip(parts, found, strict=True) if part.left == left]
        wanted = Q()
        for part, _ in alike:
            wanted |= Q(topic=part.topic, seq__gt=part.after, seq__lte=part.upto)
        entries = list(LogEntry.objects.filter(wanted).order_by("topic", "seq"))
        read_ = lines(entries, left={} if left is None else {entry.pk: left for entry in entries})
        for entry, line in zip(entries, read_, strict=True):
            for part, into in alike:
                if part.topic == entry.topic and part.after < entry.seq <= part.upto:
                    into.append(line)
    return found


def read_each(asked: Sequence[tuple[str, int]]) -> list[list[Line]]:
    """The same of many topics, each with the position beyond which, in one look."""
    if len(asked) == 1:
        return [read(topic, after=after) for topic, after in asked]
    beyond = Q()
    for topic, after in asked:
        beyond |= Q(topic=topic, seq__gt=after)
    entries = list(LogEntry.objects.filter(beyond).order_by("topic", "seq")[:PORTION])
    if len(entries) == PORTION:  # some may be cut off: each by itself
        return [read(topic, after=after) for topic, after in asked]
    found: dict[str, list[Line]] = {topic: [] for topic, _ in asked}
    for entry, line in zip(entries, _live(entries), strict=True):
        found[entry.topic].append(line)
    return [found[topic] for topic, _ in asked]


def _live(entries: Iterable[LogEntry]) -> list[Line]:
    """The lines of these for all who are there, of whom some may leave in the midst of them.

    What comes before somebody's leaving is shown as it was then: what happened since has lines of its own.
    """
    entries = list(entries)
    left: dict[int, int] = {}  # by entry, where the next one leaves
    leaving: dict[str, int] = {}
    if len(entries) >= PORTION and (beyond := _leaving_after(entries[-1])):
        leaving[entries[-1].topic] = beyond
    for entry in reversed(entries):
        if _is_leaving(entry):
            leaving[entry.topic] = entry.seq
        if entry.topic in leaving:
            left[entry.pk] = leaving[entry.topic]
    return lines(entries, left=left)


def _leaving_after(last: LogEntry) -> int | None:
    """Where the next one leaves behind the last entry of a portion."""
    behind = LogEntry.objects.after(last.topic, last.seq).filter(seq__lte=last.seq + LOOK_AHEAD)
    moves = behind.filter(type__in=registry.moves)[:PORTION]
    return next((entry.seq for entry in moves if _is_leaving(entry)), None)


def _is_leaving(entry: LogEntry) -> bool:
    """Whether somebody leaves the topic that it is of."""
    move = _move(entry)
    return isinstance(move, registry.Leaves) and move.topic == entry.topic


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


def incomplete(asked: Iterable[tuple[str, int, int]]) -> set[tuple[str, int, int]]:
    """Those topics, each beyond a position up to another, of which the log has not all of these any more."""
    ranges = {(topic, after, upto) for topic, after, upto in asked if after < upto}
    widest: dict[str, tuple[int, int]] = {}  # many who come back lack the same
    for topic, after, upto in ranges:
        low, high = widest.get(topic, (after, upto))
        widest[topic] = min(low, after), max(high, upto)
    cut = _incomplete(widest)
    return {
        (topic, after, upto)
        for topic, after, upto in ranges
        if topic in cut and ((after, upto) == widest[topic] or _incomplete({topic: (after, upto)}))
    }


def _incomplete(asked: Mapping[str, tuple[int, int]]) -> set[str]:
    missing = {topic: upto - after for topic, (after, upto) in asked.items()}
    for part in _parts(missing):
        counted = LogEntry.objects.filter(_within(asked, part)).values_list("topic").annotate(Count("pk"))
        for topic, count in counted.order_by():
            missing[topic] -= count
    return {topic for topic, count in missing.items() if count}


def frames_of(
    asked: Mapping[str, tuple[int, int]], *, left: Mapping[str, int]
) -> dict[str, list[dict[str, Any]]]:
    """What frames of these positions say, in order, by topic; as far as the log has them.

    Args:
        left: by topic, the position at which the one who asks left it.
    """
    found: dict[str, list[dict[str, Any]]] = {topic: [] for topic in asked}
    for part in _parts(asked):
        entries = list(LogEntry.objects.filter(_within(asked, part)).order_by("topic", "seq"))
        parted = {entry.pk: left[entry.topic] for entry in entries if entry.topic in left}
        for entry, members in zip(entries, said(entries, left=parted), strict=True):
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


def said(entries: Sequence[LogEntry], *, left: Mapping[int, int]) -> list[dict[str, Any]]:
    """The members of the frames of these, beside their types.

    Args:
        left: by the key of an entry, the position at which those left for whom it is.
    """
    of_type: dict[str, list[LogEntry]] = defaultdict(list)
    of_parted: dict[tuple[str, int], list[LogEntry]] = defaultdict(list)
    for entry in entries:
        if entry.pk in left:
            of_parted[entry.topic, left[entry.pk]].append(entry)
        else:
            of_type[entry.type].append(entry)
    data: dict[int, dict[str, Any]] = {}
    for type_, group in of_type.items():
        render = registry.renderers.get(type_)
        rendered = render(group) if render else [entry.data for entry in group]
        data |= zip((entry.pk for entry in group), rendered, strict=True)
    for (topic, seq), group in of_parted.items():
        rendered = registry.feeds[topic.partition(":")[0]].as_left(group, seq)
        data |= zip((entry.pk for entry in group), rendered, strict=True)
    return [
        topic_members(entry.topic, entry.seq) | {"at": entry.at, "data": data[entry.pk]} for entry in entries
    ]


def lines(entries: Sequence[LogEntry], *, left: Mapping[int, int]) -> list[Line]:
    return [
        Line(seq=entry.seq, text=frame(entry.type, **members), move=_move(entry), at=entry.at)
        for entry, members in zip(entries, said(entries, left=left), strict=True)
    ]


def _move(entry: LogEntry) -> registry.Joins | registry.Leaves | None:
    return registry.moves[entry.type](entry) if entry.type in registry.moves else None
