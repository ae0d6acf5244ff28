"""The start page of the staff console: each number is that of the list behind it."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.utils import timezone

from accounts.models import AuditCheck, User
from accounts.tests.consoles import console_of
from accounts.tests.factories import ReportFactory, SessionFactory, UserFactory, staff
from common import dashboard
from common.ids import first_id_at
from common.models import DeadLetter, Mail
from files.tests.factories import FileFactory
from legal.models import Acceptance
from legal.tests.factories import published
from messaging.tests.factories import ChatFactory, MessageFactory
from notifications.tests.factories import DeliveryFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_day_at_noon() -> Iterator[None]:
    """Days are counted here: none may end in the middle of a test."""
    with time_machine.travel(datetime(2026, 6, 15, 12, tzinfo=UTC)):
        cache.delete("dashboard:messages:2026-06-15")
        yield


@pytest.fixture
def ada() -> User:
    return staff()


def numbers(response: Any) -> dict[str, str]:
    return {str(each["card"].title): each["number"] for each in response.context["cards"]}


def sent(days_ago: int, **more: Any) -> None:
    at = timezone.now() - timedelta(days=days_ago)
    MessageFactory(id=first_id_at(at), created_at=at, **more)


def dead_letter(seq: int) -> None:
    DeadLetter.objects.create(
        consumer="notifications",
        topic="chat:1",
        seq=seq,
        type="message.sent",
        data={},
        at=timezone.now(),
        error="ValueError",
    )


def accepted_by(*people: User) -> None:
    """The terms in force; the ones before them, somebody else had accepted."""
    earlier = published("1", at=timezone.now() - timedelta(days=1))
    Acceptance.objects.create(user=UserFactory(), version=earlier)
    current = published("2")
    for user in people:
        Acceptance.objects.create(user=user, version=current)


def test_the_cards_say_how_it_is(ada):
    chat, layla = ChatFactory(), UserFactory(email_verified_at=None)
    SessionFactory(user=ada)
    SessionFactory(user=ada, revoked_at=timezone.now())
    sent(0, chat=chat, author=layla)
    sent(3, chat=chat, author=layla)
    accepted_by(ada, layla)
    FileFactory(owner=layla, scan="infected")
    FileFactory(owner=layla, scan="pending")
    ReportFactory(reporter=ada, subject=layla)
    ReportFactory(reporter=ada, subject=layla, state="resolved")
    Mail.objects.create(to="a@example.com", template="verify_email")
    AuditCheck.objects.create(place=7, faults="Place 7 is missing.")
    AuditCheck.objects.create(place=7)
    for _ in range(2):
        Mail.objects.create(to="b@example.com", template="verify_email", attempts=20)
    for number, state in enumerate(("failed", "failed", "failed", "waiting", "sent")):
        DeliveryFactory(user=layla, state=state)
        dead_letter(number)

    response = console_of(ada).get("/admin/")

    assert numbers(response) == {
        "People": "3",
        "With a verified address": "2",
        "Open sessions": "2",  # and the one that asks
        "Have accepted the terms in force": "2",
        "Open reports": "1",
        "Messages in the last 24 hours": "1",
        "Files in quarantine": "1",
        "Mails waiting": "1",
        "Mails failed": "2",
        "Deliveries given up": "3",
        "Dead letters": "5",
        "Audit checks failed in the last 7 days": "1",
    }


def test_each_card_leads_to_the_rows_that_it_counts(ada):
    SessionFactory(user=ada)
    accepted_by(UserFactory(email_verified_at=None))
    UserFactory(email_verified_at=None)
    AuditCheck.objects.create(place=7, faults="Place 7 is missing.")
    AuditCheck.objects.create(place=7)
    sent(0)
    sent(3)
    DeliveryFactory(state="failed")
    DeliveryFactory(state="waiting")
    dead_letter(1)
    client = console_of(ada)

    cards = client.get("/admin/").context["cards"]

    for each in cards:
        rows = client.get(each["card"].link).context["cl"].result_list
        assert str(len(rows)) == each["number"], each["card"].title


def test_the_chart_has_fourteen_days_with_today_at_the_end(ada):
    for days_ago, count in ((0, 2), (13, 1), (14, 5)):
        for number in range(count):
            at = timezone.now() - timedelta(days=days_ago)
            MessageFactory(id=first_id_at(at + timedelta(milliseconds=number)), created_at=at)

    response = console_of(ada).get("/admin/")

    data = json.loads(response.context["charts"][0]["data"])
    assert data["datasets"][0]["data"] == [1, *[0] * 12, 2]
    assert len(data["labels"]) == 14


@pytest.mark.parametrize("rows", [5, 50])
def test_the_page_takes_one_query_a_number(rows, ada, django_assert_num_queries):
    SessionFactory.create_batch(rows)
    chat = ChatFactory()
    for _ in range(rows):
        MessageFactory(chat=chat, author=ada)
    client = console_of(ada)

    with django_assert_num_queries(20):  # cookie, session, cards, the charts, the latest notes
        response = client.get("/admin/")

    assert response.status_code == 200


def test_the_chart_is_counted_once_a_minute(ada, django_assert_num_queries):
    client = console_of(ada)
    client.get("/admin/")

    with django_assert_num_queries(16):
        client.get("/admin/")


def test_a_number_beyond_what_is_counted_says_so(ada, monkeypatch):
    monkeypatch.setattr(dashboard, "COUNTED", 3)
    UserFactory.create_batch(4)

    response = console_of(ada).get("/admin/")

    assert numbers(response)["People"] == "3+"


def test_staff_see_the_numbers_that_they_may_see():
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_mail"))

    response = console_of(clerk).get("/admin/")

    assert sorted(numbers(response)) == ["Mails failed", "Mails waiting"]
    assert response.context["charts"] == []
    assert b"Users" not in response.content


def test_staff_without_any_permission_get_an_empty_page():
    response = console_of(UserFactory(is_staff=True)).get("/admin/")

    assert response.status_code == 200
    assert (numbers(response), response.context["charts"]) == ({}, [])


@pytest.mark.parametrize(
    "page", ["/admin/", "/admin/accounts/user/", "/admin/login/", "/api/docs", "/api/redoc"]
)
def test_a_page_loads_nothing_from_another_host(page, ada):
    html = console_of(ada).get(page, follow=True).content.decode()

    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']([^\"']+)", html)
    assert loaded
    assert [address for address in loaded if re.match(r"(?:https?:)?//", address)] == []


def test_a_page_that_is_not_there_says_so_in_words(ada):
    response = console_of(ada).get("/admin/nothing/")

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
