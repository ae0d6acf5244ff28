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


@shared_task
def scan_file(file: str) -> str:
    """Look for viruses in a file. Safe to run twice at once; what fails now is tried again by the sweep."""
    return services.scan_file(file=UUID(file))


@shared_task
def scan_due_files() -> int:
    """Queue what waits to be looked into: after a failure, or after a process that died. Every 30 seconds.

    Returns:
        How many, at most 100 a run.
    """
    due = services.due_files()
    for file in due:
        scan_file.delay(str(file))
    return len(due)


@shared_task
def purge_quarantine() -> int:
    """Delete the content of files found infected a while ago. Every hour; safe to run twice at once."""
    return services.purge_quarantine()


@shared_task
def purge_uploads() -> int:
    """Forget uploads that nobody went on with. Every hour; safe to run twice at once."""
    return services.purge_uploads()


def look_for_viruses(file: UUID) -> None:
    """Have a file that has just come looked into."""
    scan_file.delay(str(file))


def show_smaller(file: UUID) -> None:
    """Have a picture that has just come made smaller; another file is nothing to do for it."""
    make_pictures.delay(str(file))
