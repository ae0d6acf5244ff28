"""How people want to hear of things."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7


class Preferences(models.Model):
    """What somebody chose; there is no row while it is all as it was."""

    class Digest(models.TextChoices):
        OFF = "off", _("each by itself")
        HOURLY = "hourly", _("once an hour")
        DAILY = "daily", _("once a day")

    class Content(models.TextChoices):
        FULL = "full", _("all of it")
        TEASER = "teaser", _("the first words")
        NONE = "none", _("only that there is something")

    user = models.OneToOneField(
        User, primary_key=True, on_delete=models.CASCADE, related_name="notification_preferences"
    )
    choices = models.JSONField(default=dict)  # {kind: {channel: bool}}; only what differs from the kind's own
    muted_until = models.DateTimeField(_("muted until"), null=True, blank=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)  # by their clock; both or none
    quiet_to = models.TimeField(_("quiet to"), null=True, blank=True)
    digest = models.CharField(_("mails"), max_length=6, choices=Digest, default=Digest.OFF)
    digest_at = models.TimeField(_("daily at"), default=time(8))  # by their clock
    email_content = models.CharField(_("what mails say"), max_length=6, choices=Content, default=Content.FULL)

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_to=None)
                | models.Q(quiet_from__isnull=False, quiet_to__isnull=False),
                name="quiet_from_and_to",
            )
        ]

    def __str__(self) -> str:
        return f"preferences of {self.pk}"


class TopicPreference(models.Model):
    """How much somebody wants to hear of one topic, such as a chat. Without a row: all."""

    class Level(models.TextChoices):
        MENTIONS = "mentions", _("only when called")
        NONE = "none", _("nothing")

    LIMIT: ClassVar = 1000  # of one person

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    topic = models.CharField(max_length=64)
    level = models.CharField(_("what they hear"), max_length=8, choices=Level)

    class Meta:
        verbose_name = _("preference for a chat")
        verbose_name_plural = _("preferences for chats")
        constraints = [models.UniqueConstraint(fields=["user", "topic"], name="topic_preference_once")]

    def __str__(self) -> str:
        return f"{self.level} of {self.topic}"
