"""The demo world, whose password everybody knows: where nothing is yet, and never in production."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.tests.factories import UserFactory
from notifications.models import Delivery, Notification

pytestmark = pytest.mark.django_db


def test_an_empty_database_gets_it_once():
    call_command("load_demo", verbosity=0)
    first = set(User.objects.values_list("pk", flat=True))
    call_command("load_demo", verbosity=0)

    assert len(first) == 4
    assert set(User.objects.values_list("pk", flat=True)) == first


def test_everybody_finds_something_new_and_no_mail_goes_out(relayed):
    relayed()
    call_command("load_demo", verbosity=0)

    while relayed():
        pass

    told = Notification.objects.filter(is_listed=True).order_by("user__username", "kind")
    assert list(told.values_list("user__username", "kind", "count")) == [
        ("layla", "reaction", 2),
        ("mina", "chat_added", 1),
        ("mina", "chat_request", 1),
        ("omar", "chat_added", 1),
    ]
    assert not Delivery.objects.exists()


def test_where_people_are_nobody_is_added():
    layla = UserFactory()

    call_command("load_demo", verbosity=0)

    assert User.objects.get() == layla


def test_production_has_no_account_that_nobody_made(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="not for production"):
        call_command("load_demo", verbosity=0)

    assert not User.objects.exists()
