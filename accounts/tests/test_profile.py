"""The person themselves."""

import pytest

from accounts.models import TakenUsername, User
from accounts.services import update_profile
from accounts.tests.factories import UserFactory, staff
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"


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
        "role": "member",
        "roles": ["member"],
        "status_text": "",
        "language": "en",
        "timezone": "UTC",
        "presence": None,
        "created_at": layla.created_at.isoformat().replace("+00:00", "Z"),
    }


def test_staff_see_that_they_are(client_of):
    me = client_of(staff()).get(ME).json()

    assert (me["role"], me["roles"]) == ("staff", ["member", "staff"])


def test_reading_oneself_takes_one_query(layla, client_of, django_assert_num_queries):
    client = client_of(layla)

    with django_assert_num_queries(1):  # the session with its user
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
        update_profile(user=layla, email="new@example.com")

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
