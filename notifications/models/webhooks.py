"""Receivers that people set up, and what each of them is to hear."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict
from uuid import UUID

import orjson
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.fields import EncryptedTextField
from common.ids import first_id_at, uuid7
from common.outbound import MAX_URL
from common.statements import Statement

KEEP_EVENTS: Final = Statement(
    "keep_webhook_events",
    """
    INSERT INTO notifications_webhookevent (id, webhook_id, seq, type, data, source, at)
    SELECT id, webhook_id, seq, type, data, source, at
    FROM json_to_recordset($1::json) AS new (
        id uuid, webhook_id uuid, seq bigint, type text, data jsonb, source text, at timestamptz
    )
    """,
)


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def alive(self) -> WebhookQuerySet:
        """Without those that were deleted and are not forgotten yet."""
        return self.filter(deleted_at=None)

    def deleted(self) -> WebhookQuerySet:
        """The others, to be forgotten: the first that was deleted first."""
        return self.filter(deleted_at__isnull=False).order_by("deleted_at", "pk")

    def hearing(self) -> WebhookQuerySet:
        """Those whose events are kept: of people who are there, paused or not."""
        return self.alive().filter(user__is_active=True)


class Webhook(models.Model):
    """An address of somebody's that is called with what happens, as far as they may know it.

    Its secrets sign (Standard Webhooks 1.0.0): both of them for a while after they were changed. One that is
    deleted is paused for good, which whoever calls asks anyway, until it is forgotten with its events.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")

    class Pause(models.TextChoices):
        OWNER = "owner", _("by its owner")
        STAFF = "staff", _("by staff")
        DEAD = "dead", _("nothing was taken for as long as we try")
        GONE = "gone", _("it said that it is gone")

    LIMIT = 10  # a person
    MAX_TYPES = 100

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="webhooks", verbose_name=_("owner"))
    url = models.CharField(_("address"), max_length=MAX_URL)
    description = models.CharField(_("description"), max_length=200, blank=True)
    types = models.JSONField(_("event types"), default=list)  # `message.sent`, `message.*`, `*`
    secret = EncryptedTextField(editable=False)
    previous_secret = EncryptedTextField(blank=True, editable=False)
    previous_until = models.DateTimeField(_("older secret signs until"), null=True, blank=True)
    rotated_at = models.DateTimeField(_("rotated"), null=True, blank=True)
    seq = models.PositiveBigIntegerField(_("events"), default=0)  # the newest position; its row counts them
    begins_with = models.PositiveBigIntegerField(default=0)  # the key of the first log entry it may hear
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    paused_reason = models.CharField(_("why"), max_length=5, choices=Pause, blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("webhook")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(paused_at=None, paused_reason="")
                | models.Q(paused_at__isnull=False) & ~models.Q(paused_reason=""),
                name="webhook_paused_for_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(deleted_at=None) | models.Q(paused_at__isnull=False),
                name="webhook_deleted_calls_nobody",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="webhook_of_user"),  # the person's list
            models.Index(
                fields=["deleted_at"], condition=models.Q(deleted_at__isnull=False), name="webhook_deleted"
            ),
        ]

    def __str__(self) -> str:
        return self.description or str(self.pk)

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def state(self) -> str:
        return self.State.PAUSED if self.is_paused else self.State.ACTIVE

    @property
    def signing_secrets(self) -> list[str]:
        """Each of them signs, the present one first."""
        is_overlapping = self.previous_until is not None and self.previous_until > timezone.now()
        return [self.secret, self.previous_secret] if is_overlapping else [self.secret]


class NewEvent(TypedDict):
    """What an event is written from."""

    id: UUID
    webhook_id: UUID
    seq: int
    type: str
    data: dict[str, Any]
    source: str
    at: datetime


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    def keep(self, events: Sequence[NewEvent]) -> None:
        """Write new ones, thousands of them: on PostgreSQL without Django's work for each value."""
        if connection.vendor == "postgresql":
            KEEP_EVENTS.run(orjson.dumps(events))
        else:
            WebhookEvent.objects.bulk_create(WebhookEvent(**each) for each in events)

    def after(self, seq: int) -> WebhookEventQuerySet:
        return self.filter(seq__gt=seq).order_by("seq")

    def expired(self, *, at: datetime) -> WebhookEventQuerySet:
        """By their ids, which are made of the time: the primary key finds them."""
        return self.filter(pk__lt=first_id_at(at - WebhookEvent.KEPT)).order_by("pk")


class WebhookEvent(models.Model):
    """What one webhook is to hear, in its own order without a gap. Its id names it there, however often."""

    KEPT = timedelta(days=30)  # so far back a receiver fills its gaps

    TEST = "webhook.test"  # of no log: somebody wants to see something arrive

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: `webhook_event_position` begins with it.
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveBigIntegerField(_("position"))
    type = models.CharField(_("type"), max_length=64)
    data = models.JSONField(default=dict)  # ids, positions and times: content is asked for by whoever may
    source = models.CharField(max_length=90)  # its place in the log: `topic seq`
    at = models.DateTimeField(_("when"))

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        ordering = ["webhook", "seq"]
        verbose_name = _("event of a webhook")
        verbose_name_plural = _("events of webhooks")
        constraints = [
            models.UniqueConstraint(fields=["webhook", "seq"], name="webhook_event_position"),
            models.UniqueConstraint(fields=["webhook", "source"], name="webhook_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq} to {self.webhook_id}"

    def body(self) -> dict[str, object]:
        """As it leaves (Standard Webhooks, "Payload structure"), and as the gap call gives it."""
        return {
            "type": self.type,
            "timestamp": self.at.isoformat().replace("+00:00", "Z"),
            "seq": self.seq,
            "data": self.data,
        }
