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


def next_key(*, consumer: str) -> int:
    """Where in the log everything is that commits from now on: there or behind it, and little else.

    What has begun may get its key before that and commit after it. So it waits a moment for whoever is about
    to commit; if they take longer it answers where *consumer* goes on, which has passed none of them by.
    """
    newest = LogEntry.objects.aggregate(Max("pk"))["pk__max"] or 0
    # Asked in this order: who was given an earlier key than the newest was among the writers by then.
    if connection.vendor == "postgresql" and not _are_gone(_writers()):
        newest = RelayCursor.objects.values_list("upto", flat=True).get(pk=consumer)
    return newest + 1


def drain(*, consumer: str) -> int:
    """Take to *consumer* what it has not had. Safe to run in many places at once: one of them does it.

    Returns:
        How many entries it took here. A run ends after half a minute.
    """
    taken, until = 0, monotonic() + LONGEST
    most = limit = PORTION[connection.vendor]
    # Asked without the lock: whoever came while another held it left its entry to be found here.
    while is_behind(consumer) and monotonic() < until:
        portion = _take(consumer, limit)
        if portion is None:
            break
        taken += portion
        limit = min(most, 2 * portion + 1)  # who took a part of it would look at the rest again and again
    return taken


def is_behind(consumer: str) -> bool:
    upto = RelayCursor.objects.filter(pk=consumer).values("upto")
    return LogEntry.objects.filter(pk__gt=upto).exists()


@transaction.atomic
def _take(consumer: str, limit: int) -> int | None:
    """The next portion, how many of it were taken. None if another has it in hand."""
    cursor = RelayCursor.objects.select_for_update(skip_locked=True).filter(pk=consumer).first()
    if cursor is None:
        return None
    entries = _next(cursor, limit)
    taken = _hand_over(consumer, entries) if entries else 0
    if taken:
        cursor.upto = entries[taken - 1].pk
    cursor.save()
    return taken


def _next(cursor: RelayCursor, limit: int) -> list[LogEntry]:
    """What follows, up to a gap that may yet be filled."""
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


def _hand_over(consumer: str, entries: Sequence[LogEntry]) -> int:
    """Together if all goes well; else one by one, and what fails is put aside, that the rest may pass.

    Returns:
        How many are done with, from the first on.
    """
    taken, error = _try(consumer, entries)
    if error is None:
        return taken
    for entry in entries:
        _, error = _try(consumer, [entry])
        if error is not None:
            _put_aside(consumer, entry, error)
    return len(entries)


def _try(consumer: str, entries: Sequence[LogEntry]) -> tuple[int, str | None]:
    """How many it took, or why it failed; then nothing was done."""
    try:
        with transaction.atomic():
            taken = consumers[consumer](entries)
    except Exception as error:
        if is_outage(error):
            raise  # nothing is wrong with them: the cursor stays where it was
        logger.exception("relay_failed", consumer=consumer, entries=len(entries), type=entries[0].type)
        return 0, f"{type(error).__name__}: {error}"[:ERROR_KEPT]
    return len(entries) if taken is None else taken, None


def _put_aside(consumer: str, entry: LogEntry, error: str) -> None:
    DeadLetter.objects.create(
        consumer=consumer,
        entry=entry.pk,
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
        _, error = _try(row.consumer, [row.as_entry()])
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
