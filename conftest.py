"""Fixtures for every app."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import SessionFactory, UserFactory
from accounts.tokens import make_access
from config.celery import app as celery_app
from messaging.models import Chat
from messaging.tests.factories import group_of

ClientOf = Callable[[User], APIClient]


def pytest_configure() -> None:
    celery_app.conf.task_always_eager = True  # a queued task runs where it was queued, after the commit


@pytest.fixture(autouse=True)
def _quick_passwords(request: pytest.FixtureRequest, settings: Any) -> None:
    """Hashing slowly on purpose is for production, and for the tests that are about it."""
    if "real_passwords" not in request.keywords:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def client() -> APIClient:
    """A stranger's client."""
    return APIClient()


@pytest.fixture
def client_of() -> ClientOf:
    """Makes the client of a person who is signed in, each time in a session of its own."""

    def make(user: User) -> APIClient:
        client = APIClient()
        client.session_row = SessionFactory(user=user)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_access(client.session_row)}")
        return client

    return make


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """`with committed():` runs what waits for the commit, which a test's own transaction never reaches."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def layla() -> User:
    return UserFactory(username="layla")


@pytest.fixture
def omar() -> User:
    return UserFactory(username="omar")


@pytest.fixture
def mina() -> User:
    return UserFactory(username="mina")


@pytest.fixture
def group(layla: User, omar: User) -> Chat:
    """Layla owns it, Omar is a member; nothing was said yet."""
    return group_of(layla, omar)
