"""What idempotency keys were answered with."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import models


class KeptAnswerQuerySet(models.QuerySet["KeptAnswer"]):
    def held_by(self, slot: str, holder: UUID) -> KeptAnswerQuerySet:
        return self.filter(pk=slot, holder=holder)

    def expired(self, *, at: datetime) -> KeptAnswerQuerySet:
        return self.filter(at__lt=at - KeptAnswer.KEPT)


class KeptAnswer(models.Model):
    """What an idempotency key was answered with; a claim on it while `status` is null (idempotency.py)."""

    KEPT = timedelta(hours=24)  # from the claim on (api.md §2)
    ABANDONED = timedelta(minutes=1)  # far longer than a request takes: its process is dead

    slot = models.CharField(max_length=64, primary_key=True)  # a hash of caller, operation and key
    fingerprint = models.CharField(max_length=64)  # of what was sent
    user = models.UUIDField(null=True, db_index=True)  # whose answer; null: a stranger's
    holder = models.UUIDField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    content_type = models.CharField(max_length=64, blank=True)
    headers = models.JSONField(default=dict)

    objects = KeptAnswerQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["at"], name="kept_answer_at")]  # what is past its time

    def __str__(self) -> str:
        return f"{self.slot[:8]} {self.status or 'running'}"

    def is_expired(self, *, at: datetime) -> bool:
        return self.at < at - self.KEPT

    def is_abandoned(self, *, at: datetime) -> bool:
        return self.status is None and self.at < at - self.ABANDONED
