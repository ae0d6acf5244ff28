"""What people are here as."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    MEMBER = "member", _("member")  # everybody is
    CREATOR = "creator", _("creator")
    MARKETER = "marketer", _("marketer")
    MODERATOR = "moderator", _("moderator")
    STAFF = "staff", _("staff")  # whoever may enter the console is


GRANTED = (Role.CREATOR, Role.MARKETER, Role.MODERATOR)  # those that are rows


class RoleGrant(models.Model):
    """Somebody holds a role. `member` everybody holds, `staff` is `User.is_staff`: these have no rows."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="role_grants", verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=16, choices=[(role.value, role.label) for role in GRANTED])
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("granted by"),
    )
    granted_at = models.DateTimeField(_("granted"), default=timezone.now)

    class Meta:
        verbose_name = _("role")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "role"], name="role_once"),
            models.CheckConstraint(condition=models.Q(role__in=GRANTED), name="role_is_granted"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["role", "user"], name="holders_of_role"),  # the console's filter
        ]

    def __str__(self) -> str:
        return self.get_role_display()
