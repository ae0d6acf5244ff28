"""What people are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, user: UUID) -> NotificationQuerySet:
        """What is in somebody's list or was."""
        return self.filter(user=user, is_listed=True)

    def present(self, *, at: datetime) -> NotificationQuerySet:
        """Neither archived nor put off."""
        awake = models.Q(snoozed_until=None) | models.Q(snoozed_until__lte=at)
        return self.filter(awake, archived_at=None)

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at=None)

    def expired(self, *, at: datetime) -> NotificationQuerySet:
        return self.filter(at__lt=at - Notification.KEPT)


class Notification(models.Model):
    """Something that somebody was to hear of. Its words are made when they are read, of the ids in `data`."""

    KEPT = timedelta(days=90)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications", db_index=False)
    kind = models.CharField(_("kind"), max_length=64)
    source = models.CharField(max_length=90)  # the place in the log of what it began with: `topic seq`
    topic = models.CharField(_("of"), max_length=64, blank=True)  # what it is part of, such as a chat
    place = models.CharField(max_length=64, blank=True)  # where it is read: that, or a thread of it
    seq = models.PositiveBigIntegerField(null=True, blank=True)  # the newest position there that it tells of
    data = models.JSONField(default=dict)
    collapse = models.CharField(max_length=90, blank=True)  # what repeats are told together by
    count = models.PositiveIntegerField(_("times"), default=1)
    is_listed = models.BooleanField(_("in the app"), default=True)
    trace = models.JSONField(default=list)  # how it was decided: services/deciding.py
    created_at = models.DateTimeField(_("first"), default=timezone.now)
    at = models.DateTimeField(_("last"), default=timezone.now)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    snoozed_until = models.DateTimeField(_("put off until"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("notification")
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "source"], name="notification_once"),
            models.UniqueConstraint(
                fields=["user", "kind", "collapse"],
                condition=models.Q(read_at=None, archived_at=None) & ~models.Q(collapse=""),
                name="notification_one_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["user", "-at", "-id"], condition=models.Q(is_listed=True), name="notification_list"
            ),
            models.Index(
                fields=["user", "-at", "-id"],
                condition=models.Q(is_listed=True, read_at=None),
                name="notification_unread",
            ),
            models.Index(
                fields=["user", "place", "seq"],
                condition=models.Q(read_at=None),
                name="notification_of_place",
            ),
            models.Index(fields=["user", "topic", "-at"], name="notification_of_topic"),
            models.Index(fields=["snoozed_until"], name="notification_snoozed"),
            models.Index(fields=["at"], name="notification_age"),  # what is past its time
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id}"
