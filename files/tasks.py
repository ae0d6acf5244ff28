from uuid import UUID

from celery import shared_task
from django.db import DatabaseError

from . import services


@shared_task(autoretry_for=(OSError, DatabaseError), max_retries=5, retry_backoff=True)
def make_pictures(file: str) -> bool:
    """Make the thumbnails of a picture that was just uploaded. Safe to run twice at once."""
    return services.make_pictures(file=UUID(file))


@shared_task
def make_missing_pictures() -> int:
    """Make the thumbnails of what a dead worker left behind. Every minute; safe to run twice at once.

    Returns:
        How many pictures were looked at.
    """
    return services.make_missing_pictures()


@shared_task
def purge_unclaimed() -> int:
    """Delete files that nothing named within a day. Every hour; safe to run twice at once."""
    return services.purge_unclaimed()


@shared_task
def purge_unnamed() -> int:
    """Delete files whose names went without a word. Every day; safe to run twice at once."""
    return services.purge_unnamed()
