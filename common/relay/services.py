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
UNSURE: Final = timedelta(seconds=1)  # a transaction may take a key a moment before it has a number
PATIENCE: Final = 0.05  # seconds until a gap is looked at again
ERROR_KEPT: Final = 2000  # characters


def prepare_cursors(**_: Any) -> None:
    """New consumers begin with what comes next; of the signal `post_migrate`."""
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
        if not portion:  # a gap: whoever is to fill it is about to commit
            sleep(PATIENCE)
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
    if connection.vendor != "postgresql":
        return list(rows[:limit])  # who writes has the database alone: keys come in the order of commits
    oldest_running, _next_one = _transactions()  # before the rows are read
    is_settled = (
        cursor.watched_at is not None
        and oldest_running >= cursor.watched_transaction
        and cursor.watched_at < timezone.now() - UNSURE
    )
    found: list[LogEntry] = []
    seen = list(rows[:limit])
    before = cursor.upto
    for entry in seen:
        is_next = entry.pk == before + 1
        if not is_next and not (is_settled and entry.pk <= cursor.watched_upto):
            break
        found.append(entry)
        before = entry.pk
    if len(found) < len(seen) and (cursor.watched_at is None or is_settled):
        _running, next_one = _transactions()
        cursor.watched_upto, cursor.watched_transaction = seen[-1].pk, next_one
        cursor.watched_at = timezone.now()
    return found


def _transactions() -> tuple[int, int]:
    """The number of the oldest transaction that runs, and the one that the next will get."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(now.it)::text::bigint, pg_snapshot_xmax(now.it)::text::bigint "
            "FROM pg_current_snapshot() AS now (it)"
        )
        oldest, next_one = cursor.fetchone()
    return oldest, next_one


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
