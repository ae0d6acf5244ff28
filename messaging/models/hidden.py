"""What people have deleted for themselves alone."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7


class HiddenMessage(models.Model):
    """A message that somebody sees nowhere any more, although it is there for the others."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("for whom"))
    message = models.ForeignKey(
        "Message", on_delete=models.CASCADE, related_name="+", verbose_name=_("message")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("hidden message")
        constraints = [models.UniqueConstraint(fields=["user", "message"], name="hidden_once")]

    def __str__(self) -> str:
        return f"{self.message_id} for {self.user_id}"
