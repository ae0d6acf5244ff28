"""The person themselves."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import AuditEntry, TakenUsername, User
from accounts.services import update_profile
from accounts.tasks import clear_statuses
from accounts.tests.factories import UserFactory, staff
from common.tests.threads import at_once
from messaging.tests.logs import stream_of

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def layla() -> User:
    return UserFactory(username="layla", first_name="Layla", last_name="Haddad")


def test_people_see_themselves(layla, client_of):
    response = client_of(layla).get(ME)

    assert response.status_code == 200
    assert response.json() == {
        "id": str(layla.pk),
        "email": "layla@example.com",
        "email_verified": True,
        "username": "layla",
        "display_name": "Layla",
        "first_name": "Layla",
        "last_name": "Haddad",
        "avatar": None,
        "avatars": None,
        "role": "member",
        "roles": ["member"],
        "status_text": "",
        "status_expires_at": None,
        "language": "en",
        "timezone": "UTC",
        "presence": "offline",
        "created_at": layla.created_at.isoformat().replace("+00:00", "Z"),
    }


def test_staff_see_that_they_are(client_of):
    me = client_of(staff()).get(ME).json()

    assert (me["role"], me["roles"]) == ("member", ["member", "staff"])


def test_reading_oneself_takes_three_queries(layla, client_of, django_assert_num_queries):
    client = client_of(layla)

    with django_assert_num_queries(3):  # the session with its user, their roles, their presence
        client.get(ME)


@pytest.mark.parametrize("method", ["patch", "put"])
def test_both_ways_of_changing_leave_alone_what_is_not_sent(method, layla, client_of):
    client = client_of(layla)

    response = getattr(client, method)(
        ME, {"status_text": "On the road", "timezone": "Asia/Riyadh", "language": "ar", "first_name": ""}
    )

    assert response.status_code == 200
    assert response.json() == client.get(ME).json()
    layla.refresh_from_db()
    assert (layla.status_text, layla.timezone, layla.language) == ("On the road", "Asia/Riyadh", "ar")
    assert (layla.first_name, layla.last_name, layla.username) == ("", "Haddad", "layla")


@pytest.mark.parametrize("method", ["patch", "put"])
def test_changing_nothing_is_fine(method, layla, client_of):
    client = client_of(layla)
    before = client.get(ME).json()

    response = getattr(client, method)(ME, {})

    assert (response.status_code, response.json()) == (200, before)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("username", "la", "min_length"),
        ("username", "l" * 31, "max_length"),
        ("username", "layla!", "invalid_username"),
        ("username", "layla\n", "invalid_username"),
        ("username", None, "null"),
        ("username", 12345, "invalid"),
        ("display_name", "", "blank"),
        ("display_name", "  ", "blank"),
        ("display_name", "x" * 81, "max_length"),
        ("display_name", {"en": "Layla"}, "invalid"),
        ("first_name", "x" * 81, "max_length"),
        ("last_name", "x" * 81, "max_length"),
        ("last_name", "a\0b", "null_characters_not_allowed"),
        ("last_name", True, "invalid"),
        ("status_expires_at", "2099-01-01T00:00:00Z", "out_of_range"),
        ("status_expires_at", "2020-01-01T00:00:00Z", "out_of_range"),
        ("status_expires_at", "2026-11-22T12:00:00", "invalid"),
        ("status_expires_at", "tomorrow", "invalid"),
        ("status_expires_at", 1763812800, "invalid"),
        ("status_text", "x" * 141, "max_length"),
        ("status_text", ["busy"], "invalid"),
        ("language", "fr", "invalid_choice"),
        ("language", 5, "invalid_choice"),
        ("language", None, "null"),
        ("timezone", "Mars/Olympus", "unknown_timezone"),
        ("timezone", "asia/riyadh", "unknown_timezone"),
        ("timezone", "../../etc/passwd", "unknown_timezone"),
        ("timezone", 3, "invalid"),
        ("email", "new@example.com", "unknown_field"),
        ("is_staff", True, "unknown_field"),
        ("id", "0198c5b2-7d44-7000-8000-000000000000", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_changes(field, value, code, layla, client_of):
    before = User.objects.values().get()
    client = client_of(layla)

    response = client.patch(ME, {"status_text": "not this", field: value})

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert User.objects.values().get() == before


@pytest.mark.parametrize("body", [[], "text", 5])
def test_a_profile_is_an_object(body, layla, client_of):
    response = client_of(layla).patch(ME, body)

    assert response.status_code == 400
    layla.refresh_from_db()
    assert layla.username == "layla"


@pytest.mark.parametrize("username", ["omar", "OMAR", "gone", "Gone"])
def test_a_name_that_somebody_has_is_refused(username, layla, client_of):
    UserFactory(username="Omar")
    TakenUsername.objects.create(username="gone")

    response = client_of(layla).patch(ME, {"username": username, "status_text": "not this"})

    assert response.status_code == 400
    assert response.json()["code"] == "username_taken"
    layla.refresh_from_db()
    assert (layla.username, layla.status_text) == ("layla", "")


def test_ones_own_name_may_change_its_case(layla, client_of):
    response = client_of(layla).patch(ME, {"username": "LayLa"})

    assert response.status_code == 200
    assert User.objects.get().username == "LayLa"


def test_the_service_takes_no_field_that_is_not_the_profiles(layla):
    with pytest.raises(TypeError, match="email"):
        update_profile(actor=layla, user=layla, email="new@example.com")

    layla.refresh_from_db()
    assert layla.email == "layla@example.com"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_one_name_at_once_one_gets_it(client_of):
    people = [UserFactory() for _ in range(4)]
    clients = [client_of(person) for person in people]

    responses = at_once(4, lambda n: clients[n].patch(ME, {"username": ["layla", "LAYLA"][n % 2]}))

    assert sorted(response.status_code for response in responses) == [200, 400, 400, 400]
    refused = [response.json()["code"] for response in responses if response.status_code == 400]
    assert refused == ["username_taken"] * 3
    assert User.objects.filter(username__iexact="layla").count() == 1


def test_a_change_is_told_to_ones_other_devices_and_noted_once(layla, client_of):
    client = client_of(layla)

    client.patch(ME, {"first_name": "Laila", "last_name": "Haddad"})
    client.patch(ME, {"first_name": "Laila"})

    assert stream_of(layla) == [(1, "profile.updated", {})]
    [noted] = AuditEntry.objects.all()
    assert (noted.verb, noted.category, noted.actor) == ("profile.updated", "user", layla.pk)
    assert noted.details == {"fields": ["first_name"]}


# --- The status ---------------------------------------------------------------------------------------------


def status_of(client) -> tuple[str, str | None]:
    me = client.get(ME).json()
    return me["status_text"], me["status_expires_at"]


def test_a_status_is_over_when_its_time_comes(layla, client_of):
    with time_machine.travel(NOON, tick=False) as clock:
        client = client_of(layla)
        client.patch(ME, {"status_text": "At lunch", "status_expires_at": "2026-11-21T17:00:00+04:00"})

        assert status_of(client) == ("At lunch", "2026-11-21T13:00:00Z")
        clock.shift(timedelta(hours=1))
        assert status_of(client_of(layla)) == ("", None)


def test_a_new_status_has_only_an_end_of_its_own(layla, client_of):
    with time_machine.travel(NOON, tick=False):
        client = client_of(layla)
        client.patch(ME, {"status_text": "At lunch", "status_expires_at": "2026-11-21T13:00:00Z"})

        client.patch(ME, {"status_text": "Back"})

        assert status_of(client) == ("Back", None)


def test_the_end_of_a_status_may_be_moved_and_taken_away(layla, client_of):
    with time_machine.travel(NOON, tick=False):
        client = client_of(layla)
        client.patch(ME, {"status_text": "At lunch", "status_expires_at": "2026-11-21T13:00:00Z"})

        client.patch(ME, {"status_expires_at": "2026-11-21T14:00:00Z"})
        assert status_of(client) == ("At lunch", "2026-11-21T14:00:00Z")
        client.patch(ME, {"status_expires_at": None})
        assert status_of(client) == ("At lunch", None)


def test_without_a_status_there_is_none_to_end(layla, client_of):
    with time_machine.travel(NOON, tick=False) as clock:
        client = client_of(layla)
        client.patch(ME, {"status_text": "At lunch", "status_expires_at": "2026-11-21T13:00:00Z"})
        clock.shift(timedelta(hours=2))
        client = client_of(layla)

        response = client.patch(ME, {"status_expires_at": "2026-11-21T20:00:00Z"})

        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] == "no_status"
        assert status_of(client) == ("", None)


def test_what_is_over_is_forgotten_within_the_hour_and_nobody_is_told(layla, omar):
    with time_machine.travel(NOON, tick=False) as clock:
        update_profile(
            actor=layla, user=layla, status_text="At lunch", status_expires_at=NOON + timedelta(hours=1)
        )
        update_profile(actor=omar, user=omar, status_text="Away", status_expires_at=NOON + timedelta(hours=3))
        clock.shift(timedelta(hours=2))

        cleared = [clear_statuses(), clear_statuses()]

    assert cleared == [1, 0]
    layla.refresh_from_db()
    omar.refresh_from_db()
    assert (layla.status_text, layla.status_expires_at) == ("", None)
    assert (omar.status_text, omar.status_expires_at) == ("Away", NOON + timedelta(hours=3))
    assert [type_ for _, type_, _ in stream_of(layla)] == ["profile.updated"]
