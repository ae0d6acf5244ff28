"""What is told together, later."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .notifications import Notification


class DigestQuerySet(models.QuerySet["Digest"]):
    def expired(self, *, at: datetime) -> DigestQuerySet:
        return self.filter(closed_at__lt=at - Digest.KEPT)


class Digest(models.Model):
    """A window that the first of what it holds opened. It closes when it is sent, and its end never moves."""

    KEPT = timedelta(days=30)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    channel = models.CharField(_("channel"), max_length=16)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    due_at = models.DateTimeField(_("due"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = DigestQuerySet.as_manager()

    class Meta:
        verbose_name = _("digest")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "channel"], condition=models.Q(closed_at=None), name="digest_one_open"
            )
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="digest_of_user"),
            models.Index(fields=["closed_at"], name="digest_age"),  # what is past its time
        ]

    def __str__(self) -> str:
        return f"{self.channel} digest to {self.user_id}"


class DigestItem(models.Model):
    """Something that a digest tells of."""

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="items", db_index=False)
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="digest_items")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "notification"], name="digest_item_once")]

    def __str__(self) -> str:
        return f"{self.notification_id} in {self.digest_id}"
