"""What people were told, and what they do with it, over REST."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from common.models import LogEntry
from notifications.api.views.notifications import NotificationViewSet
from notifications.kinds import Kind, Words, kinds
from notifications.models import Delivery, Notification
from notifications.tasks import purge_notifications
from notifications.tests.factories import DeliveryFactory, NotificationFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/notifications"
ClientOf = Callable[[User], APIClient]


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    def words(rows: Any) -> list[Words]:
        return [Words(title=f"Told {row.data.get('n', '')}", body="Body", path="/there") for row in rows]

    kind = Kind(name="test", label="A test", words=words, channels=frozenset({"in_app"}))
    monkeypatch.setitem(kinds, "test", kind)


def told(user: User, **more: Any) -> Notification:
    return NotificationFactory(user=user, **more)


def ids(response: Any) -> list[str]:
    assert response.status_code == 200
    return [each["id"] for each in response.json()["results"]]


def events(user: User) -> list[str]:
    rows = LogEntry.objects.filter(topic=f"user:{user.pk}", type__startswith="notification")
    return list(rows.order_by("seq").values_list("type", flat=True))


def test_the_list_has_ones_own_the_latest_first(layla: User, omar: User, client_of: ClientOf) -> None:
    now = timezone.now()
    old = told(layla, at=now - timedelta(days=1), data={"n": "1"})
    new = told(layla, at=now)
    told(omar)
    told(layla, is_listed=False)
    told(layla, archived_at=now, read_at=now)
    told(layla, snoozed_until=now + timedelta(hours=1))

    response = client_of(layla).get(URL)

    assert ids(response) == [str(new.pk), str(old.pk)]
    shown = response.json()["results"][1]
    assert (shown["type"], shown["title"], shown["body"]) == ("test", "Told 1", "Body")
    assert shown["url"].endswith("/there")
    assert (shown["read_at"], shown["count"]) == (None, 1)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("unread=true", {"new"}),
        ("unread=false", {"read"}),
        ("archived=true", {"archived"}),
        ("snoozed=true", {"snoozed"}),
        ("type=test", {"new", "read"}),
        ("type=mention", set()),
        ("chat=0198c5b3-01aa-7d13-b5c6-7a8b9c0d1e2f", {"read"}),
    ],
)
def test_the_list_is_filtered(query: str, found: set[str], layla: User, client_of: ClientOf) -> None:
    now = timezone.now()
    rows = {
        "new": told(layla),
        "read": told(layla, read_at=now, topic="chat:0198c5b3-01aa-7d13-b5c6-7a8b9c0d1e2f"),
        "archived": told(layla, read_at=now, archived_at=now),
        "snoozed": told(layla, snoozed_until=now + timedelta(hours=1)),
    }

    response = client_of(layla).get(f"{URL}?{query}")

    assert set(ids(response)) == {str(rows[name].pk) for name in found}


@pytest.mark.parametrize(
    "query", ["unread=maybe", "unread=", "chat=7", "chat=", "page_size=0", "cursor=nonsense"]
)
def test_a_bad_filter_is_refused(query: str, layla: User, client_of: ClientOf) -> None:
    assert client_of(layla).get(f"{URL}?{query}").status_code == 400


def test_pages_hold_each_once_also_of_one_moment(layla: User, client_of: ClientOf) -> None:
    now = timezone.now()
    rows = {str(told(layla, at=now).pk) for _ in range(7)}
    client, url, seen = client_of(layla), f"{URL}?page_size=3", []
    while url:
        page = client.get(url).json()
        seen += [each["id"] for each in page["results"]]
        url = page["next"]

    assert len(seen) == 7
    assert set(seen) == rows


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_takes_as_many_queries_of_any_size(
    count: int, layla: User, client_of: ClientOf, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        told(layla)
    client = client_of(layla)

    with django_assert_num_queries(2):  # the session, the rows
        assert len(ids(client.get(URL))) == count


def test_all_of_them_without_pages(layla: User, client_of: ClientOf) -> None:
    for _ in range(60):
        told(layla)

    assert len(ids(client_of(layla).get(f"{URL}/all"))) == 60


def test_what_is_unread_is_counted(layla: User, omar: User, client_of: ClientOf) -> None:
    now = timezone.now()
    told(layla)
    told(layla, read_at=now)
    told(layla, snoozed_until=now + timedelta(hours=1))
    told(omar)

    assert client_of(layla).get(f"{URL}/unread-count").json() == {"unread_count": 1}


def test_one_is_read_and_unread_again(layla: User, client_of: ClientOf) -> None:
    row, client = told(layla), client_of(layla)

    first = client.put(f"{URL}/{row.pk}/read")
    again = client.put(f"{URL}/{row.pk}/read")

    assert first.status_code == again.status_code == 200
    assert first.json()["read_at"] == again.json()["read_at"] is not None
    assert events(layla) == ["notification.updated"]
    assert client.delete(f"{URL}/{row.pk}/read").json()["read_at"] is None


def test_of_what_repeats_itself_one_alone_is_unread(layla: User, client_of: ClientOf) -> None:
    old = told(layla, collapse="same", read_at=timezone.now())
    told(layla, collapse="same")

    response = client_of(layla).delete(f"{URL}/{old.pk}/read")

    assert response.status_code == 200
    assert response.json()["read_at"] is not None


def test_put_away_and_taken_back(layla: User, client_of: ClientOf) -> None:
    row, client = told(layla), client_of(layla)

    away = client.post(f"{URL}/{row.pk}/archive").json()

    assert away["archived_at"]
    assert away["read_at"]
    assert ids(client.get(URL)) == []
    assert client.delete(f"{URL}/{row.pk}/archive").json()["archived_at"] is None
    assert ids(client.get(URL)) == [str(row.pk)]


def test_put_off_it_comes_back_by_itself(layla: User, client_of: ClientOf) -> None:
    row, client = told(layla), client_of(layla)
    until = timezone.now() + timedelta(hours=1)

    assert client.post(f"{URL}/{row.pk}/snooze", {"until": until.isoformat()}).status_code == 200

    assert ids(client.get(URL)) == []
    with time_machine.travel(until + timedelta(seconds=1)):
        assert ids(client_of(layla).get(URL)) == [str(row.pk)]
    client.delete(f"{URL}/{row.pk}/snooze")
    assert ids(client.get(URL)) == [str(row.pk)]


@pytest.mark.parametrize(
    "body", [{}, {"until": "2020-01-01T00:00:00Z"}, {"until": "soon"}, {"until": None}, {"till": "x"}, []]
)
def test_put_off_until_no_time_is_refused(body: Any, layla: User, client_of: ClientOf) -> None:
    row = told(layla)

    assert client_of(layla).post(f"{URL}/{row.pk}/snooze", body).status_code == 400

    row.refresh_from_db()
    assert row.snoozed_until is None


def test_one_is_deleted(layla: User, client_of: ClientOf) -> None:
    row, client = told(layla), client_of(layla)

    assert client.delete(f"{URL}/{row.pk}").status_code == 204
    assert client.delete(f"{URL}/{row.pk}").status_code == 404

    assert not Notification.objects.exists()
    assert events(layla) == ["notification.deleted"]


@pytest.mark.parametrize("path", ["", "/read", "/archive", "/snooze", "/trace"])
@pytest.mark.parametrize("method", ["get", "put", "post", "delete"])
def test_anothers_is_not_there(method: str, path: str, layla: User, omar: User, client_of: ClientOf) -> None:
    row = told(layla)

    response = getattr(client_of(omar), method)(f"{URL}/{row.pk}{path}", {"until": "2099-01-01T00:00:00Z"})

    assert response.status_code in (404, 405)
    assert Notification.objects.filter(pk=row.pk, read_at=None, archived_at=None).exists()


@pytest.mark.parametrize(
    ("action", "read", "there"),
    [("read", True, True), ("archive", True, False), ("delete", True, False)],
)
def test_many_are_done_at_once(
    action: str, read: bool, there: bool, layla: User, omar: User, client_of: ClientOf
) -> None:
    mine, others = [told(layla) for _ in range(3)], told(omar)
    body = {"action": action, "ids": [str(each.pk) for each in [*mine[:2], others]] + [str(uuid4())]}

    response = client_of(layla).post(f"{URL}/bulk-action", body)

    assert response.json() == {"updated": 2}
    assert events(layla) == ["notifications.changed"]
    assert set(ids(client_of(layla).get(URL))) == {str(each.pk) for each in (mine if there else mine[2:])}
    assert Notification.objects.of(layla.pk).unread().count() == 1
    assert Notification.objects.filter(pk=others.pk, read_at=None).exists()


def test_all_are_done_at_once(layla: User, client_of: ClientOf) -> None:
    now = timezone.now()
    for _ in range(3):
        told(layla)
    put_off = told(layla, snoozed_until=now + timedelta(hours=1))
    client = client_of(layla)

    assert client.post(f"{URL}/bulk-action", {"action": "read", "all": True}).json() == {"updated": 3}
    assert client.put(f"{URL}/read-all").json() == {"updated": 0}
    assert client.post(f"{URL}/bulk-action", {"action": "unread", "all": True}).json() == {"updated": 3}
    assert client.put(f"{URL}/read-all").json() == {"updated": 3}

    put_off.refresh_from_db()
    assert put_off.read_at is None, "nobody has seen it"


@pytest.mark.parametrize("action", ["archive", "delete"])
def test_all_is_what_the_list_shows(action: str, layla: User, client_of: ClientOf) -> None:
    now = timezone.now()
    told(layla)
    put_off = told(layla, snoozed_until=now + timedelta(hours=1))
    put_away = told(layla, archived_at=now, read_at=now)

    response = client_of(layla).post(f"{URL}/bulk-action", {"action": action, "all": True})

    assert response.json() == {"updated": 1}
    put_off.refresh_from_db()
    assert (put_off.archived_at, put_off.read_at) == (None, None), "nobody has seen it"
    assert Notification.objects.filter(pk=put_away.pk).exists()


def test_of_what_repeats_itself_many_are_not_unread_at_once(layla: User, client_of: ClientOf) -> None:
    now = timezone.now()
    for _ in range(3):
        told(layla, collapse="same", read_at=now)

    response = client_of(layla).post(f"{URL}/bulk-action", {"action": "unread", "all": True})

    assert response.json() == {"updated": 1}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "read"},
        {"action": "eat", "all": True},
        {"action": "read", "ids": []},
        {"action": "read", "ids": ["7"]},
        {"action": "read", "ids": [str(uuid4())], "all": True},
        {"action": "read", "ids": [str(uuid4()) for _ in range(201)]},
        {"action": "read", "all": "yes"},
        {"action": "read", "all": True, "more": 1},
        [],
    ],
)
def test_a_bad_bulk_action_changes_nothing(body: Any, layla: User, client_of: ClientOf) -> None:
    told(layla)

    response = client_of(layla).post(f"{URL}/bulk-action", body)

    assert response.status_code == 400
    assert Notification.objects.unread().count() == 1
    assert events(layla) == []


def test_what_was_sent_is_told_with_every_attempt(layla: User, omar: User, client_of: ClientOf) -> None:
    row = told(layla)
    delivery = DeliveryFactory(user=layla, notification=row, channel="email")
    delivery.attempt_rows.create(number=1, at=timezone.now(), result="again", code="smtp_451", answer="later")
    DeliveryFactory(user=omar)

    [found] = client_of(layla).get(f"{URL}/deliveries?channel=email").json()["results"]

    assert (found["id"], found["state"]) == (str(delivery.pk), "waiting")
    assert [(each["code"], each["answer"]) for each in found["attempts"]] == [("smtp_451", "later")]


def test_what_is_past_its_time_is_forgotten(layla: User) -> None:
    now = timezone.now()
    kept = told(layla, at=now - timedelta(days=89))
    gone = told(layla, at=now - timedelta(days=91))
    for age, state in ((29, "sent"), (31, "sent"), (31, "waiting")):
        delivery = DeliveryFactory(user=layla, state=state)
        Delivery.objects.filter(pk=delivery.pk).update(created_at=now - timedelta(days=age))

    purge_notifications()

    assert list(Notification.objects.values_list("pk", flat=True)) == [kept.pk]
    assert gone.pk != kept.pk
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["sent", "waiting"]


@pytest.mark.parametrize(
    ("method", "action", "body"),
    [
        ("put", "read", None),
        ("delete", "read", None),
        ("post", "archive", None),
        ("delete", "archive", None),
        ("post", "snooze", {"until": "2099-01-01T00:00:00Z"}),
        ("delete", "snooze", None),
        ("delete", "", None),
    ],
)
def test_what_another_device_deletes_in_the_same_moment_is_not_found_or_deleted(
    method: str, action: str, body: Any, layla: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, find = told(layla), NotificationViewSet.get_object

    def find_and_lose(view: NotificationViewSet) -> Notification:
        found = find(view)
        Notification.objects.filter(pk=found.pk).delete()
        return found

    monkeypatch.setattr(NotificationViewSet, "get_object", find_and_lose)
    url = f"{URL}/{row.pk}/{action}".rstrip("/")
    response = getattr(client_of(layla), method)(url, body, format="json")

    assert response.status_code == (404 if action else 204)
    assert not LogEntry.objects.filter(type__startswith="notification.").exists()
