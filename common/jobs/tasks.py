from uuid import UUID

from celery import shared_task

from . import work

LONGEST = 6 * 3600  # seconds that one attempt may take


@shared_task(time_limit=LONGEST)
def run_job(job: str) -> bool:
    """Do one job."""
    return work.run_job(job=UUID(job))


@shared_task
def run_free_jobs() -> int:
    """Hand out what no worker heard of, and what a dead one left. Every half minute; safe to run twice.

    Returns:
        How many were handed out, at most 100 a run.
    """
    free = work.free_jobs()
    for job in free:
        run_job.delay(str(job))
    return len(free)
