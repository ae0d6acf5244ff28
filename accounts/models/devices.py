"""What people sign in on, and from where."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .people import User


class KnownDeviceQuerySet(models.QuerySet["KnownDevice"]):
    def forgotten(self, *, at: datetime) -> KnownDeviceQuerySet:
        return self.filter(seen_at__lt=at - KnownDevice.KNOWN)


class KnownDevice(models.Model):
    """A device that somebody signed in on: it shows the signed token that it was given then.

    Strangers' failures don't count against it, and signing in on another one is told by mail. Several people
    may sign in on one device: it has a row for each. Clients that keep no token have a row for each of their
    networks, by which and by their name they are told apart.
    """

    KNOWN = timedelta(days=180)  # after the last sign-in

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="known_devices")
    device = models.UUIDField(default=uuid7)  # what the token names
    network = models.CharField(_("network"), max_length=43, blank=True)  # of the last sign-in
    user_agent = models.CharField(_("client"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(_("last sign-in"))

    objects = KnownDeviceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("known device")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "device"], name="device_once_a_person")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["seen_at"], name="known_device_seen"),  # the purge
        ]

    def __str__(self) -> str:
        return f"known device {self.pk}"


class KnownNetworkQuerySet(models.QuerySet["KnownNetwork"]):
    def known(self, *, at: datetime) -> KnownNetworkQuerySet:
        return self.filter(seen_at__gt=at - KnownNetwork.KNOWN)

    def forgotten(self, *, at: datetime) -> KnownNetworkQuerySet:
        return self.filter(seen_at__lte=at - KnownNetwork.KNOWN)


class KnownNetwork(models.Model):
    """Where somebody signed in from lately: it counts for clients that keep no token of their device."""

    KNOWN = timedelta(days=30)  # less than a device: networks change hands

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="known_networks")
    network = models.CharField(_("network"), max_length=43)
    seen_at = models.DateTimeField(_("last sign-in"))

    objects = KnownNetworkQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "network"], name="network_once_a_person")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["seen_at"], name="known_network_seen"),  # the purge
        ]

    def __str__(self) -> str:
        return f"known network {self.network}"
