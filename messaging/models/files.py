"""Files of messages. What a file is, and its bytes, is the room `files`'."""

from __future__ import annotations

from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7
from files.models import File

from .hidden import HiddenMessage


class MessageFileQuerySet(models.QuerySet["MessageFile"]):
    def shown(self) -> MessageFileQuerySet:
        """With what a message shows of its files, in their order."""
        return self.select_related("file").order_by("position")

    def listed(self) -> MessageFileQuerySet:
        """With what the list of a chat's files shows, the newest first."""
        return self.select_related("file", "message").order_by("-id")

    def not_hidden_from(self, user: UUID) -> MessageFileQuerySet:
        """Without those of messages that *user* has deleted for themselves."""
        return self.filter(~Exists(HiddenMessage.objects.filter(message=OuterRef("message"), user=user)))


class MessageFile(models.Model):
    """A file that a message names."""

    LIMIT = 10  # files of a message

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The message's own, so that a chat's files are found by index, however long it is.
    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="message_files")
    message = models.ForeignKey("Message", on_delete=models.CASCADE, related_name="message_files")
    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="message_files")
    position = models.PositiveSmallIntegerField(_("position"))

    objects = MessageFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of a message")
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="message_file_position"),
            models.UniqueConstraint(fields=["file", "message"], name="message_file_once"),
        ]
        indexes = [models.Index(fields=["chat", "-id"], name="message_file_list")]

    def __str__(self) -> str:
        return f"{self.file_id} of {self.message_id}"
