"""Long work."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7


class JobQuerySet(models.QuerySet["Job"]):
    def open(self) -> JobQuerySet:
        return self.filter(state__in=Job.OPEN)

    def free(self, *, at: datetime) -> JobQuerySet:
        """Open, and in nobody's hands: not begun, or begun by a worker that gives no sign of life."""
        abandoned = models.Q(state=Job.State.RUNNING, alive_at__lt=at - Job.ABANDONED)
        return self.filter(models.Q(state=Job.State.QUEUED) | abandoned)

    def latest_of(self, kind: str, key: str) -> Job | None:
        return self.filter(kind=kind, key=key).order_by("-id").first()

    def expired(self, *, at: datetime) -> JobQuerySet:
        """Whose result is over."""
        return self.filter(expires_at__lte=at)


class Job(models.Model):
    """Long work that somebody waits for: how far it is, who has it in hand, what came of it (jobs.py)."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    OPEN = (State.QUEUED, State.RUNNING)
    ATTEMPTS = 5  # what kills its worker each time is not tried for ever
    ABANDONED = timedelta(minutes=2)  # far longer than a living worker is silent

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    key = models.CharField(_("of what"), max_length=64)  # of one kind and key there is one open job
    user = models.UUIDField(_("for whom"), null=True, blank=True, db_index=True)  # null: nobody is told
    given = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)  # percent
    result = models.JSONField(default=dict)
    error = models.CharField(_("error"), max_length=64, blank=True)  # a code; the log has the rest
    holder = models.UUIDField(null=True)
    alive_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("queued"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("job")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_open_job",
            ),
            models.CheckConstraint(condition=models.Q(progress__lte=100), name="job_progress_percent"),
        ]
        indexes = [
            models.Index(fields=["kind", "key", "-id"], name="job_latest"),
            models.Index(
                fields=["alive_at"],
                condition=models.Q(state__in=["queued", "running"]),
                name="job_open",
            ),
            models.Index(fields=["expires_at"], name="job_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
