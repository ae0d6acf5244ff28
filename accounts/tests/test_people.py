"""How people are made and found where no request asks: commands, the console's sign-in, other apps."""

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def test_a_person_is_made_with_one_spelling_of_the_address():
    user = User.objects.create_user(email=" Layla@Example.com", username="layla", password=PASSWORD)

    assert (user.email, user.is_verified, user.is_staff) == ("layla@example.com", False, False)
    assert user.check_password(PASSWORD)
    assert str(user) == " (@layla)"


def test_somebody_made_without_a_password_has_none():
    assert not User.objects.create_user(email="layla@example.com", username="layla").has_usable_password()


def test_the_command_makes_staff_who_can_sign_in(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)

    call_command("createsuperuser", "--no-input", email="Ada@example.com", username="ada", verbosity=0)

    ada = User.objects.get()
    assert (ada.email, ada.is_staff, ada.is_superuser, ada.is_verified) == (
        "ada@example.com",
        True,
        True,
        True,
    )
    assert (ada.role, ada.roles) == ("member", ["member", "staff"])


@pytest.mark.parametrize("spelling", ["layla@example.com", "LAYLA@Example.COM"])
def test_the_console_knows_people_by_any_spelling(spelling):
    layla = UserFactory(username="layla")

    assert authenticate(username=spelling, password=PASSWORD) == layla
    assert authenticate(username="nobody@example.com", password=PASSWORD) is None


def test_only_the_active_and_verified_can_be_reached():
    layla = UserFactory()
    UserFactory(is_active=False)
    UserFactory(email_verified_at=None)

    assert list(User.objects.reachable()) == [layla]
