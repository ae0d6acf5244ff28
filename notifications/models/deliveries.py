"""What is on its way to people, and every attempt at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypedDict
from uuid import UUID

import orjson
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7
from common.statements import Statement
from notifications.outcomes import Result

from .digests import Digest
from .notifications import Notification
from .webhooks import WebhookEvent

PROMISE_EVENTS: Final = Statement(
    "promise_events",
    """
    INSERT INTO notifications_delivery (
        id, user_id, channel, target, event_id, due_at, created_at,
        purpose, number, gone, state, reason, attempts, earlier_attempts
    )
    SELECT id, user_id, channel, target, event_id, due_at, due_at, 'tell', 1, '[]', 'waiting', '', 0, 0
    FROM json_to_recordset($1::json) AS new (
        id uuid, user_id uuid, channel text, target text, event_id uuid, due_at timestamptz
    )
    """,
)


class Promise(TypedDict):
    """What the delivery of an event is written from."""

    id: UUID
    user_id: UUID
    channel: str
    target: str
    event_id: UUID
    due_at: datetime


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def promise(self, promises: Sequence[Promise]) -> None:
        """Write new ones, thousands of them: as `WebhookEventQuerySet.keep`."""
        if connection.vendor == "postgresql":
            PROMISE_EVENTS.run(orjson.dumps(promises))
        else:
            Delivery.objects.bulk_create(Delivery(**each) for each in promises)

    def waiting(self) -> DeliveryQuerySet:
        return self.filter(state=Delivery.State.WAITING)

    def due(self, channel: str, *, at: datetime) -> DeliveryQuerySet:
        return self.waiting().filter(channel=channel, due_at__lte=at).order_by("due_at", "id")

    def expired(self, *, at: datetime) -> DeliveryQuerySet:
        return self.exclude(state=Delivery.State.WAITING).filter(created_at__lt=at - Delivery.KEPT)

    def failed(self) -> DeliveryQuerySet:
        """Given up, until somebody sends them again."""
        return self.filter(state=Delivery.State.FAILED)


class Delivery(models.Model):
    """One thing for one target: a device, an address, a receiver. Its id names it there, at every attempt."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")  # also while a worker has it: until `due_at`, then it is another's
        SENT = "sent", _("sent")
        SKIPPED = "skipped", _("not sent")  # `reason` says why
        FAILED = "failed", _("given up")

    class Purpose(models.TextChoices):
        TELL = "tell", _("tell")
        CLEAR = "clear", _("clear")  # what was told has been read elsewhere

    KEPT = timedelta(days=30)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: `delivery_of_user` begins with it.
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name=_("to")
    )
    channel = models.CharField(_("channel"), max_length=16)
    target = models.CharField(_("target"), max_length=64, blank=True)  # an id of the channel's own
    purpose = models.CharField(_("purpose"), max_length=5, choices=Purpose, default=Purpose.TELL)
    notification = models.ForeignKey(
        Notification, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    digest = models.OneToOneField(
        Digest, null=True, blank=True, on_delete=models.CASCADE, related_name="delivery"
    )
    event = models.OneToOneField(
        WebhookEvent, null=True, blank=True, on_delete=models.CASCADE, related_name="delivery"
    )
    number = models.PositiveIntegerField(_("occurrence"), default=1)  # of a notification that repeats
    gone = models.JSONField(default=list)  # of `CLEAR`: notifications that were deleted, by their ids
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    reason = models.CharField(_("reason"), max_length=32, blank=True)
    due_at = models.DateTimeField(_("due"))
    holder = models.UUIDField(null=True)  # whose claim it is, while an attempt is under way
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    earlier_attempts = models.PositiveSmallIntegerField(
        default=0
    )  # that don't count: before it was begun anew, lost, held
    created_at = models.DateTimeField(_("promised"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "channel", "target", "purpose", "number"],
                condition=models.Q(notification__isnull=False),
                name="delivery_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "due_at", "id"], condition=models.Q(state="waiting"), name="delivery_due"
            ),
            models.Index(fields=["user", "-id"], name="delivery_of_user"),
            # Who has a webhook has many of one channel, and few of the others.
            models.Index(fields=["user", "channel", "-id"], name="delivery_of_user_by_channel"),
            models.Index(fields=["channel", "target", "-id"], name="delivery_of_target"),
            models.Index(fields=["state", "-id"], name="delivery_by_state"),
            # What was not sent, which staff ask for; most is.
            models.Index(
                fields=["reason", "-id"],
                condition=~models.Q(reason="") & ~models.Q(reason="sent"),
                name="delivery_by_reason",
            ),
            models.Index(fields=["created_at"], name="delivery_age"),  # what is past its time
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"


class Attempt(models.Model):
    """One attempt: written before it is made, so that one whose worker died is there too."""

    MAX_ANSWER = 1000  # characters that are kept of what the other side said

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: `attempt_once` begins with it.
    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="attempt_rows", db_index=False
    )
    number = models.PositiveSmallIntegerField(_("number"))
    at = models.DateTimeField(_("when"))
    seconds = models.FloatField(_("seconds"), null=True)
    result = models.CharField(_("result"), max_length=7, choices=Result, default=Result.LOST)
    code = models.CharField(_("code"), max_length=32, blank=True)
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("attempt")
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="attempt_once")]

    def __str__(self) -> str:
        return f"{self.number} of {self.delivery_id}"
