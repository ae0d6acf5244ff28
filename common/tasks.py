from typing import Any

import structlog
from celery import shared_task
from django.core.files.storage import storages
from django.db.models import QuerySet
from django.utils import timezone

from .jobs.services import purge_jobs as purge
from .models import KeptAnswer, LogEntry, LooseFile, RelayCursor, Usage

logger = structlog.get_logger(__name__)


@shared_task
def purge_log() -> int:
    """Drop log entries past their seven days, in portions that lock nobody out. Every hour.

    Returns:
        How many were dropped, at most 100,000 a run.
    """
    expired = LogEntry.objects.expired(at=timezone.now())
    taken = RelayCursor.slowest()
    return drop(expired if taken is None else expired.filter(pk__lte=taken))  # what is owed stays


@shared_task
def purge_answers() -> int:
    """Drop what idempotency keys were answered with, 24 hours later. Every hour, as `purge_log`."""
    return drop(KeptAnswer.objects.expired(at=timezone.now()))


@shared_task
def purge_usage() -> int:
    """Drop counts of use after 400 days. Every day, as `purge_log`."""
    return drop(Usage.objects.expired(at=timezone.now()))


@shared_task
def purge_files() -> int:
    """Delete files that no row names. Every hour, and after a commit that left some; safe to run twice.

    Returns:
        How many were deleted, at most 500 a run. What the storage can't delete now is tried again.
    """
    deleted = 0
    for loose in LooseFile.objects.due(at=timezone.now())[:500]:
        try:
            storages[loose.storage].delete(loose.name)
        except Exception:  # whatever a storage calls its faults
            logger.warning("file_not_deleted", file=loose.name, exc_info=True)
            continue
        loose.delete()
        deleted += 1
    return deleted


@shared_task
def purge_jobs() -> int:
    """Delete jobs whose result is over, and their files. Every hour; safe to run twice at once.

    Returns:
        How many, at most 1,000 a run.
    """
    return purge()


def drop(rows: QuerySet[Any]) -> int:
    """Delete *rows* in portions that lock nobody out, at most 100,000."""
    dropped = 0
    for _ in range(20):
        portion = list(rows.values_list("pk", flat=True)[:5000])
        if not portion:
            break
        dropped += rows.model._default_manager.filter(pk__in=portion).delete()[0]
    return dropped
