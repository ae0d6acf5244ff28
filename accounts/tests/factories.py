from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import (
    AddressRule,
    ApiKey,
    AuthenticatorApp,
    Block,
    LinkedIdentity,
    Passkey,
    RecoveryCode,
    Report,
    Session,
    User,
)
from accounts.services import add_address_rule
from accounts.tokens import fingerprint
from common.actors import SYSTEM

PASSWORD = "seven camels at dawn"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of an authenticator app
RECOVERY_CODE = "7k2m-x9qd-0c4v-hw8t-3nbr-e6ya"


class UserFactory(DjangoModelFactory[User]):
    """Somebody who can take part: active, address verified, `PASSWORD` for a password."""

    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com".lower())
    display_name = factory.LazyAttribute(lambda user: user.username.title())
    email_verified_at = datetime(2026, 1, 1, tzinfo=UTC)
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class SessionFactory(DjangoModelFactory[Session]):
    class Meta:
        model = Session

    user = factory.SubFactory(UserFactory)
    generation = 1
    refreshed_at = factory.LazyFunction(lambda: timezone.now().replace(microsecond=0))
    expires_at = factory.LazyAttribute(lambda session: session.refreshed_at + timedelta(days=30))
    refresh_hash = "of no token"
    proved_at = factory.LazyFunction(timezone.now)


class AuthenticatorAppFactory(DjangoModelFactory[AuthenticatorApp]):
    """One that is on, and shows the codes of `SECRET`."""

    class Meta:
        model = AuthenticatorApp

    user = factory.SubFactory(UserFactory)
    secret = SECRET
    confirmed_at = factory.LazyFunction(timezone.now)


class RecoveryCodeFactory(DjangoModelFactory[RecoveryCode]):
    """`RECOVERY_CODE`."""

    class Meta:
        model = RecoveryCode

    user = factory.SubFactory(UserFactory)
    code_hash = fingerprint(RECOVERY_CODE.replace("-", ""))


class PasskeyFactory(DjangoModelFactory[Passkey]):
    """One that no device has: it is there to be listed and to be asked for."""

    class Meta:
        model = Passkey

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Key {n}")
    credential_id = factory.Sequence(lambda n: f"Y3JlZGVudGlhb{n:03}")
    public_key = b"of no device"


class ApiKeyFactory(DjangoModelFactory[ApiKey]):
    """A key whose secret nobody knows; `create_api_key` makes one to be used."""

    class Meta:
        model = ApiKey

    user = factory.SubFactory(UserFactory)
    name = "Backup"
    prefix = factory.Sequence(lambda n: f"key{n:09}")
    secret_hash = "of no secret"
    scopes = factory.LazyFunction(lambda: ["chats:read"])
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=365))


class LinkedIdentityFactory(DjangoModelFactory[LinkedIdentity]):
    class Meta:
        model = LinkedIdentity

    user = factory.SubFactory(UserFactory)
    provider = "google"
    subject = factory.Sequence(lambda n: f"subject{n}")
    label = factory.LazyAttribute(lambda identity: identity.user.email)


def rule(words: str, **more: Any) -> AddressRule:
    """`deny 203.0.113.0/24`, as the command would make it."""
    effect, value = words.split()
    return add_address_rule(actor=SYSTEM, effect=effect, value=value, **more)


class BlockFactory(DjangoModelFactory[Block]):
    class Meta:
        model = Block

    blocker = factory.SubFactory(UserFactory)
    blocked = factory.SubFactory(UserFactory)


class ReportFactory(DjangoModelFactory[Report]):
    class Meta:
        model = Report

    reporter = factory.SubFactory(UserFactory)
    subject = factory.SubFactory(UserFactory)
    reason = Report.Reason.SPAM


def staff(**more: Any) -> User:
    return UserFactory(is_staff=True, is_superuser=True, **more)
