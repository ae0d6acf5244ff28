"""What is to be said later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .messages import Message

FIRST_ZONE: Final = timedelta(hours=14)  # ahead of UTC: where a wall clock shows a time first


class ScheduledQuerySet(models.QuerySet["ScheduledMessage"]):
    def waiting(self) -> ScheduledQuerySet:
        return self.filter(state=ScheduledMessage.State.WAITING)

    def pending(self) -> ScheduledQuerySet:
        """Not sent: waiting, or failed and left for the author to decide."""
        return self.exclude(state=ScheduledMessage.State.SENT)

    def due(self, *, at: datetime) -> ScheduledQuerySet:
        """What must be looked at now, the longest overdue first."""
        return self.waiting().filter(look_at__lte=at).order_by("look_at", "id")


class ScheduledMessage(models.Model):
    """A message that its author wants sent at a time. Once sent, the row says so and forgets the text."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    MAX_PENDING = 100  # of a person in a chat
    FURTHEST = timedelta(days=366)  # from now

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="scheduled")
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="scheduled_messages")
    said = models.JSONField(default=dict)  # as `content.packed` has it
    client_id = models.CharField(_("client id"), max_length=255, blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)  # of what was scheduled first
    local_time = models.CharField(
        _("on the recipient's clock"), max_length=26, blank=True
    )  # ISO 8601, no zone
    scheduled_for = models.DateTimeField(_("to be sent"))
    look_at = models.DateTimeField(_("next look"), editable=False)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    problem = models.JSONField(_("why it failed"), null=True, blank=True)
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("message")
    )
    created_at = models.DateTimeField(_("scheduled"), auto_now_add=True)

    objects = ScheduledQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("scheduled message")
        constraints = [
            models.UniqueConstraint(
                fields=["author", "client_id"], condition=~Q(client_id=""), name="scheduled_client_id"
            )
        ]
        indexes = [
            models.Index(fields=["look_at"], condition=Q(state="waiting"), name="scheduled_due"),
            models.Index(fields=["chat", "author", "scheduled_for"], name="scheduled_list"),
        ]

    def __str__(self) -> str:
        return f"{self.chat_id} at {self.scheduled_for}"


def instant_of(wall: datetime, zone: str) -> datetime:
    """When clocks in *zone* show *wall*, in UTC.

    Shown twice as clocks go back, it is the first time; skipped as they go forward, as much later as they
    go: 02:30 is 03:30 then (RFC 5545 §3.3.5).
    """
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
