"""Who people are elsewhere."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .people import User


class LinkedIdentity(models.Model):
    """An account at another provider that signs in to one here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="identities", verbose_name=_("user")
    )
    provider = models.CharField(_("provider"), max_length=16)
    subject = models.CharField(_("id there"), max_length=255)
    label = models.CharField(_("known there as"), max_length=254, blank=True)  # an address or a username
    linked_at = models.DateTimeField(_("linked"), auto_now_add=True)
    used_at = models.DateTimeField(_("last used"), default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("linked identity")
        verbose_name_plural = _("linked identities")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["provider", "subject"], name="identity_of_one_user"),
            models.UniqueConstraint(fields=["user", "provider"], name="one_identity_a_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.label or self.subject}"
