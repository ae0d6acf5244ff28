"""Staff at their console."""

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from accounts.tests.factories import UserFactory


def console_of(user: User) -> Client:
    """The browser of somebody who has signed in to the console."""
    client = Client()
    client.force_login(user)
    return client


def clerk(*permissions: str) -> User:
    """Staff with some permissions, no superuser."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user
