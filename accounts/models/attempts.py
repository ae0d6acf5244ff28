"""Failed attempts to prove who one is."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .people import User


class AttemptCountQuerySet(models.QuerySet["AttemptCount"]):
    def untold(self) -> AttemptCountQuerySet:
        """Delays that began and that nobody wrote down; strangers' again after each pause."""
        has_begun = Q(failures__gte=AttemptCount.FREE_OF_STRANGERS) | (
            Q(failures__gte=AttemptCount.FREE) & ~Q(kind=AttemptCount.Kind.STRANGERS)
        )
        goes_on = Q(
            kind=AttemptCount.Kind.STRANGERS, failed_at__gt=models.F("told_at") + AttemptCount.TELL_EVERY
        )
        return self.filter(
            has_begun, Q(told_at=None) | goes_on, user__isnull=False, failures__gte=AttemptCount.FREE
        ).order_by("pk")

    def forgotten(self, *, at: datetime) -> AttemptCountQuerySet:
        return self.filter(failed_at__lt=at - AttemptCount.COUNTED)


class AttemptCount(models.Model):
    """How often proving to be somebody failed of late from one place, and so how long the next has to wait.

    An attempt counts from its beginning, so that many at once are no more than may be. Of the address that
    was named there is a keyed hash: it need not be anybody's, and what strangers type is not for us to keep.
    """

    FREE = 5  # failures without a delay; each further doubles it, from a second on
    # What every unknown place together may: with the delays about 150 guesses a day at one account.
    FREE_OF_STRANGERS = 50
    LONGEST = timedelta(minutes=15)
    COUNTED = timedelta(days=1)  # after the last failure
    TELL_EVERY = timedelta(hours=6)  # of strangers that go on, by mail

    class Kind(models.TextChoices):
        DEVICE = "device", _("known device")
        NETWORK = "network", _("network")
        STRANGERS = "strangers", _("unknown devices together")
        SESSION = "session", _("session")  # who is signed in and asked for the password again

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.CharField(max_length=64, editable=False)
    kind = models.CharField(_("where"), max_length=9, choices=Kind)
    place = models.CharField(_("place"), max_length=43, blank=True)  # device, network, session; or all
    user = models.ForeignKey(
        User, null=True, on_delete=models.CASCADE, related_name="attempt_counts", verbose_name=_("user")
    )
    failures = models.PositiveIntegerField(_("failures"), default=0)
    failed_at = models.DateTimeField(_("last failure"))
    address = models.GenericIPAddressField(_("last from"), null=True, blank=True)
    user_agent = models.CharField(_("client"), max_length=300, blank=True)
    told_at = models.DateTimeField(_("told"), null=True)

    objects = AttemptCountQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-failed_at"]
        verbose_name = _("failed attempts")
        verbose_name_plural = _("failed attempts")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "kind", "place"], name="one_count_a_place")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-failed_at"], name="attempts_failed"),  # the list, the purge
            models.Index(
                fields=["id"], condition=Q(user__isnull=False, failures__gte=5), name="attempts_delayed"
            ),  # who is to be told
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.place}".strip()

    @property
    def allowance(self) -> int:
        """Failures without a delay."""
        return self.FREE_OF_STRANGERS if self.kind == self.Kind.STRANGERS else self.FREE

    def failures_at(self, at: datetime) -> int:
        """Failures that still count."""
        return self.failures if at - self.failed_at < self.COUNTED else 0

    def delayed_until(self, at: datetime) -> datetime | None:
        """When the next attempt is looked at, if that is after *at*."""
        over = self.failures_at(at) - self.allowance
        if over < 0:
            return None
        until = self.failed_at + min(timedelta(seconds=2 ** min(over, 16)), self.LONGEST)
        return until if until > at else None

    def wait(self, at: datetime) -> int:
        """Whole seconds until the next attempt is looked at; 0 if it is now."""
        until = self.delayed_until(at)
        return ceil((until - at).total_seconds()) if until else 0
