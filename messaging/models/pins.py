"""What is held up for everyone in a chat."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .chats import Chat
from .hidden import HiddenMessage
from .messages import Message


class PinQuerySet(models.QuerySet["Pin"]):
    def shown_to(self, reader: UUID) -> PinQuerySet:
        """Those whose messages are there for *reader*, with what `PinSerializer` reads."""
        hidden = HiddenMessage.objects.filter(user=reader).values("message")
        messages = Prefetch("message", Message.objects.shown_to(reader))
        return self.exclude(message__in=hidden).prefetch_related(messages)

    def expired(self, *, at: datetime) -> PinQuerySet:
        return self.filter(until__lte=at).order_by("until")  # none starves


class Pin(models.Model):
    """A message held up for everyone in its chat."""

    LIMIT: ClassVar[int] = 50  # pins per chat: what a client shows without paging

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="pins", verbose_name=_("chat"))
    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, related_name="pin", verbose_name=_("message")
    )
    pinned_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("pinned by")
    )
    until = models.DateTimeField(_("pinned until"), null=True, blank=True, db_index=True)
    created_at = models.DateTimeField(_("pinned"), auto_now_add=True)

    objects = PinQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]  # newest first: ids are time-ordered
        verbose_name = _("pin")
        indexes = [models.Index(fields=["chat", "-id"], name="pin_of_chat")]  # the list

    def __str__(self) -> str:
        return f"pin of {self.message_id}"
