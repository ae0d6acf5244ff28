"""How people react to what is said."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7


class ReactionQuerySet(models.QuerySet["Reaction"]):
    def with_people(self) -> ReactionQuerySet:
        """With what `ReactionSerializer` reads."""
        return self.select_related("user")


class Reaction(models.Model):
    """One emoji of one person to one message."""

    MAX_DISTINCT: ClassVar[int] = 20  # emoji on a message: what fits below it
    MAX_EMOJI = 32  # characters: the longest of today has 10

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey("Message", on_delete=models.CASCADE, related_name="reactions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(_("emoji"), max_length=MAX_EMOJI)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects = ReactionQuerySet.as_manager()

    class Meta:
        verbose_name = _("reaction")
        constraints = [models.UniqueConstraint(fields=["message", "user", "emoji"], name="reaction_once")]
        indexes = [models.Index(fields=["message", "id"], name="reaction_list")]

    def __str__(self) -> str:
        return f"{self.emoji} by {self.user_id}"


class ReactionCount(models.Model):
    """How many react to a message with one emoji, counted under the chat's lock: thousands cost as one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey("Message", on_delete=models.CASCADE, related_name="reaction_counts")
    emoji = models.CharField(max_length=Reaction.MAX_EMOJI)
    count = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["id"]  # of first use: ids are time-ordered
        constraints = [
            models.UniqueConstraint(fields=["message", "emoji"], name="reaction_count_once"),
            models.CheckConstraint(condition=Q(count__gt=0), name="reaction_count_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.emoji} × {self.count}"
