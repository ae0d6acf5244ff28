"""How far behind the consumers are."""

from collections.abc import Callable

from common.metrics import COUNTED, Backlog
from common.models import DeadLetter, LogEntry, RelayCursor


def backlog_of(consumer: str) -> Callable[[], Backlog]:
    """What *consumer* has not taken yet."""

    def look() -> Backlog:
        upto = RelayCursor.objects.filter(pk=consumer).values("upto")
        waiting = LogEntry.objects.filter(pk__gt=upto).order_by("pk")
        times = list(waiting.values_list("at", flat=True)[:COUNTED])
        return Backlog(count=len(times), oldest=times[0] if times else None)

    return look


def dead_letters() -> Backlog:
    failed = DeadLetter.objects.order_by("failed_at").values_list("failed_at", flat=True)
    times = list(failed[:COUNTED])
    return Backlog(count=len(times), oldest=times[0] if times else None)
