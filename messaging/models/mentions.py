"""Who is called by a message."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7


class Mention(models.Model):
    """Somebody whom a message calls: the row by which it is found. What the message shows is its own list."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(
        "Message", on_delete=models.CASCADE, related_name="mention_rows", db_index=False
    )
    # Where it stands, as its message says: what is unread of a person in a chat is one range of an index.
    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="+", db_index=False)
    seq = models.PositiveBigIntegerField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("who"))

    class Meta:
        verbose_name = _("mention")
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="mention_once")]
        indexes = [models.Index(fields=["chat", "user", "seq"], name="mention_in_chat")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.message_id}"
