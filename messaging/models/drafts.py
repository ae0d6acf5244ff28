"""What somebody has begun to say."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .messages import Message


class DraftQuerySet(models.QuerySet["Draft"]):
    def shown(self) -> DraftQuerySet:
        """With what `DraftSerializer` reads: two queries, however many drafts and copies."""
        return self.prefetch_related("copies")


class Draft(models.Model):
    """What a person has begun to say in a chat, or in a thread of it, on all their devices.

    It is never deleted but emptied: `version` goes on counting, so that a device which was away can't bring
    back what another has sent meanwhile.
    """

    MAX_COPIES = 20

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="drafts")
    thread = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.CASCADE, related_name="drafts"
    )
    text = models.TextField(_("text"), max_length=Message.MAX_TEXT, blank=True)
    version = models.PositiveIntegerField(_("version"), default=0)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("draft")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "chat"], condition=Q(thread=None), name="draft_of_main_line"
            ),
            models.UniqueConstraint(
                fields=["user", "thread"], condition=Q(thread__isnull=False), name="draft_of_thread"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.thread_id or self.chat_id}"


class DraftCopy(models.Model):
    """What a device wrote that had not seen what another wrote before: kept beside the draft."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="copies")
    text = models.TextField(_("text"), max_length=Message.MAX_TEXT)
    version = models.PositiveIntegerField(_("version it had seen"))
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("conflict copy")
        verbose_name_plural = _("conflict copies")

    def __str__(self) -> str:
        return f"copy of {self.draft_id}"
