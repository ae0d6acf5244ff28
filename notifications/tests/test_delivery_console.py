"""Deliveries at the staff console: did it reach them, and if not, why?"""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from notifications.models import Attempt, Delivery
from notifications.outcomes import Result
from notifications.reasons import Reason

from .factories import DeliveryFactory, NotificationFactory

pytestmark = pytest.mark.django_db

CONSOLE = "/admin/notifications/delivery/"
FAILED = {"state": "failed", "reason": Reason.GAVE_UP, "channel": "email", "ended_at": timezone.now()}


@pytest.fixture
def console() -> Client:
    return console_of(staff(username="ada"))


def page_of(delivery: Delivery) -> str:
    return f"{CONSOLE}{delivery.pk}/change/"


def run(client: Client, action: str, *deliveries: Delivery, answered: str = "yes") -> Any:
    chosen = [str(delivery.pk) for delivery in deliveries]
    body = {"action": action, "_selected_action": chosen} | ({"answered": answered} if answered else {})
    return client.post(CONSOLE, body)


def listed(response: Any) -> list[Any]:
    return list(response.context["cl"].result_list)


def tried(delivery: Delivery, **more: Any) -> Attempt:
    return Attempt.objects.create(delivery=delivery, number=1, at=timezone.now(), **more)


def test_the_list_says_to_whom_of_what_and_why_not(console):
    told = NotificationFactory(kind="mention", user__username="layla")
    DeliveryFactory(user=told.user, notification=told, **FAILED)

    page = console.get(CONSOLE).content.decode()

    for words in ("layla", "email", "mention", "given up", "Every attempt failed."):
        assert words in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("channel=push", {"sent"}),
        ("channel=email", {"waits", "failed"}),
        ("state__exact=waiting", {"waits"}),
        ("reason=gave_up", {"failed"}),
        ("reason=read", set()),
        ("purpose__exact=clear", {"sent"}),
        ("channel=email&state__exact=failed", {"failed"}),
    ],
)
def test_it_is_narrowed_by_way_state_reason_and_purpose(query, names, console):
    rows = {
        "waits": DeliveryFactory(channel="email"),
        "failed": DeliveryFactory(**FAILED),
        "sent": DeliveryFactory(channel="push", state="sent", reason=Reason.SENT, purpose="clear"),
    }

    found = listed(console.get(f"{CONSOLE}?{query}"))

    assert set(found) == {rows[name] for name in names}


def test_it_is_found_by_person_and_by_whatever_id_it_has(console):
    told = NotificationFactory(user__username="layla")
    delivery = DeliveryFactory(user=told.user, notification=told, channel="push", target=str(told.pk)[::-1])
    at_device = DeliveryFactory(channel="push", target="0198c5b2-7d44-7000-8000-000000000000")
    DeliveryFactory()

    for words in ("layla", told.user.email, delivery.pk, told.user_id, told.pk):
        assert listed(console.get(CONSOLE, {"q": str(words)})) == [delivery]
    assert listed(console.get(CONSOLE, {"q": at_device.target})) == [at_device]
    assert listed(console.get(CONSOLE, {"q": "nobody"})) == []


@pytest.mark.parametrize("many", [1, 20])
def test_the_list_takes_the_same_queries_however_long(many, console, django_assert_max_num_queries):
    for _ in range(many):
        told = NotificationFactory()
        DeliveryFactory(user=told.user, notification=told)
    console.get(CONSOLE)

    with django_assert_max_num_queries(8):
        assert len(listed(console.get(CONSOLE))) == many


def test_a_page_has_every_attempt_with_what_was_answered(console):
    delivery = DeliveryFactory(**FAILED)
    tried(delivery, result=Result.AGAIN, code="451", answer="4.7.1 Please come back later")

    page = console.get(page_of(delivery)).content.decode()

    for words in ("451", "4.7.1 Please come back later", "Every attempt failed."):
        assert words in page


def test_what_another_server_answered_is_text_and_nothing_else(console):
    delivery = DeliveryFactory(**FAILED)
    tried(delivery, answer="<script>alert(1)</script>")

    page = console.get(page_of(delivery)).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_question_comes_before_it_is_sent_again(console):
    delivery = DeliveryFactory(**FAILED)

    response = run(console, "send_again", delivery, answered="")

    assert "What was sent may come twice." in response.content.decode()
    assert Delivery.objects.get().state == "failed"


def test_staff_have_it_sent_again_under_its_id(console):
    delivery = DeliveryFactory(**FAILED)

    run(console, "send_again", delivery)

    again = Delivery.objects.get()
    assert (again.pk, again.state, again.reason, again.ended_at) == (delivery.pk, "waiting", "", None)


def test_so_does_the_button_of_its_page_and_comes_back_there(console):
    delivery = DeliveryFactory(**FAILED)

    answer = console.post(f"{CONSOLE}{delivery.pk}/send_again/", {"answered": "yes"})

    assert (answer.status_code, answer.headers["Location"]) == (302, page_of(delivery))
    assert Delivery.objects.get().state == "waiting"


def test_who_may_only_look_changes_nothing():
    delivery = DeliveryFactory(**FAILED)
    looker = console_of(clerk("view_delivery"))

    assert looker.get(page_of(delivery)).status_code == 200
    run(looker, "send_again", delivery)
    assert looker.post(f"{CONSOLE}{delivery.pk}/send_again/", {"answered": "yes"}).status_code == 403

    assert Delivery.objects.get().state == "failed"


def test_nobody_else_sees_them():
    delivery = DeliveryFactory()

    assert console_of(clerk()).get(page_of(delivery)).status_code == 403
    assert console_of(UserFactory()).get(CONSOLE).status_code == 302


@pytest.mark.parametrize("path", ["add/", "{}/delete/"])
def test_nothing_is_added_or_deleted_by_hand(path, console):
    delivery = DeliveryFactory()

    assert console.get(CONSOLE + path.format(delivery.pk)).status_code == 403
