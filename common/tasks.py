from celery import shared_task
from django.utils import timezone

from .models import LogEntry


@shared_task
def purge_log() -> int:
    """Drop log entries past their seven days, in portions that lock nobody out. Every hour.

    Returns:
        How many were dropped, at most 100,000 a run.
    """
    dropped = 0
    for _ in range(20):
        portion = list(LogEntry.objects.expired(at=timezone.now()).values_list("pk", flat=True)[:5000])
        if not portion:
            break
        dropped += LogEntry.objects.filter(pk__in=portion).delete()[0]
    return dropped
