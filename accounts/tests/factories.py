from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import Session, User

PASSWORD = "seven camels at dawn"


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


def staff(**more: Any) -> User:
    return UserFactory(is_staff=True, is_superuser=True, **more)
