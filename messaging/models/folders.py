"""How people sort their chats."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7


class FolderQuerySet(models.QuerySet["Folder"]):
    def listed(self) -> FolderQuerySet:
        """In their order, with what `FolderSerializer` reads. Of chats that were left nothing shows."""
        there = FolderPlace.objects.filter(
            chat__deleted_at=None,
            chat__participants__user=models.F("folder__user"),
            chat__participants__left_seq=None,
        )
        return self.prefetch_related(
            Prefetch("places", there.order_by("position"), to_attr="shown")
        ).order_by("position", "id")


class Folder(models.Model):
    """Some of a person's chats under a title, for nobody but them."""

    MAX: Final = 20  # of one person
    MAX_CHATS: Final = 200  # in one of them

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(_("title"), max_length=60)
    position = models.PositiveSmallIntegerField(_("place"), default=1)

    objects = FolderQuerySet.as_manager()

    class Meta:
        verbose_name = _("folder")
        indexes = [models.Index(fields=["user", "position", "id"], name="folder_of_user")]

    def __str__(self) -> str:
        return self.title


class FolderPlace(models.Model):
    """A chat's place in a folder."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="places")
    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(_("place"))

    class Meta:
        verbose_name = _("chat in a folder")
        constraints = [models.UniqueConstraint(fields=["folder", "chat"], name="folder_has_chat_once")]

    def __str__(self) -> str:
        return f"{self.chat_id} in {self.folder_id}"
