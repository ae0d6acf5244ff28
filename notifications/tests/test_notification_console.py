"""Notifications at the staff console: kinds and rules, never the words."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from notifications.models import Notification

from .factories import DeliveryFactory, NotificationFactory

pytestmark = pytest.mark.django_db

CONSOLE = "/admin/notifications/notification/"
TRACE = [
    {"rule": "audience", "channel": None, "passed": True},
    {
        "rule": "delay",
        "channel": "email",
        "passed": True,
        "reason": "delay",
        "until": "2026-11-22T09:14:00.482000+00:00",
    },
    {"rule": "preference", "channel": "push", "passed": False, "reason": "channel_off"},
]


@pytest.fixture
def console() -> Client:
    return console_of(staff(username="ada"))


def page_of(notification: Notification) -> str:
    return f"{CONSOLE}{notification.pk}/change/"


def listed(response: Any) -> list[Any]:
    return list(response.context["cl"].result_list)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=mention", {"mention"}),
        ("kind=security", set()),
        ("read=yes", {"read"}),
        ("read=no", {"mention", "unlisted"}),
        ("is_listed__exact=0", {"unlisted"}),
    ],
)
def test_it_is_narrowed_by_kind_and_by_what_became_of_it(query, names, console):
    rows = {
        "mention": NotificationFactory(kind="mention"),
        "read": NotificationFactory(kind="reply", read_at=timezone.now()),
        "unlisted": NotificationFactory(kind="message", is_listed=False),
    }

    found = listed(console.get(f"{CONSOLE}?{query}"))

    assert set(found) == {rows[name] for name in names}


def test_it_is_found_by_person_and_by_ids(console):
    row = NotificationFactory(user__username="layla")
    NotificationFactory()

    for words in ("layla", row.user.email, row.pk, row.user_id):
        assert listed(console.get(CONSOLE, {"q": str(words)})) == [row]


@pytest.mark.parametrize("many", [1, 20])
def test_the_list_takes_the_same_queries_however_long(many, console, django_assert_max_num_queries):
    for _ in range(many):
        NotificationFactory()
    console.get(CONSOLE)

    with django_assert_max_num_queries(8):
        assert len(listed(console.get(CONSOLE))) == many


def test_a_page_has_each_rule_in_order_and_each_delivery(console):
    row = NotificationFactory(kind="mention", trace=TRACE)
    delivery = DeliveryFactory(user=row.user, notification=row, channel="email")

    page = console.get(page_of(row)).content.decode()

    asked = page.index("audience"), page.index("They don&#x27;t want this kind by this way.")
    assert asked == tuple(sorted(asked))
    assert "2026-11-22\xa009:14" in page
    assert f"/admin/notifications/delivery/{delivery.pk}/change/" in page


def test_a_page_names_also_what_is_registered_no_more(console):
    row = NotificationFactory(kind="of_old", trace=[{"rule": "gone", "channel": "fax", "reason": "of_old"}])

    assert console.get(page_of(row)).status_code == 200
    assert "of_old" in console.get(CONSOLE).content.decode()


def test_who_may_see_notifications_alone_sees_no_delivery():
    row = NotificationFactory()
    delivery = DeliveryFactory(user=row.user, notification=row)

    page = console_of(clerk("view_notification")).get(page_of(row))

    assert page.status_code == 200
    assert str(delivery.pk) not in page.content.decode()


def test_nobody_else_sees_them():
    row = NotificationFactory()

    assert console_of(clerk()).get(page_of(row)).status_code == 403
    assert console_of(UserFactory()).get(CONSOLE).status_code == 302


@pytest.mark.parametrize("path", ["add/", "{}/delete/"])
def test_nothing_is_added_or_deleted_by_hand(path, console):
    row = NotificationFactory()

    assert console.get(CONSOLE + path.format(row.pk)).status_code == 403
