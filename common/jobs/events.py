"""What whoever waits for a job hears of it."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event, emit
from common.models import Job


@dataclass(frozen=True, kw_only=True)
class JobUpdated(Event):
    """To the person it is for: it began, moved on or ended."""

    type: ClassVar[str] = "job.updated"
    job: UUID
    kind: str
    state: str
    progress: int


def tell(job: Job) -> None:
    """Tell whom *job* is for, if anybody, how it is now."""
    if job.user:
        event = JobUpdated(job=job.pk, kind=job.kind, state=job.state, progress=job.progress)
        emit(event, audience=[job.user])
