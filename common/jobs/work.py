"""Doing a job."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from common.ids import uuid7
from common.models import Job
from common.problems import Problem

from .events import tell

logger = structlog.get_logger(__name__)

TOLD_EVERY = 1.0  # seconds between two signs of life and progress
ENDED_KEPT: Final = timedelta(days=30)  # of what has no result to keep


class Stopped(Exception):  # noqa: N818 (it is no error)
    """The job was cancelled, or another worker has it: leave it where it is."""


class Run:
    """A worker's hold on a job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._told = monotonic()

    def report(self, done: int, total: int) -> None:
        """Say that *done* of *total* is done. Call it at least every half minute: it is the sign of life.

        Raises:
            Stopped
        """
        if monotonic() - self._told < TOLD_EVERY:
            return
        self._told = monotonic()
        progress = min(99, 100 * done // max(total, 1))  # whole only when it has ended
        with transaction.atomic():
            if not self.held().update(alive_at=timezone.now(), progress=progress):
                raise Stopped
            if progress > self.job.progress:
                self.job.progress = progress
                tell(self.job)

    def held(self) -> Any:
        """The row, as long as it is this worker's."""
        return Job.objects.filter(pk=self.job.pk, state=Job.State.RUNNING, holder=self.job.holder)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of long work.

    Attributes:
        run: does it; safe to begin again. Gives what to keep as the job's `result`.
        ended: called with a job that is done, in the transaction that says so.
        discard: called before the row is deleted: what belongs to it beside the row.
        kept: how long the result stays.
    """

    name: str
    run: Callable[[Run], dict[str, Any]]
    ended: Callable[[Job], None] | None = None
    discard: Callable[[Job], None] | None = None
    kept: timedelta = ENDED_KEPT


kinds: Final[dict[str, Kind]] = {}


def register(kind: Kind) -> None:
    kinds[kind.name] = kind


def run_job(*, job: UUID) -> bool:
    """Do a job, if nobody else does. Whether this call brought it to its end."""
    if (run := _claim(job)) is None:
        return False
    structlog.contextvars.bind_contextvars(job=str(job))
    try:
        result = kinds[run.job.kind].run(run)
        return _finish(run, result)
    except Stopped:
        logger.info("job_stopped", kind=run.job.kind)
        if (discard := kinds[run.job.kind].discard) and not Job.objects.filter(pk=job).exists():
            discard(run.job)  # deleted meanwhile: what it has made since is nobody's
    except Problem as problem:
        _fail(run, problem.code)
    except Exception:
        logger.exception("job_failed", kind=run.job.kind)
        _fail(run, "server_fault")
    finally:
        structlog.contextvars.unbind_contextvars("job")
    return False


def free_jobs(*, limit: int = 100) -> list[UUID]:
    """What waits for a worker: those that nobody heard of, and those whose worker died."""
    return list(Job.objects.free(at=timezone.now()).order_by("id").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _claim(pk: UUID) -> Run | None:
    now = timezone.now()
    job = Job.objects.free(at=now).select_for_update().filter(pk=pk).first()
    if job is None:
        return None
    if job.attempts >= Job.ATTEMPTS:
        end_job(job, Job.State.FAILED, error="gave_up")
        return None
    job.state, job.holder, job.alive_at = Job.State.RUNNING, uuid7(), now
    job.started_at = job.started_at or now
    job.attempts += 1
    job.progress = 0  # it begins again
    job.save()
    tell(job)
    return Run(job)


@transaction.atomic
def _finish(run: Run, result: dict[str, Any]) -> bool:
    job = run.held().select_for_update().first()
    if job is None:
        raise Stopped
    job.result, job.progress = result, 100
    end_job(job, Job.State.DONE, kept=kinds[job.kind].kept)
    if ended := kinds[job.kind].ended:
        ended(job)
    return True


@transaction.atomic
def _fail(run: Run, code: str) -> None:
    if job := run.held().select_for_update().first():
        end_job(job, Job.State.FAILED, error=code)


def end_job(job: Job, state: str, *, error: str = "", kept: timedelta = ENDED_KEPT) -> None:
    now = timezone.now()
    job.state, job.error, job.holder = state, error, None
    job.ended_at, job.expires_at = now, now + kept
    job.save()
    tell(job)
