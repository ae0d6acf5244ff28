"""Reading the audit log from end to end: is it whole?"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
from django.db import DatabaseError
from django.db.models import Max
from django.utils import timezone

from accounts import chain
from accounts.models import AuditCheck, AuditEntry, AuditHead

from .sealing import ChainBroken, seal_entries

READ_AT_ONCE: Final = 1000  # entries in memory
MOST_FAULTS: Final = 20  # told of: whoever made a thousand made the first one too

Progress = Callable[[int, int], None]  # entries read, of how many

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Anchor:
    """What the head once was, as it was kept elsewhere: in the lines `audit_sealed` of the logs."""

    place: int
    hash: str

    def __str__(self) -> str:
        return f"{self.place}:{self.hash}"


@dataclass
class Report:
    """What was found.

    Attributes:
        head: how far the log is sealed.
        waiting: entries that are not sealed yet.
        faults: a sentence each, with the place; none of a whole log.
    """

    head: Anchor
    waiting: int = 0
    faults: list[str] = field(default_factory=list)


def read_anchor() -> Anchor:
    """Where the head stands now."""
    head = AuditHead.objects.first()
    return Anchor(head.place, head.hash) if head else Anchor(0, "")


def check_log(*, anchors: Iterable[Anchor] = (), progress: Progress | None = None) -> Report:
    """Read the whole log, a portion at a time, beside whoever writes and seals.

    Args:
        anchors: the chain has to go through each.
        progress: told after each portion.
    """
    last = AuditEntry.objects.aggregate(last=Max("place"))["last"] or 0  # before the head, which only grows
    head = AuditHead.objects.first() or AuditHead(place=0, hash="", mac="")
    report = Report(head=Anchor(head.place, head.hash))
    if last > head.place:
        report.faults.append(
            f"Places {head.place + 1} to {last} are sealed, and the head knows nothing of them."
        )
    if (head.place or last) and not chain.is_head_ours(head):
        report.faults.append(f"The head, at place {head.place}, was not made by this server.")
    _check_chain(report, progress)
    for anchor in anchors:
        _check_anchor(report, anchor)
    report.waiting = AuditEntry.objects.waiting().count()
    if overdue := AuditEntry.objects.overdue(at=timezone.now()).count():
        report.faults.append(f"{overdue} entries wait for longer than a minute to be sealed.")
    return report


def note_check() -> AuditCheck:
    """Seal, read the whole log, and write down whether it is whole; where it is not, log an error."""
    with suppress(ChainBroken):  # what is wrong is found below, with the place
        seal_entries()
    report = check_log()
    check = AuditCheck.objects.create(
        place=report.head.place, hash=report.head.hash, faults="\n".join(report.faults)
    )
    if report.faults:
        logger.error("audit_log_not_whole", place=check.place, faults=report.faults)
    return check


def _check_chain(report: Report, progress: Progress | None) -> None:
    before = 0
    hash_before: str | None = ""  # None: of an entry that isn't there or can't be read
    for number, (place, entry) in enumerate(_entries(report.head.place), 1):
        if place > before + 1:
            report.faults.append(_missing(before + 1, place - 1))
            hash_before = None
        report.faults += _faults_of(entry, hash_before) if entry else [f"Place {place} can't be read."]
        before, hash_before = place, entry.hash if entry else None
        if progress and number % READ_AT_ONCE == 0:
            progress(place, report.head.place)
        if len(report.faults) >= MOST_FAULTS:
            report.faults.append(f"Not read on after place {place}.")
            return
    if before < report.head.place:
        report.faults.append(_missing(before + 1, report.head.place))
    elif hash_before not in (None, report.head.hash):
        report.faults.append(f"The head knows another hash of place {before} than the entry has.")


def _faults_of(entry: AuditEntry, hash_before: str | None) -> list[str]:
    named = f"Place {entry.place} (entry {entry.pk})"
    faults = []
    try:
        if not chain.is_ours(entry):
            faults.append(f"{named} was changed, or not written by this server.")
        if not chain.is_address_ours(entry):
            faults.append(f"{named} has another address than it was written with.")
        if hash_before is not None and chain.link(hash_before, entry) != entry.hash:
            faults.append(f"{named} does not follow the one before: one of them was changed or moved.")
    except (AttributeError, TypeError, ValueError):  # a time that is none, an address that is none
        faults.append(f"{named} holds what no entry can hold.")
    return faults


def _entries(last: int) -> Iterator[tuple[int, AuditEntry | None]]:
    """Sealed entries up to *last*, in the order of places, a portion in memory at a time.

    None stands for one that can't be read: a column holds what is no text, no id or no JSON any more.
    """
    sealed = AuditEntry.objects.filter(place__lte=last).order_by("place")
    place = 0
    while True:
        portion = sealed.filter(place__gt=place)[:READ_AT_ONCE]
        entries: list[tuple[int, AuditEntry | None]]
        try:
            entries = [(entry.place or 0, entry) for entry in portion]
        except (ValueError, DatabaseError):
            entries = [(each or 0, _entry_at(each)) for each in portion.values_list("place", flat=True)]
        if not entries:
            return
        yield from entries
        place = entries[-1][0]


def _entry_at(place: int | None) -> AuditEntry | None:
    try:
        return AuditEntry.objects.get(place=place)
    except (ValueError, DatabaseError):
        return None


def _check_anchor(report: Report, anchor: Anchor) -> None:
    found = AuditEntry.objects.filter(place=anchor.place).values_list("hash", flat=True).first()
    if found is None:
        report.faults.append(f"The anchor knows of place {anchor.place}, and there is no such entry.")
    elif found != anchor.hash:
        report.faults.append(
            f"Place {anchor.place} has another hash than its anchor: the chain was made anew."
        )


def _missing(first: int, last: int) -> str:
    return f"Place {first} is missing." if first == last else f"Places {first} to {last} are missing."
