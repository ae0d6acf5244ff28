"""Keys of services that act for a person."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .people import User


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def alive(self, *, at: datetime) -> ApiKeyQuerySet:
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)


class ApiKey(models.Model):
    """Lets a service do a part of what its owner may. Its secret is shown once; only a hash is here.

    The secret has 256 random bits, so a plain hash is enough: there is nothing to guess at.
    """

    LIMIT = 20  # keys of a person that work at the same time

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("prefix"), max_length=12, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    previous_until = models.DateTimeField(_("older secret works until"), null=True, blank=True)
    scopes = models.JSONField(_("scopes"), default=list)
    expires_at = models.DateTimeField(_("expires"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    rotated_at = models.DateTimeField(_("rotated"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    last_used_address = models.GenericIPAddressField(_("last used from"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("API key")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "-id"], name="api_key_of_user")  # the person's list
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def is_alive(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now() and self.user.is_active
