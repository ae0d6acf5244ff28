from typing import Any

from celery import shared_task
from django.db.models import QuerySet
from django.utils import timezone

from .models import KeptAnswer, LogEntry


@shared_task
def purge_log() -> int:
    """Drop log entries past their seven days, in portions that lock nobody out. Every hour.

    Returns:
        How many were dropped, at most 100,000 a run.
    """
    return _drop(LogEntry.objects.expired(at=timezone.now()))


@shared_task
def purge_answers() -> int:
    """Drop what idempotency keys were answered with, 24 hours later. Every hour, as `purge_log`."""
    return _drop(KeptAnswer.objects.expired(at=timezone.now()))


def _drop(rows: QuerySet[Any]) -> int:
    dropped = 0
    for _ in range(20):
        portion = list(rows.values_list("pk", flat=True)[:5000])
        if not portion:
            break
        dropped += rows.model._default_manager.filter(pk__in=portion).delete()[0]
    return dropped
