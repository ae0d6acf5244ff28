"""Starting a job, and ending or trying again one that was started."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from common.models import Job

from .events import tell
from .tasks import run_job
from .work import end_job, kinds


@transaction.atomic
def start_job(
    *, kind: str, key: str, user: UUID | None = None, given: dict[str, Any] | None = None
) -> tuple[Job, bool]:
    """Have it done. Of one kind and key there is one open job.

    Args:
        key: what it is about.
        user: who is told of it.
        given: what the work needs, as JSON holds it.

    Returns:
        The open job, and whether it is new.

    Emits `JobUpdated`.
    """
    try:
        with transaction.atomic():
            job = Job.objects.create(kind=kind, key=key, user=user, given=given or {})
    except IntegrityError:
        there = Job.objects.open().filter(kind=kind, key=key).first()
        if there is None:  # it ended in the same moment
            return start_job(kind=kind, key=key, user=user, given=given)
        return there, False
    _queue(job)
    return job, True


@transaction.atomic
def cancel_job(*, job: Job) -> bool:
    """Have it done no further; its worker stops at its next `report`. False if it had ended."""
    row = Job.objects.open().select_for_update().filter(pk=job.pk).first()
    if row is None:
        return False
    end_job(row, Job.State.CANCELLED)
    return True


@transaction.atomic
def retry_job(*, job: Job) -> bool:
    """Try again what failed. False if it didn't, or a newer one is under way."""
    row = Job.objects.select_for_update().filter(pk=job.pk, state=Job.State.FAILED).first()
    if row is None or Job.objects.open().filter(kind=row.kind, key=row.key).exists():
        return False
    row.state, row.progress, row.attempts = Job.State.QUEUED, 0, 0
    row.error, row.ended_at, row.expires_at = "", None, None
    row.save()
    _queue(row)
    return True


def purge_jobs() -> int:
    """Delete jobs whose result is over, and what belongs to them. How many."""
    expired = list(Job.objects.expired(at=timezone.now())[:1000])
    for job in expired:
        discard_job(job=job)
    return len(expired)


def discard_job(*, job: Job) -> None:
    """Delete a job and what belongs to it: first that, so that a death in between loses nothing of it."""
    if (kind := kinds.get(job.kind)) and kind.discard:
        kind.discard(job)
    Job.objects.filter(pk=job.pk).delete()


def _queue(job: Job) -> None:
    tell(job)
    transaction.on_commit(lambda: run_job.delay(str(job.pk)), robust=True)
