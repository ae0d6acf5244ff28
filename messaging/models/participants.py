"""Who is in a chat."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def present(self) -> ParticipantQuerySet:
        return self.filter(left_seq=None)

    def listed(self) -> ParticipantQuerySet:
        """Those who are in, with what `ParticipantSerializer` reads, in the order in which they came."""
        return self.present().select_related("user").order_by("id")


class Participant(models.Model):
    """Somebody in a chat, or who was: then `left_seq` is the last position that was for them."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        ADMIN = "admin", _("admin")
        MEMBER = "member", _("member")

    FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)  # the end of a silence that has none
    MAX_FAVOURITE = 1000  # places among somebody's favourites

    RANK: ClassVar[dict[str, int]] = {Role.OWNER: 2, Role.ADMIN: 1, Role.MEMBER: 0}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="participations")
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.MEMBER)
    read_seq = models.PositiveBigIntegerField(_("read up to"), default=0)
    delivered_seq = models.PositiveBigIntegerField(_("delivered up to"), default=0)
    # What the others know of `read_seq`: all of it, unless the person hides it or a block is between them.
    shown_seq = models.PositiveBigIntegerField(_("shown as read up to"), default=0)
    left_seq = models.PositiveBigIntegerField(_("left at"), null=True, blank=True)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now)
    added_by = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("brought in by"),
    )
    is_request = models.BooleanField(_("not accepted yet"), default=False)  # by a stranger
    was_removed = models.BooleanField(_("removed by somebody"), default=False)  # and did not leave
    # What the chat is to them, and to nobody else. Archived is derived (`ChatQuerySet.with_preferences`):
    # sending writes nothing to the rows of those who hear it.
    archived_seq = models.PositiveBigIntegerField(_("archived at"), null=True, blank=True)
    muted_until = models.DateTimeField(_("muted until"), null=True, blank=True)
    marked_unread = models.BooleanField(_("marked as unread"), default=False)
    favourite = models.PositiveSmallIntegerField(_("place among favourites"), null=True, blank=True)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        verbose_name = _("participant")
        constraints = [
            models.UniqueConstraint(fields=["chat", "user"], name="participant_once"),
            models.UniqueConstraint(
                fields=["chat"], condition=Q(role="owner", left_seq=None), name="participant_one_owner"
            ),
            models.CheckConstraint(
                condition=Q(shown_seq__lte=F("read_seq"), read_seq__lte=F("delivered_seq")),
                name="participant_marks_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "chat"], condition=Q(left_seq=None), name="participant_chats"),
            # The slowest in a chat: what a message's status asks.
            models.Index(fields=["chat", "shown_seq"], condition=Q(left_seq=None), name="participant_shown"),
            models.Index(
                fields=["chat", "delivered_seq"], condition=Q(left_seq=None), name="participant_delivered"
            ),
            models.Index(fields=["chat", "id"], condition=Q(left_seq=None), name="participant_list"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.chat_id}"

    def outranks(self, other: Participant) -> bool:
        return self.RANK[self.role] > self.RANK[other.role]
