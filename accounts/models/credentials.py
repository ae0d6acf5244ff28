"""What proves who somebody is, beside the password that they have now."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from common.ids import uuid7

from .people import User


class PreviousPassword(models.Model):
    """The hash of a password that its owner had before, so that it is not chosen again too soon."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="previous_passwords")
    password = models.CharField(max_length=128, editable=False)

    class Meta:
        ordering = ["-id"]  # the latest first

    def __str__(self) -> str:
        return f"previous password {self.pk}"


class MailedCodeQuerySet(models.QuerySet["MailedCode"]):
    def open(self, *, at: datetime) -> MailedCodeQuerySet:
        return self.filter(closed_at=None, expires_at__gt=at, user__is_active=True)

    def counting(self, *, at: datetime) -> MailedCodeQuerySet:
        """Those whose guesses still count against their account."""
        return self.filter(created_at__gt=at - MailedCode.COUNTED)

    def expired(self, *, at: datetime) -> MailedCodeQuerySet:
        return self.filter(created_at__lte=at - MailedCode.COUNTED, expires_at__lte=at)


class MailedCode(models.Model):
    """Six digits that a mail carried, for one purpose, once. Beside them the mail has a link.

    Neither is stored: of the digits a keyed hash, which holds the account's address too, so that a code is
    worth nothing after what it was made for has changed.
    """

    GUESSES = 5  # at one code
    GUESSES_A_DAY = 25  # at all codes of an account: whoever asks for new ones again and again gets no more
    COUNTED = timedelta(days=1)

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"
        RESET_PASSWORD = "reset_password"  # noqa: S105 (a purpose, not a secret)
        UNLOCK = "unlock"  # an attempt where strangers have used up what they may
        CHANGE_EMAIL = "change_email"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mailed_codes")
    purpose = models.CharField(max_length=16, choices=Purpose)
    email = models.EmailField(blank=True)  # the new address, of `CHANGE_EMAIL` alone
    code_hash = models.CharField(max_length=64, editable=False)
    guesses = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)  # used, or followed by another

    objects = MailedCodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "purpose"], condition=models.Q(closed_at=None), name="one_open_code"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="mailed_code_made")]  # the purge

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
