"""People who want to be forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .people import User


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def open(self) -> ErasureQuerySet:
        return self.filter(cancelled_at=None, erased_at=None)

    def waiting(self) -> ErasureQuerySet:
        """Those that can still be called off."""
        return self.open().filter(begun_at=None)

    def due(self, *, at: datetime) -> ErasureQuerySet:
        return self.open().filter(due_at__lte=at).order_by("due_at")


class Erasure(models.Model):
    """Somebody's wish to be forgotten: days of grace in which it can be called off, then the receipt."""

    GRACE = timedelta(days=14)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="erasures", verbose_name=_("user"))
    by_staff = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("asked for by staff"),
    )
    requested_at = models.DateTimeField(_("requested"))
    due_at = models.DateTimeField(_("due"))
    cancelled_at = models.DateTimeField(_("called off"), null=True, blank=True)
    begun_at = models.DateTimeField(_("begun"), null=True, blank=True)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)
    replays = models.UUIDField(null=True, editable=False)  # the one whose receipt a restore made stale
    counts = models.JSONField(default=dict)  # rows by model, as far as it has come
    reached = models.JSONField(default=dict)  # the last key by model: another try counts on from there
    receipt = models.JSONField(_("receipt"), default=dict)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("erasure")
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(cancelled_at=None, erased_at=None),
                name="one_open_erasure",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(cancelled_at=None, erased_at=None),
                name="erasure_due",
            )
        ]

    def __str__(self) -> str:
        return f"erasure {self.pk}"

    @property
    def state(self) -> str:
        """`waiting`, `running`, `erased` or `cancelled`."""
        if self.cancelled_at:
            return "cancelled"
        if self.erased_at:
            return "erased"
        return "running" if self.begun_at else "waiting"
