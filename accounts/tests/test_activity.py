"""What people did, and their numbers."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Session
from accounts.services import audit, update_profile
from accounts.tests.factories import SessionFactory
from messaging.services import leave_chat, send_message
from messaging.tests.factories import ChatFactory, ParticipantFactory, group_of

pytestmark = pytest.mark.django_db

ACTIVITY = "/api/v1/users/me/activity"
STATS = "/api/v1/users/me/stats"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def types(response) -> list[str]:
    return [each["type"] for each in response.json()["results"]]


def walk(client: APIClient, url: str, way: str) -> tuple[list[str], str]:
    """Ids from *url* on, page by page, and the last page's address."""
    seen = []
    while True:
        page = client.get(url).json()
        ids = [each["id"] for each in page["results"]]
        seen = seen + ids if way == "next" else ids + seen
        if page[way] is None:
            return seen, url
        url = page[way]


def test_acts_of_all_kinds_come_the_latest_first(layla, omar, client_of):
    with time_machine.travel(NOON, tick=False) as clock:
        client = client_of(layla)
        clock.shift(timedelta(minutes=1))
        update_profile(actor=layla, user=layla, first_name="Laila")
        clock.shift(timedelta(minutes=1))
        chat = group_of(layla, omar)
        clock.shift(timedelta(minutes=1))
        client.post("/api/v1/users/me/blocks", {"user": str(omar.pk)})

        results = client.get(ACTIVITY).json()["results"]

    assert [(each["type"], each["at"], each["data"]) for each in results] == [
        ("user.blocked", "2026-11-21T12:03:00Z", {"user": str(omar.pk)}),
        ("chat.joined", "2026-11-21T12:02:00Z", {"chat": str(chat.pk)}),
        ("profile.updated", "2026-11-21T12:01:00Z", {"fields": ["first_name"]}),
        (
            "session.opened",
            "2026-11-21T12:00:00Z",
            {"session": str(client.session_row.pk), "device_name": ""},
        ),
    ]


def test_only_ones_own_acts_are_there(layla, omar, client_of):
    group_of(omar)
    update_profile(actor=omar, user=omar, first_name="Umar")
    audit.record(category=AuditEntry.Category.ADMIN, verb="user.deactivated", actor=omar, subject=layla)

    assert types(client_of(layla).get(ACTIVITY)) == ["session.opened"]


@pytest.mark.parametrize("page_size", [1, 3, 7])
def test_pages_hold_every_act_once_forth_and_back_also_of_one_moment(page_size, layla, client_of):
    with time_machine.travel(NOON, tick=False) as clock:
        client = client_of(layla)
        for number in range(6):
            SessionFactory(user=layla)
            ParticipantFactory(user=layla, joined_at=NOON + timedelta(minutes=number // 2))
            clock.shift(timedelta(seconds=20))
        whole = [each["id"] for each in client.get(ACTIVITY).json()["results"]]

        forth, last = walk(client, f"{ACTIVITY}?page_size={page_size}", "next")
        back, _ = walk(client, last, "previous")

    assert len(set(whole)) == 13
    assert forth == whole
    assert back == whole


@pytest.mark.parametrize("cursor", ["x", "", "bm93", "biAyMDI2LTExLTIxIDE=", "é"])
def test_a_place_that_is_none_is_refused(cursor, layla, client_of):
    response = client_of(layla).get(ACTIVITY, {"cursor": cursor})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("acts", [1, 20])
def test_the_list_takes_one_query_a_kind(acts, layla, client_of, django_assert_num_queries):
    client = client_of(layla)
    for _ in range(acts):
        SessionFactory(user=layla)
        ParticipantFactory(user=layla)

    with django_assert_num_queries(4):  # the session; sessions, own acts, chats
        response = client.get(ACTIVITY)

    assert len(response.json()["results"]) == 2 * acts + 1


# --- Numbers ------------------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_account_and_of_messages(layla, omar, client_of):
    chat = group_of(layla, omar)
    for number in range(3):
        send_message(actor=layla, chat=chat, text=f"Message {number}")
    send_message(actor=omar, chat=chat, text="Hello")
    leave_chat(actor=omar, chat=chat)
    client = client_of(layla)
    SessionFactory(user=layla)
    SessionFactory(user=layla, revoked_at=NOON)

    assert client.get(STATS).json() == {
        "account": {
            "member_since": layla.created_at.isoformat().replace("+00:00", "Z"),
            "open_sessions": 2,
        },
        "messages": {"sent": 3, "chats": 1},
        "files": {"bytes": 0, "quota": 5_368_709_120},
    }
    assert client_of(omar).get("/api/user/stats").json()["messages"] == {"sent": 1, "chats": 0}
    assert Session.objects.filter(user=layla).count() == 3


@pytest.mark.parametrize("rows", [1, 20])
def test_the_numbers_take_four_queries(rows, layla, client_of, django_assert_num_queries):
    client = client_of(layla)
    for _ in range(rows):
        ParticipantFactory(user=layla, chat=ChatFactory())

    with django_assert_num_queries(5):  # the session; sessions, messages, chats, files
        client.get(STATS)
