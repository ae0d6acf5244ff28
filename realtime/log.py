"""Reading the log as frames. Blocking: the hub runs these in its threads."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from common.models import LogEntry

from . import registry
from .frames import frame, topic_members

PORTION = 500  # entries a read: what one render holds in memory


@dataclass(frozen=True)
class Line:
    """One entry of a topic, encoded once for everybody who hears it."""

    seq: int
    text: str
    move: registry.Joins | registry.Leaves | None


def read(topic: str, *, after: int, upto: int | None = None) -> list[Line]:
    """The next lines of *topic* beyond position *after*, at most `PORTION`, none beyond *upto*."""
    entries = LogEntry.objects.after(topic, after)
    if upto is not None:
        entries = entries.filter(seq__lte=upto)
    return lines(entries[:PORTION])


def has_all(topic: str, *, after: int, upto: int) -> bool:
    """Whether the log still has every position of *topic* from *after* + 1 to *upto*."""
    return upto <= after or LogEntry.objects.after(topic, after).filter(seq__lte=upto).count() == upto - after


def lines(entries: Iterable[LogEntry]) -> list[Line]:
    entries = list(entries)
    of_type: dict[str, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        of_type[entry.type].append(entry)
    data = {}
    for type_, group in of_type.items():
        render = registry.renderers.get(type_)
        rendered = render(group) if render else [entry.data for entry in group]
        data.update({entry.pk: each for entry, each in zip(group, rendered, strict=True)})
    return [
        Line(
            seq=entry.seq,
            text=frame(entry.type, **topic_members(entry.topic, entry.seq), at=entry.at, data=data[entry.pk]),
            move=registry.moves[entry.type](entry) if entry.type in registry.moves else None,
        )
        for entry in entries
    ]
