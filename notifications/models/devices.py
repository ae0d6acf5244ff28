"""Where people's apps and browsers take pushes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Session, User, validate_timezone
from common.fields import EncryptedTextField
from common.ids import uuid7


class PushDeviceQuerySet(models.QuerySet["PushDevice"]):
    def alive(self, *, at: datetime) -> PushDeviceQuerySet:
        """Those that may be sent something: the provider knows them, and their person is signed in there."""
        return self.filter(gone_at=None, session__in=Session.objects.alive(at=at))

    def expired(self, *, at: datetime) -> PushDeviceQuerySet:
        return self.filter(gone_at__lt=at - PushDevice.GONE_KEPT)


class PushDevice(models.Model):
    """An app or a browser that takes pushes, by the token that its provider gave it.

    It belongs to the session that registered it: once that ends, nothing is sent there. The token is a
    secret, since whoever has it may send: it is encrypted, and found by a hash, which may be a plain one,
    since providers make tokens that can't be guessed. What changes hands gets another id, so that what is
    still on its way to one person can't come out at another's.
    """

    LIMIT = 20  # of a person; one more, and the one unused longest goes
    GONE_KEPT = timedelta(days=30)  # so that staff can say why nothing came

    class Provider(models.TextChoices):
        FCM = "fcm", _("Firebase Cloud Messaging")
        APNS = "apns", _("Apple Push Notification service")
        WEBPUSH = "webpush", _("Web Push")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="push_devices", db_index=False, verbose_name=_("user")
    )
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="push_devices")
    provider = models.CharField(_("provider"), max_length=7, choices=Provider)
    token = EncryptedTextField(editable=False)  # of Web Push: the address of the subscription
    token_hash = models.CharField(max_length=64, editable=False)
    p256dh = models.CharField(max_length=88, blank=True, editable=False)  # the public key, base64url
    auth = EncryptedTextField(blank=True, editable=False)  # what it shares with us, base64url
    app = models.CharField(_("app"), max_length=155, blank=True)  # of APNs: the bundle id
    is_sandbox = models.BooleanField(_("sandbox"), default=False)  # of APNs: built for development
    name = models.CharField(_("name"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)  # if not the person's
    timezone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_timezone])
    created_at = models.DateTimeField(_("registered"), auto_now_add=True)
    seen_at = models.DateTimeField(_("last registered"))
    gone_at = models.DateTimeField(_("gone"), null=True, blank=True)
    gone_reason = models.CharField(_("why"), max_length=32, blank=True)

    objects = PushDeviceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("push device")
        constraints = [
            models.UniqueConstraint(fields=["provider", "token_hash"], name="push_device_once"),
            models.CheckConstraint(
                condition=models.Q(gone_at=None, gone_reason="")
                | models.Q(gone_at__isnull=False) & ~models.Q(gone_reason=""),
                name="push_device_gone_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="push_device_of_user"),  # the person's list
            models.Index(fields=["gone_at"], name="push_device_gone"),  # the purge
        ]

    def __str__(self) -> str:
        return self.name or f"{self.provider} {self.pk}"

    @property
    def absence(self) -> str:
        """Why nothing is sent there, in one word; empty where `alive` has it. Asks for the session's user."""
        if self.gone_at:
            return "device_gone"
        return "" if self.session.is_alive else "signed_out"

    @property
    def hears_silently(self) -> bool:
        """Whether it can be told something without its person seeing it.

        Browsers ask that every push is shown, and take the permission away from those who don't: W3C Push API
        §3.3 (`userVisibleOnly`); WebKit, "Web Push for Web Apps on iOS and iPadOS".
        """
        return self.provider != self.Provider.WEBPUSH
