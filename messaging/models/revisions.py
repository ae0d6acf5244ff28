"""What messages said before they were edited."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .messages import Message


class Revision(models.Model):
    """What a message said until an edit. What it says now is in the message itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="revisions", verbose_name=_("message")
    )
    revision = models.PositiveIntegerField(_("revision"))
    text = models.TextField(_("text"), max_length=Message.MAX_TEXT)
    created_at = models.DateTimeField(_("said so since"))

    class Meta:
        ordering = ["-revision"]
        verbose_name = _("revision")
        constraints = [models.UniqueConstraint(fields=["message", "revision"], name="revision_once")]

    def __str__(self) -> str:
        return f"{self.message_id} as of {self.revision}"
