"""What is said in a chat."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .participants import Participant


class MessageQuerySet(models.QuerySet["Message"]):
    def shown(self) -> MessageQuerySet:
        """With what `MessageSerializer` reads: as many queries, however many messages."""
        return self.select_related("author")

    def visible_to(self, user: User) -> MessageQuerySet:
        """Those of chats that *user* is in now."""
        return self.filter(
            chat__deleted_at=None, chat__participants__user=user, chat__participants__left_seq=None
        )

    def unread_by(self, participant: Participant) -> MessageQuerySet:
        """What others wrote behind the participant's read mark."""
        return self.filter(chat=participant.chat_id, seq__gt=participant.read_seq).exclude(
            author=participant.user_id
        )

    def between(self, start: datetime | None, end: datetime | None) -> MessageQuerySet:
        """Written at or after *start* and before *end*; None leaves that side open."""
        found = self.filter(created_at__gte=start) if start else self
        return found.filter(created_at__lt=end) if end else found


class Message(models.Model):
    """Something said in a chat, at one position of it for good."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        SYSTEM = "system", _("system")

    MAX_TEXT = 10_000  # characters

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey(
        "Chat", on_delete=models.CASCADE, related_name="messages", verbose_name=_("chat")
    )
    seq = models.PositiveBigIntegerField(_("seq"))
    author = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="messages", verbose_name=_("author")
    )
    kind = models.CharField(_("kind"), max_length=9, choices=Kind, default=Kind.TEXT)
    text = models.TextField(_("text"), max_length=MAX_TEXT)
    client_id = models.CharField(_("client id"), max_length=255, blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)
    revision = models.PositiveIntegerField(_("revision"), default=1)  # one more with every edit
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)
    created_at = models.DateTimeField(_("sent"), default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("message")
        # What people say to each other is not for everyone who keeps the house in order.
        permissions = [("view_message_text", "Can read what messages say")]
        constraints = [
            models.UniqueConstraint(fields=["chat", "seq"], name="message_position"),
            # For ever, whichever chat: a retry after any time is the same message. Ours have no author.
            models.UniqueConstraint(
                fields=["author", "client_id"], condition=~Q(client_id=""), name="message_client_id"
            ),
            models.UniqueConstraint(
                fields=["client_id"],
                condition=Q(author=None) & ~Q(client_id=""),
                name="message_system_client_id",
            ),
        ]
        indexes = [models.Index(fields=["chat", "created_at"], name="message_by_date")]

    def __str__(self) -> str:
        return f"{self.chat_id} #{self.seq}"
