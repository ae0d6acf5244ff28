"""What proves who somebody is beside their password, and the half of a sign-in that waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.fields import EncryptedTextField
from common.ids import uuid7

from .people import User


class AuthenticatorApp(models.Model):
    """An app that shows another code every thirty seconds (TOTP, RFC 6238). One a person.

    It counts once a code of it was given: until then it is set up, for ten minutes.
    """

    STEP = 30  # seconds that a code lives: no drift is allowed for (ASVS 5.0 6.5.5: at most thirty)
    SETUP = timedelta(minutes=10)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="authenticator_app")
    secret = EncryptedTextField()  # base32
    last_step = models.PositiveBigIntegerField(null=True)  # whose code was taken: none is taken twice
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(_("since"), null=True)

    class Meta:
        verbose_name = _("authenticator app")

    def __str__(self) -> str:
        return f"authenticator app {self.pk}"

    def is_waiting(self, *, at: datetime) -> bool:
        """Whether it is being set up."""
        return self.confirmed_at is None and self.created_at > at - self.SETUP


class RecoveryCode(models.Model):
    """One of ten that open an account without its other factors, once each.

    120 random bits, so that a plain hash keeps them (ASVS 5.0 6.5.2: from 112 on).
    """

    COUNT = 10

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64, editable=False)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "code_hash"], name="recovery_code_of_user")]

    def __str__(self) -> str:
        return f"recovery code {self.pk}"


class Passkey(models.Model):
    """A WebAuthn credential: its device keeps the private key, and asks its holder before it signs."""

    LIMIT = 20  # a person: what an authenticator is told to leave out

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=80)
    credential_id = models.CharField(max_length=1400, unique=True, editable=False)  # base64url, ≤ 1023 bytes
    public_key = models.BinaryField(editable=False)  # COSE
    sign_count = models.PositiveBigIntegerField(default=0, editable=False)
    transports = models.JSONField(default=list, editable=False)
    aaguid = models.UUIDField(null=True, editable=False)  # the kind of authenticator
    backup_eligible = models.BooleanField(_("synchronised"), default=False)  # may live on several devices
    backed_up = models.BooleanField(_("backed up"), default=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    regressed_at = models.DateTimeField(_("count went back"), null=True)  # perhaps there is a copy of it

    class Meta:
        ordering = ["-id"]
        verbose_name = _("passkey")
        indexes = [models.Index(fields=["user", "-id"], name="passkey_of_user")]  # the person's list

    def __str__(self) -> str:
        return self.name


class FactorTally(models.Model):
    """Wrong codes of an authenticator app, over all sessions and sign-ins of a person.

    The digits are few. From the fifth wrong code on each is followed by a pause twice as long as the one
    before, half a minute at first. Passkeys and recovery codes can't be guessed and never wait, so that
    whoever knows a password can't keep its owner out.
    """

    FREE = 5
    PAUSE = timedelta(seconds=30)
    LONGEST = timedelta(hours=1)
    KEPT = timedelta(days=1)

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="factor_tally")
    wrong = models.PositiveIntegerField(default=0)
    wrong_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.wrong} wrong codes of {self.user_id}"

    def pause(self, *, at: datetime) -> timedelta:
        """How long the next code has to wait."""
        if self.wrong < self.FREE:
            return timedelta()
        doubled = min(self.wrong - self.FREE, 10)
        return self.wrong_at + min(self.PAUSE * 2**doubled, self.LONGEST) - at


class SignInChallengeQuerySet(models.QuerySet["SignInChallenge"]):
    def open(self, *, at: datetime) -> SignInChallengeQuerySet:
        return self.filter(closed_at=None, expires_at__gt=at, user__is_active=True)

    def expired(self, *, at: datetime) -> SignInChallengeQuerySet:
        return self.filter(expires_at__lte=at)


class SignInChallenge(models.Model):
    """Half of a sign-in: the password was right, a second factor is asked for.

    It holds what it was made for, so that it is worth nothing to another client, at another address or
    after another password was set.
    """

    GUESSES = 5

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_challenges")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    bound = models.CharField(max_length=64, editable=False)
    device_name = models.CharField(max_length=100, blank=True)
    guesses = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = SignInChallengeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="sign_in_challenge_expiry")]  # the purge

    def __str__(self) -> str:
        return f"sign-in challenge {self.pk}"
