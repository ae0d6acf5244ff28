"""What was sent to people, and why or why not, over REST."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from notifications.models import Attempt, Delivery, Digest, DigestItem
from notifications.outcomes import Result
from notifications.reasons import Reason
from notifications.tests.factories import DeliveryFactory, NotificationFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/notifications/deliveries"
ClientOf = Callable[[User], APIClient]


def ids(response: Any) -> list[str]:
    assert response.status_code == 200
    return [each["id"] for each in response.json()["results"]]


def tried(delivery: Delivery, number: int, **more: Any) -> Attempt:
    return Attempt.objects.create(delivery=delivery, number=number, at=timezone.now(), **more)


def test_ones_own_are_there_the_latest_first_with_every_attempt(
    layla: User, omar: User, client_of: ClientOf
) -> None:
    old = DeliveryFactory(user=layla, channel="email", state="failed", reason=Reason.GAVE_UP)
    new = DeliveryFactory(user=layla, channel="push", target="a-device")
    DeliveryFactory(user=omar)
    tried(old, 1, result=Result.LOST)
    tried(old, 2, result=Result.AGAIN, seconds=0.25, code="451", answer="Later, please")

    response = client_of(layla).get(URL)

    assert ids(response) == [str(new.pk), str(old.pk)]
    waits, failed = response.json()["results"]
    assert (waits["target"], waits["state"], waits["explanation"], waits["attempts"]) == (
        "a-device",
        "waiting",
        None,
        [],
    )
    assert (failed["state"], failed["reason"], failed["explanation"]) == (
        "failed",
        "gave_up",
        "Every attempt failed.",
    )
    assert [(each["number"], each["result"], each["code"]) for each in failed["attempts"]] == [
        (1, "lost", ""),
        (2, "again", "451"),
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("channel=push", {"push"}),
        ("channel=fax", set()),
        ("state=waiting", {"push"}),
        ("state=failed&channel=email", {"mail"}),
        ("notification={told}", {"mail"}),
        ("notification={others}", set()),
    ],
)
def test_they_are_filtered(query: str, names: set[str], layla: User, omar: User, client_of: ClientOf) -> None:
    told, others = NotificationFactory(user=layla), NotificationFactory(user=omar)
    DeliveryFactory(user=omar, notification=others)
    rows = {
        "mail": DeliveryFactory(user=layla, notification=told, channel="email", state="failed"),
        "push": DeliveryFactory(user=layla, channel="push"),
    }

    response = client_of(layla).get(f"{URL}?{query.format(told=told.pk, others=others.pk)}")

    assert set(ids(response)) == {str(rows[name].pk) for name in names}


@pytest.mark.parametrize(
    "query",
    ["state=lost", "notification=7", "notification=", "channel=%00", "cursor=nonsense", "page_size=201"],
)
def test_a_bad_filter_is_refused(query: str, layla: User, client_of: ClientOf) -> None:
    assert client_of(layla).get(f"{URL}?{query}").status_code == 400


@pytest.mark.parametrize("count", [1, 30])
def test_a_page_takes_as_many_queries_of_any_size(
    count: int, layla: User, client_of: ClientOf, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        tried(DeliveryFactory(user=layla), 1)
    client = client_of(layla)

    with django_assert_num_queries(3):  # the session, the rows, their attempts
        assert len(ids(client.get(URL))) == count


@pytest.mark.parametrize("count", [1, 20])
def test_a_trace_has_every_delivery_also_that_of_a_digest_in_five_queries(
    count: int, layla: User, client_of: ClientOf, django_assert_num_queries: Any
) -> None:
    step = {"rule": "digest", "channel": "email", "passed": True, "reason": "digest"}
    row = NotificationFactory(
        user=layla, kind="mention", trace=[step | {"until": "2026-11-22T11:00:00+00:00"}]
    )
    digest = Digest.objects.create(user=layla, channel="email", due_at=timezone.now())
    DigestItem.objects.create(digest=digest, notification=row)
    together = DeliveryFactory(user=layla, channel="email", digest=digest)
    own = [DeliveryFactory(user=layla, notification=row, target=str(number)) for number in range(count)]
    DeliveryFactory(user=layla, notification=NotificationFactory(user=layla))
    client = client_of(layla)

    with django_assert_num_queries(5):  # the session, the notification, its digests, deliveries, attempts
        trace = client.get(f"/api/v1/notifications/{row.pk}/trace").json()

    assert {each["id"] for each in trace["deliveries"]} == {str(each.pk) for each in [together, *own]}
    assert trace["steps"] == [
        step
        | {
            "explanation": "It waits for their next digest.",
            "until": "2026-11-22T11:00:00Z",
            "target": None,
        }
    ]


def test_what_is_not_there_has_no_trace(layla: User, client_of: ClientOf) -> None:
    assert client_of(layla).get(f"/api/v1/notifications/{uuid4()}/trace").status_code == 404
