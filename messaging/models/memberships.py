"""Who came into which chat and went, as what, and by whom: all of it, not only how it stands."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .participants import Participant


class MembershipChange(models.Model):
    """Somebody came, went, or changed role. Written once, never changed: support has to answer for it."""

    class Kind(models.TextChoices):
        ADDED = "added", _("came in")
        ROLE = "role", _("changed role")
        LEFT = "left", _("left")
        REMOVED = "removed", _("was removed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey(
        "Chat", on_delete=models.CASCADE, related_name="membership_changes", db_index=False
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("who"))
    kind = models.CharField(_("what"), max_length=7, choices=Kind)
    role = models.CharField(_("role"), max_length=8, choices=Participant.Role)  # then, or until then
    by = models.ForeignKey(  # null: the platform
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("change of membership")
        verbose_name_plural = _("comings and goings")
        indexes = [models.Index(fields=["chat", "-id"], name="membership_changes_of_chat")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} in {self.chat_id}"
