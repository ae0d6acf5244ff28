"""People, and the names that are theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Concat, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.holdings import Subject
from common.ids import uuid7

from .roles import Role

NOWHERE: Final = "users.invalid"  # where addresses of accounts without one are: RFC 2606 §2, nobody's


def validate_timezone(name: str) -> None:
    """An IANA time zone, such as Asia/Riyadh."""
    if name not in available_timezones():
        raise ValidationError(_("There is no such time zone."), code="unknown_timezone")


validate_username = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{1,28}[A-Za-z0-9]\Z",  # `$` would let a line break through
    _("3 to 30 letters, digits, dots, dashes or underscores, a letter or digit at both ends."),
    code="invalid_username",
)


def _has_open_address(address: str) -> Q:
    return Q(email=normalize_email(address), settings__values__privacy__found_by_email=True)


class UserQuerySet(models.QuerySet["User"]):
    def reachable(self) -> UserQuerySet:
        """People who can take part: address verified, account active."""
        return self.filter(is_active=True, email_verified_at__isnull=False)

    def not_blocking(self, user: User) -> UserQuerySet:
        """Those who have not blocked *user*: for *user* the others are not there."""
        return self.exclude(blocks__blocked=user)

    def visible_to(self, user: User) -> UserQuerySet:
        """People whose card *user* may see."""
        return self.reachable().not_blocking(user)

    def found_at(self, address: str) -> UserQuerySet:
        """The person with this whole address, if they let themselves be found by it."""
        return self.filter(_has_open_address(address))

    def found_by(self, user: User, words: str) -> UserQuerySet:
        """Others whom *user* finds by a part of a name, or by the whole address of those who allow it.

        `place` orders them: the exact username first, then beginnings, then the rest, each by name; no two
        have the same.
        """
        name = words.removeprefix("@")
        found = Q(username__icontains=name) | Q(display_name__icontains=words)
        if "@" in name:
            found |= _has_open_address(words)
        rank = Case(
            When(username__iexact=name, then=Value("0")),
            When(username__istartswith=name, then=Value("1")),
            When(display_name__istartswith=words, then=Value("2")),
            default=Value("3"),
        )
        return (
            self.visible_to(user)
            .exclude(blocked_by__blocker=user)
            .exclude(pk=user.pk)
            .filter(found)
            .annotate(place=Concat(rank, Lower("display_name"), Value(" "), Lower("username")))
        )


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def reachable(self) -> UserQuerySet:
        return self.get_queryset().reachable()

    def visible_to(self, user: User) -> UserQuerySet:
        return self.get_queryset().visible_to(user)

    def found_by(self, user: User, words: str) -> UserQuerySet:
        return self.get_queryset().found_by(user, words)

    def with_email(self, email: str) -> User | None:
        return self.filter(email=normalize_email(email)).first()

    def get_by_natural_key(self, email: str | None) -> User:
        """However the address is spelt: the admin's sign-in comes through here."""
        return self.get(email=normalize_email(email or ""))

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

    STATUS_LONGEST = timedelta(days=366)  # a year from now; for ever is no expiry at all
    AVATAR_SIZES = (64, 256, 512)  # pixels: in a list, on a card, on a page of its own
    AVATAR_BYTES = 5 * 1024 * 1024  # of what is uploaded: a photo of any phone

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    email_verified_at = models.DateTimeField(_("e-mail verified"), null=True, blank=True)
    username = models.CharField(_("username"), max_length=30, validators=[validate_username])
    display_name = models.CharField(_("display name"), max_length=80)
    first_name = models.CharField(_("first name"), max_length=80, blank=True)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    status_text = models.CharField(_("status"), max_length=140, blank=True)
    status_expires_at = models.DateTimeField(_("status until"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_timezone])
    avatar = models.CharField(_("picture"), max_length=32, blank=True, editable=False)  # key of its files
    settings = models.JSONField(_("settings"), default=dict, blank=True, editable=False)  # see `preferences`
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May enter this console."))
    role = models.CharField(_("acts as"), max_length=16, choices=Role, default=Role.MEMBER)  # one of `roles`
    created_at = models.DateTimeField(_("joined"), auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["username"]

    class Meta:
        ordering = ["-id"]
        verbose_name = _("user")
        permissions: ClassVar[list[tuple[str, Any]]] = [
            ("remove_second_factor", _("Can remove somebody's second factors")),
        ]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="username_unique_ci"),
            # Unique addresses are unique however they are spelt: only one spelling can be stored.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_lower_case"),
        ]
        indexes = [
            models.Index(
                fields=["status_expires_at"],
                condition=models.Q(status_expires_at__isnull=False),
                name="status_expiry",  # the clearing
            )
        ]

    def __str__(self) -> str:
        return f"{self.display_name} (@{self.username})"

    def get_full_name(self) -> str:
        """What the console greets staff with."""
        return self.display_name

    @property
    def is_verified(self) -> bool:
        return self.email_verified_at is not None

    def as_subject(self) -> Subject:
        """As what is held about them names them."""
        return Subject(id=self.pk, email=self.email, username=self.username)

    @property
    def has_mailbox(self) -> bool:
        """Whether there is an address at all: Telegram tells none."""
        return not self.email.endswith(f"@{NOWHERE}")

    @property
    def roles(self) -> list[Role]:
        """Those that they hold, in the order of `Role`."""
        held = {Role.MEMBER, *(grant.role for grant in self.role_grants.all())}
        return [role for role in Role if role in held or (role == Role.STAFF and self.is_staff)]

    @property
    def status(self) -> tuple[str, datetime | None]:
        """What they say they are doing, and until when; nothing once that is over."""
        expires = self.status_expires_at
        return ("", None) if expires and expires <= timezone.now() else (self.status_text, expires)

    @property
    def avatars(self) -> dict[str, str] | None:
        """Addresses of their picture, by its width in pixels."""
        if not self.avatar:
            return None
        return {str(size): default_storage.url(avatar_name(self.avatar, size)) for size in self.AVATAR_SIZES}

    @property
    def avatar_url(self) -> str | None:
        """The one for a card: 256 pixels wide."""
        return default_storage.url(avatar_name(self.avatar, 256)) if self.avatar else None


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


def normalize_email(email: str) -> str:
    return email.strip().lower()


def avatar_name(key: str, size: int) -> str:
    """The file of a picture at a size."""
    return f"avatars/{key}-{size}.webp"
