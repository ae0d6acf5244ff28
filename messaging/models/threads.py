"""Who follows which thread, and how far they have read it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .messages import Message


class ThreadMark(models.Model):
    """How far somebody has read a thread. Its unread replies count for them while they follow it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="+", db_index=False)
    root = models.ForeignKey(
        Message,
        on_delete=models.CASCADE,
        related_name="thread_marks",
        db_index=False,
        verbose_name=_("root message"),
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="thread_marks")
    read_seq = models.PositiveBigIntegerField(_("read up to"))
    is_following = models.BooleanField(_("following"), default=False)

    class Meta:
        verbose_name = _("thread mark")
        constraints = [models.UniqueConstraint(fields=["root", "user"], name="thread_mark_once")]
        # What of a chat is unread for somebody in threads: asked of every chat in their list.
        indexes = [models.Index(fields=["chat", "user"], name="thread_mark_of_chat")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.root_id}"
