"""Staff at their console."""

from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.console.sessions import KEY
from accounts.models import User
from accounts.tests.factories import SessionFactory, UserFactory


def console_of(user: User, **more: Any) -> Client:
    """The browser of somebody who has signed in to the console."""
    client = Client(**more)
    client.force_login(user)
    cookies = client.session
    client.session_row = SessionFactory(user=user, device_name="Staff console")
    cookies[KEY] = str(client.session_row.pk)
    cookies.save()
    return client


def clerk(*permissions: str) -> User:
    """Staff with some permissions, no superuser."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user
