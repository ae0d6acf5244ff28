import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from messaging.models import Chat
from messaging.tests.factories import group_of


@pytest.fixture
def layla() -> User:
    return UserFactory(username="layla")


@pytest.fixture
def omar() -> User:
    return UserFactory(username="omar")


@pytest.fixture
def group(layla: User, omar: User) -> Chat:
    """Layla owns it, Omar is a member; nothing was said yet."""
    return group_of(layla, omar)
