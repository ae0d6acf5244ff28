"""Notifications over the API: what the list shows, what people do with it, how they want to be told."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import create_api_key
from accounts.tests.factories import UserFactory
from common.models import LogEntry
from notifications.models import Delivery, Notification, Preferences
from notifications.tasks import purge_notifications
from notifications.tests.factories import DeliveryFactory, NotificationFactory

pytestmark = pytest.mark.django_db

LIST = "/api/v1/notifications"
WISHES = f"{LIST}/preferences"
ID = "0198c5b3-7d21-7a11-9c3d-4b5e6f708192"


def told(user: User, role: str = "creator", **more: Any) -> Notification:
    """Somebody is given a role, and told so."""
    return NotificationFactory(user=user, kind="role_granted", data={"role": role}, **more)


def of(row: Notification, rest: str = "") -> str:
    return f"{LIST}/{row.pk}{rest}"


def shown(client: Any, query: str = "") -> list[str]:
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200, response.content
    return [each["data"]["role"] for each in response.json()["results"]]


def types_told(user: User) -> list[str]:
    return list(
        LogEntry.objects.filter(topic=f"user:{user.pk}").order_by("seq").values_list("type", flat=True)
    )


def errors(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 400, response.content
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


# --- The list -----------------------------------------------------------------------------------------------


def test_the_list_says_in_words_what_happened(layla, client_of, settings):
    settings.APP_URL = "https://app.serai.example"
    row = told(layla)

    [found] = client_of(layla).get(LIST).json()["results"]

    assert found == {
        "id": str(row.pk),
        "type": "role_granted",
        "title": "You can act as creator now",
        "body": "",
        "data": {"role": "creator"},
        "url": "https://app.serai.example/settings/roles",
        "count": 1,
        "read_at": None,
        "archived_at": None,
        "snoozed_until": None,
        "created_at": found["created_at"],
        "updated_at": found["updated_at"],
    }


def test_it_is_narrowed_by_what_became_of_them(layla, client_of):
    now = timezone.now()
    told(layla, "creator", at=now)
    told(layla, "marketer", at=now - timedelta(minutes=1), read_at=now)
    told(layla, "moderator", at=now - timedelta(minutes=2), read_at=now, archived_at=now)
    told(layla, "staff", at=now - timedelta(minutes=3), snoozed_until=now + timedelta(hours=1))
    told(layla, "member", at=now - timedelta(minutes=4), is_listed=False)
    told(UserFactory(), "creator")
    client = client_of(layla)

    assert shown(client) == ["creator", "marketer"]
    assert shown(client, "?unread=true") == ["creator"]
    assert shown(client, "?archived=true") == ["moderator"]
    assert shown(client, "?snoozed=true") == ["staff"]
    assert shown(client, "?type=role_granted") == ["creator", "marketer"]
    assert shown(client, "?type=mention") == []
    assert [each["data"]["role"] for each in client.get(f"{LIST}/all").json()["results"]] == [
        "creator",
        "marketer",
    ]
    assert client.get(f"{LIST}/unread-count").json() == {"unread_count": 1}


def test_pages_go_through_all_of_them_once(layla, client_of):
    now = timezone.now()
    rows = [
        told(layla, at=now - timedelta(minutes=minutes // 2)) for minutes in range(7)
    ]  # two of each moment
    client, page, found = client_of(layla), f"{LIST}?limit=3", []

    while page:
        answer = client.get(page).json()
        found += [each["id"] for each in answer["results"]]
        page = answer["next"]

    assert sorted(found) == sorted(str(row.pk) for row in rows)


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_takes_the_same_queries_however_long(rows, layla, client_of, django_assert_num_queries):
    for _ in range(rows):
        told(layla)
    client = client_of(layla)
    client.get(LIST)

    with django_assert_num_queries(2):  # the session, the notifications
        client.get(LIST)


# --- What people do with them -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "rest", "column", "back"),
    [
        ("put", "/read", "read_at", "/read"),
        ("post", "/archive", "archived_at", "/archive"),
        ("post", "/snooze", "snoozed_until", "/snooze"),
    ],
)
def test_one_is_read_put_away_or_off_and_back_twice_is_once(
    method, rest, column, back, layla, client_of, committed
):
    row, client = told(layla), client_of(layla)
    body = {"until": (timezone.now() + timedelta(hours=1)).isoformat()} if rest == "/snooze" else {}

    with committed():
        answers = [getattr(client, method)(of(row, rest), body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()[column] is not None
    assert answers[0].json() == answers[1].json()
    assert types_told(layla) == ["notification.updated"]

    with committed():
        answers = [client.delete(of(row, back)) for _ in range(2)]

    assert [answer.json()[column] for answer in answers] == [None, None]
    assert types_told(layla) == ["notification.updated"] * 2


def test_what_is_put_away_counts_as_read(layla, client_of):
    row, client = told(layla), client_of(layla)

    response = client.post(of(row, "/archive"))

    assert response.json()["read_at"] is not None
    assert client.get(f"{LIST}/unread-count").json() == {"unread_count": 0}


def test_what_is_put_off_is_there_again_by_itself(layla, client_of):
    row, client = told(layla), client_of(layla)
    client.post(of(row, "/snooze"), {"until": (timezone.now() + timedelta(minutes=2)).isoformat()})
    assert shown(client) == []

    with time_machine.travel(timezone.now() + timedelta(minutes=2, seconds=1)):
        assert shown(client) == ["creator"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, ("until", "required")),
        ({"until": "2020-01-01T00:00:00Z"}, ("until", "past")),
        ({"until": "tomorrow"}, ("until", "invalid")),
        ({"until": "2030-01-01T00:00:00Z", "why": "later"}, ("why", "unknown_field")),
    ],
)
def test_a_wrong_time_puts_nothing_off(body, error, layla, client_of):
    row = told(layla)

    response = client_of(layla).post(of(row, "/snooze"), body)

    assert errors(response) == [error]
    row.refresh_from_db()
    assert row.snoozed_until is None


def test_what_is_deleted_is_gone_once(layla, client_of, committed):
    row, client = told(layla), client_of(layla)

    with committed():
        answers = [client.delete(of(row)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert not Notification.objects.exists()
    assert types_told(layla) == ["notification.deleted"]


def test_all_are_read_but_those_that_are_away(layla, client_of, committed):
    until = timezone.now() + timedelta(hours=1)
    rows = [told(layla), told(layla), told(layla, snoozed_until=until), told(UserFactory())]
    client = client_of(layla)

    with committed():
        answers = [client.put(f"{LIST}/read-all").json() for _ in range(2)]

    assert answers == [{"updated": 2}, {"updated": 0}]
    for row in rows:
        row.refresh_from_db()
    assert [row.read_at is not None for row in rows] == [True, True, False, False]
    [entry] = LogEntry.objects.filter(topic=f"user:{layla.pk}")
    assert (entry.type, entry.data) == ("notifications.changed", {"action": "read", "unread_count": 0})


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("read", [(True, False), (False, False)]),
        ("archive", [(True, True), (False, False)]),
        ("delete", [(False, False)]),
    ],
)
def test_many_are_changed_at_once_and_nobody_elses(action, left, layla, omar, client_of):
    row, others = told(layla), told(omar)
    told(layla)

    response = client_of(layla).post(
        f"{LIST}/bulk-action", {"action": action, "ids": [str(row.pk), str(others.pk)]}
    )

    assert response.json() == {"updated": 1}
    rows = Notification.objects.filter(user=layla).order_by("pk")
    assert [(each.read_at is not None, each.archived_at is not None) for each in rows] == left
    others.refresh_from_db()
    assert (others.read_at, others.archived_at) == (None, None)


def test_of_what_repeats_only_the_newest_is_unread_again(layla, client_of):
    now = timezone.now()
    for minutes in (2, 1, 0):
        told(layla, at=now - timedelta(minutes=minutes), read_at=now, collapse="message:1")

    response = client_of(layla).post(f"{LIST}/bulk-action", {"action": "unread", "all": True})

    assert response.json() == {"updated": 1}
    assert Notification.objects.get(read_at=None).at == now


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"action": "read"}, ("body", "ids_or_all")),
        ({"action": "read", "all": True, "ids": [ID]}, ("body", "ids_or_all")),
        ({"action": "burn", "all": True}, ("action", "invalid_choice")),
        ({"action": "read", "ids": []}, ("ids", "empty")),
        ({"action": "read", "ids": ["one"]}, ("ids.0", "invalid")),
        ({"all": True}, ("action", "required")),
    ],
)  # fmt: skip
def test_a_wrong_wish_changes_nothing(body, error, layla, client_of):
    row = told(layla)

    response = client_of(layla).post(f"{LIST}/bulk-action", body)

    assert errors(response) == [error]
    row.refresh_from_db()
    assert row.read_at is None


def test_a_service_reads_with_one_scope_and_changes_with_another(layla):
    row, client = told(layla), APIClient()
    text = create_api_key(user=layla, name="Bot", scopes=["notifications:read"]).text
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")

    assert client.get(LIST).status_code == 200
    assert client.put(of(row, "/read")).status_code == 403
    row.refresh_from_db()
    assert row.read_at is None


def test_history_goes_after_ninety_days_and_deliveries_after_thirty(layla):
    now = timezone.now()
    told(layla, "creator", at=now - timedelta(days=90, seconds=1))
    kept = told(layla, "marketer", at=now - timedelta(days=89))
    for days, state in ((31, "sent"), (31, "waiting"), (29, "failed")):
        row = DeliveryFactory(user=layla, state=state)
        Delivery.objects.filter(pk=row.pk).update(created_at=now - timedelta(days=days))

    dropped = [purge_notifications.delay().get(), purge_notifications.delay().get()]

    assert dropped == [2, 0]
    assert Notification.objects.get() == kept
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["failed", "waiting"]


# --- How they want to be told -------------------------------------------------------------------------------


def test_who_chose_nothing_is_told_as_each_kind_is_by_itself(layla, client_of):
    found = client_of(layla).get(WISHES).json()

    assert found["kinds"]["mention"]["channels"] == {
        "in_app": True, "email": True, "push": True, "webhook": True,
    }  # fmt: skip
    assert found["kinds"]["reaction"]["channels"] == {
        "in_app": True, "email": False, "push": False, "webhook": True,
    }  # fmt: skip
    assert found["kinds"]["security"]["mandatory"] == ["email", "in_app", "push"]
    assert (found["quiet_hours"], found["digest"], found["digest_at"]) == (None, "off", "08:00")
    assert not Preferences.objects.exists()


def test_what_they_choose_is_kept_and_told_to_their_other_devices_once(layla, client_of, committed):
    client = client_of(layla)
    wishes = {
        "kinds": {"mention": {"email": False}},
        "chats": {ID: "mentions"},
        "quiet_hours": {"from": "22:00", "to": "07:00"},
        "digest": "daily",
        "digest_at": "09:30",
        "email_content": "none",
    }

    with committed():
        answers = [client.patch(WISHES, wishes) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    found = answers[1].json()
    assert found["kinds"]["mention"]["channels"]["email"] is False
    assert {name: found[name] for name in wishes if name != "kinds"} == {
        name: wish for name, wish in wishes.items() if name != "kinds"
    }
    assert types_told(layla) == ["notification_preferences.updated"]

    back = {"kinds": {"mention": {"email": True}}, "chats": {ID: "all"}, "quiet_hours": None}
    assert client.patch(WISHES, back).json()["chats"] == {}
    assert Preferences.objects.get().choices == {}


@pytest.mark.parametrize("channel", ["in_app", "push", "email"])
def test_nobody_turns_off_what_is_about_their_safety(channel, layla, client_of):
    response = client_of(layla).patch(WISHES, {"kinds": {"security": {channel: False}}})

    assert (response.status_code, response.json()["code"]) == (409, "channel_mandatory")
    assert not Preferences.objects.exclude(choices={}).exists()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"kinds": {"rain": {"push": True}}}, ("kinds.rain", "unknown_kind")),
        ({"kinds": {"mention": {"pigeon": True}}}, ("kinds.mention.pigeon", "unknown_channel")),
        ({"chats": {"here": "all"}}, ("chats", "invalid")),
        ({"chats": {ID: "some"}},
         (f"chats.{ID}", "invalid_choice")),
        ({"quiet_hours": {"from": "22:00"}}, ("quiet_hours.to", "required")),
        ({"quiet_hours": {"from": "25:00", "to": "07:00"}}, ("quiet_hours.from", "invalid")),
        ({"muted_until": "2020-01-01T00:00:00Z"}, ("muted_until", "past")),
        ({"digest": "yearly"}, ("digest", "invalid_choice")),
        ({"loudness": 3}, ("loudness", "unknown_field")),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_refused_and_nothing_of_it_kept(body, error, layla, client_of):
    response = client_of(layla).patch(WISHES, {"email_content": "none"} | body)

    assert errors(response) == [error]
    assert not Preferences.objects.filter(email_content="none").exists()


# --- What was sent ------------------------------------------------------------------------------------------


def test_what_was_sent_is_listed_with_the_reason(layla, client_of):
    row = told(layla)
    DeliveryFactory(user=layla, channel="push", notification=row, state="skipped", reason="read")
    DeliveryFactory(user=layla, channel="email", notification=row, state="sent", reason="sent")
    DeliveryFactory(user=UserFactory(), channel="push")
    client = client_of(layla)

    found = client.get(f"{LIST}/deliveries").json()["results"]

    assert [(each["channel"], each["state"], each["explanation"]) for each in found] == [
        ("email", "sent", "It was handed over."),
        ("push", "skipped", "They had read it by then."),
    ]
    assert len(client.get(f"{LIST}/deliveries?channel=push").json()["results"]) == 1
    assert len(client.get(f"{LIST}/deliveries?state=sent").json()["results"]) == 1
    assert client.get(of(row, "/trace")).json()["deliveries"] == found[::-1]
