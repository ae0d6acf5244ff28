"""People and their sessions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7


def validate_timezone(name: str) -> None:
    """An IANA time zone, such as Asia/Riyadh."""
    if name not in available_timezones():
        raise ValidationError(_("There is no such time zone."), code="unknown_timezone")


validate_username = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{1,28}[A-Za-z0-9]\Z",  # `$` would let a line break through
    _("3 to 30 letters, digits, dots, dashes or underscores, a letter or digit at both ends."),
    code="invalid_username",
)


class UserManager(BaseUserManager["User"]):
    def with_email(self, email: str) -> User | None:
        return self.filter(email=normalize_email(email)).first()

    def get_by_natural_key(self, email: str | None) -> User:
        """However the address is spelt: the admin's sign-in comes through here."""
        return self.get(email=normalize_email(email or ""))

    def reachable(self) -> models.QuerySet[User]:
        """People who can take part: address verified, account active."""
        return self.filter(is_active=True, email_verified_at__isnull=False)

    def create_user(self, *, email: str, username: str, password: str | None = None, **more: Any) -> User:
        user = User(email=normalize_email(email), username=username, **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, username: str, password: str | None = None, **more: Any) -> User:
        more |= {"is_staff": True, "is_superuser": True, "email_verified_at": timezone.now()}
        return self.create_user(email=email, username=username, password=password, **more)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. They sign in with their address; others know them by username and display name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    email_verified_at = models.DateTimeField(_("e-mail verified"), null=True, blank=True)
    username = models.CharField(_("username"), max_length=30, validators=[validate_username])
    display_name = models.CharField(_("display name"), max_length=80)
    first_name = models.CharField(_("first name"), max_length=80, blank=True)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    status_text = models.CharField(_("status"), max_length=140, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_timezone])
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May enter this console."))
    created_at = models.DateTimeField(_("joined"), auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["username"]

    class Meta:
        ordering = ["-id"]
        verbose_name = _("user")
        constraints = [
            models.UniqueConstraint(Lower("username"), name="username_unique_ci"),
            # Unique addresses are unique however they are spelt: only one spelling can be stored.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_lower_case"),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} (@{self.username})"

    def get_full_name(self) -> str:
        """What the console greets staff with."""
        return self.display_name

    @property
    def is_verified(self) -> bool:
        return self.email_verified_at is not None

    @property
    def role(self) -> str:
        return "staff" if self.is_staff else "member"

    @property
    def roles(self) -> list[str]:
        return ["member", "staff"] if self.is_staff else ["member"]


class TakenUsername(models.Model):
    """A name that nobody can have, and that no account has.

    When somebody signs up with an address that is taken, the answer is the same as always, so the name they
    chose must be gone afterwards as always: else a second sign-up with that name would tell whether the first
    made an account.
    """

    username = models.CharField(max_length=30)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("username"), name="taken_username_unique_ci")]

    def __str__(self) -> str:
        return self.username


class SessionQuerySet(models.QuerySet["Session"]):
    def alive(self, *, at: datetime) -> SessionQuerySet:
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)

    def ended_before(self, at: datetime) -> SessionQuerySet:
        return self.filter(models.Q(revoked_at__lt=at) | models.Q(expires_at__lt=at))

    def alive_among(self, ids: Iterable[UUID], *, at: datetime) -> set[UUID]:
        return set(self.alive(at=at).filter(pk__in=list(ids)).values_list("pk", flat=True))


class Session(models.Model):
    """A sign-in on a device. This row is the authority: once it is revoked, nothing of it holds.

    The refresh token is signed from (id, generation, refreshed_at), so that the present one can be given
    again to a client that raced itself, while only its hash is stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions", verbose_name=_("user"))
    device_name = models.CharField(_("device"), max_length=100, blank=True)
    user_agent = models.CharField(_("client"), max_length=300, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    generation = models.PositiveIntegerField(_("generation"), default=0)
    refreshed_at = models.DateTimeField(_("refreshed"))
    refresh_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("signed in"), auto_now_add=True)
    last_seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_reason = models.CharField(_("why"), max_length=32, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("session")
        indexes = [
            models.Index(fields=["user", "-id"], name="session_of_user"),  # the person's list
            models.Index(fields=["expires_at"], name="session_expiry"),  # the purge
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"

    @property
    def is_alive(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now() and self.user.is_active


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

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mailed_codes")
    purpose = models.CharField(max_length=16, choices=Purpose)
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


def normalize_email(email: str) -> str:
    return email.strip().lower()
