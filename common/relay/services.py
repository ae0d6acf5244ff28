"""Taking what is in the log to its consumers."""

from collections.abc import Sequence
from datetime import timedelta
from random import uniform
from time import monotonic, sleep
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from common.models import DeadLetter, LogEntry, RelayCursor
from common.outages import is_outage

from .consumers import consumers

logger = structlog.get_logger(__name__)

# Entries in one transaction. On SQLite nobody else writes meanwhile.
PORTION: Final = {"sqlite": 50, "postgresql": 500}
LONGEST: Final = 30.0  # seconds of one run: then others have their turn, and it goes on in another
PATIENCE: Final = 1.0  # seconds that one portion waits for a gap to be filled
LOOK: Final = 0.02  # seconds between two looks at it
ERROR_KEPT: Final = 2000  # characters


def prepare_cursors(**_: Any) -> None:
    """New consumers begin with what comes next; of the signal `post_migrate`."""
    if RelayCursor._meta.db_table not in connection.introspection.table_names():
        return  # migrated back to before there were any
    newest = LogEntry.objects.aggregate(Max("pk"))["pk__max"] or 0
    RelayCursor.objects.bulk_create(
        [RelayCursor(consumer=name, upto=newest) for name in sorted(consumers)], ignore_conflicts=True
    )


def drain(*, consumer: str) -> int:
    """Take to *consumer* what it has not had. Safe to run in many places at once: one of them does it.

    Returns:
        How many entries it took here. A run ends after half a minute.
    """
    taken, until = 0, monotonic() + LONGEST
    # Asked without the lock: whoever came while another held it left its entry to be found here.
    while is_behind(consumer) and monotonic() < until:
        portion = _take(consumer)
        if portion is None:
            break
        taken += portion
    return taken


def is_behind(consumer: str) -> bool:
    upto = RelayCursor.objects.filter(pk=consumer).values("upto")
    return LogEntry.objects.filter(pk__gt=upto).exists()


@transaction.atomic
def _take(consumer: str) -> int | None:
    """The next portion. None if another has it in hand."""
    cursor = RelayCursor.objects.select_for_update(skip_locked=True).filter(pk=consumer).first()
    if cursor is None:
        return None
    entries = _next(cursor)
    if entries:
        _hand_over(consumer, entries)
        cursor.upto = entries[-1].pk
    cursor.save()
    return len(entries)


def _next(cursor: RelayCursor) -> list[LogEntry]:
    """What follows, up to a gap that may yet be filled."""
    limit = PORTION[connection.vendor]
    rows = LogEntry.objects.filter(pk__gt=cursor.upto).order_by("pk")
    found = list(rows[:limit])
    if connection.vendor != "postgresql":
        return found  # who writes has the database alone: keys come in the order of commits
    whole = _until_gap(cursor.upto, found)
    if len(whole) == len(found) or not _are_gone(_writers()):
        return whole
    # Whoever could have filled it has committed, and is seen now, or was rolled back.
    return list(rows.filter(pk__lte=found[-1].pk))


def _until_gap(before: int, entries: Sequence[LogEntry]) -> list[LogEntry]:
    """Those of *entries* whose keys follow *before* and one another."""
    return [entry for place, entry in enumerate(entries, before + 1) if entry.pk == place]


def _are_gone(writers: set[str]) -> bool:
    """Whether these transactions end within a moment."""
    until = monotonic() + PATIENCE
    while writers:
        if monotonic() > until:
            return False
        sleep(LOOK)
        writers &= _writers()
    return True


def _writers() -> set[str]:
    """Other transactions that have written to the log and not ended: they hold its lock from before they are
    given a key (PostgreSQL 15 §13.3.1) to their end.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND relation = %s::regclass AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()",
            [LogEntry._meta.db_table],
        )
        return {name for (name,) in cursor.fetchall()}


def _hand_over(consumer: str, entries: Sequence[LogEntry]) -> None:
    """Together if all goes well; else one by one, and what fails is put aside, that the rest may pass."""
    if _try(consumer, entries) is None:
        return
    for entry in entries:
        if error := _try(consumer, [entry]):
            _put_aside(consumer, entry, error)


def _try(consumer: str, entries: Sequence[LogEntry]) -> str | None:
    """Why it failed, if it did; then nothing was done."""
    try:
        with transaction.atomic():
            consumers[consumer](entries)
    except Exception as error:
        if is_outage(error):
            raise  # nothing is wrong with them: the cursor stays where it was
        logger.exception("relay_failed", consumer=consumer, entries=len(entries), type=entries[0].type)
        return f"{type(error).__name__}: {error}"[:ERROR_KEPT]
    return None


def _put_aside(consumer: str, entry: LogEntry, error: str) -> None:
    DeadLetter.objects.create(
        consumer=consumer,
        topic=entry.topic,
        seq=entry.seq,
        type=entry.type,
        data=entry.data,
        at=entry.at,
        error=error,
        due_at=timezone.now() + _wait(1),
    )


def _wait(attempts: int) -> timedelta:
    """Before the next try, after so many: with jitter, so that what failed together comes back apart."""
    return DeadLetter.WAITS[attempts - 1] * uniform(0.8, 1.2)  # noqa: S311 (no secret)


def retry_dead_letters(*, limit: int = 100) -> int:
    """Try what is due again. How many were taken."""
    due = DeadLetter.objects.due(at=timezone.now()).values_list("pk", flat=True)[:limit]
    return sum(retry_dead_letter(letter=letter) for letter in list(due))


@transaction.atomic
def retry_dead_letter(*, letter: UUID) -> bool:
    """Try one again now, given up or not. Whether its consumer has taken it."""
    row = DeadLetter.objects.select_for_update(skip_locked=True).filter(pk=letter).first()
    if row is None:
        return False
    if row.consumer in consumers:
        error = _try(row.consumer, [row.as_entry()])
    else:
        error = "There is no such consumer any more."
    if error is None:
        row.delete()
        return True
    row.attempts += 1
    row.error, row.failed_at = error, timezone.now()
    row.due_at = row.failed_at + _wait(row.attempts) if row.attempts <= len(row.WAITS) else None
    row.save()
    return False


def discard_dead_letter(*, letter: DeadLetter) -> bool:
    """Let it be: its effect will not come."""
    return DeadLetter.objects.filter(pk=letter.pk).delete()[0] > 0
