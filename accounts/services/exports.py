"""A copy of everything that is held about somebody, for themselves."""

import time
from contextlib import suppress
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.problems import ExportNotReady, ExportTooSoon
from common.jobs.services import start_job
from common.jobs.work import Run
from common.mail.services import queue_mail
from common.models import Job
from common.problems import NotFound

from . import audit
from .archives import write_archive

KIND: Final = "account.export"
EVERY: Final = timedelta(days=1)  # a new one: each is work, and a copy of a whole account
LINK_LIFETIME: Final = timedelta(minutes=10)
PART_KEPT: Final = 86_400  # seconds: what a killed worker left of an archive is nobody's by then

_LINK: Final = "accounts.export"


@transaction.atomic
def request_export(*, user: User) -> Job:
    """Have a copy made of everything that is held about *user*. One that is being made is that one.

    Raises:
        ExportTooSoon: they had one within a day.
    """
    user = User.objects.select_for_update().get(pk=user.pk)  # one that asks at a time
    latest = Job.objects.latest_of(KIND, str(user.pk))
    if latest and latest.state in Job.OPEN:
        return latest
    if latest and latest.state == Job.State.DONE:
        wait = latest.created_at + EVERY - timezone.now()
        if wait > timedelta(0):
            raise ExportTooSoon(headers={"Retry-After": str(int(wait.total_seconds()) + 1)})
    job, _ = start_job(kind=KIND, key=str(user.pk), user=user.pk)
    audit.record(
        category=audit.Category.SECURITY, verb="export.requested", actor=user, subject=user, target=job
    )
    return job


def latest_export(*, user: User) -> Job:
    """The newest export of *user*.

    Raises:
        NotFound: there is none.
    """
    job = Job.objects.latest_of(KIND, str(user.pk))
    if job is None:
        raise NotFound
    return job


def build_export(run: Run) -> dict[str, Any]:
    """Write the archive, and put it where nobody but its owner gets it."""
    user = User.objects.get(pk=UUID(run.job.key))
    folder = Path(settings.WORK_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_parts(folder)
    part = folder / f"export-{run.job.holder}.part"
    try:
        with part.open("x+b") as file:
            part.chmod(0o600)
            counts = write_archive(file, who=user.as_subject(), at=timezone.now(), report=run.report)
            size = file.tell()
            file.seek(0)
            digest = file_digest(file, "sha256").hexdigest()
            file.seek(0)
            storages["private"].save(_name(run.job), File(file))
    finally:
        part.unlink(missing_ok=True)
    return {"bytes": size, "sha256": digest, "records": sum(counts.values())}


def mail_export(job: Job) -> None:
    """Tell them that it is there."""
    user = User.objects.get(pk=UUID(job.key))
    queue_mail(
        to=user.email,
        template="export_ready",
        language=user.language,
        context={"name": user.display_name, "until": f"{job.expires_at:%Y-%m-%d}"},
    )


def discard_export(job: Job) -> None:
    storages["private"].delete(_name(job))


def make_export_link(*, job: Job) -> str | None:
    """A way to the archive for whoever has it, for `LINK_LIFETIME`; None if there is no archive."""
    if not _is_there(job):
        return None
    token = signing.dumps(str(job.pk), salt=_LINK)
    return f"{settings.PUBLIC_URL}/api/v1/users/me/export/download?token={token}"


def open_export(*, user: User | None = None, token: str = "") -> tuple[Job, File]:
    """The newest archive of *user*, or the one that a link is of.

    Raises:
        ExportNotReady: it is not made yet, or gone again.
        NotFound: there is none, or the link is not ours or over.
    """
    if user:
        job = latest_export(user=user)
    else:
        try:
            pk = signing.loads(token, salt=_LINK, max_age=LINK_LIFETIME)
        except signing.BadSignature:
            raise NotFound from None
        found = Job.objects.filter(pk=pk).first()
        if found is None:
            raise NotFound
        job = found
    if not _is_there(job):
        raise ExportNotReady
    with suppress(FileNotFoundError):
        return job, storages["private"].open(_name(job))
    raise ExportNotReady


def _is_there(job: Job) -> bool:
    return job.state == Job.State.DONE and job.expires_at is not None and job.expires_at > timezone.now()


def _name(job: Job) -> str:
    return f"exports/{job.pk}.zip"


def _forget_parts(folder: Path) -> None:
    """What killed workers left on this machine."""
    for part in folder.glob("export-*.part"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > PART_KEPT:
                part.unlink()
