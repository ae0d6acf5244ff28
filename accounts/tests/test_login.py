"""Signing in."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib.auth import hashers
from django.contrib.auth.hashers import make_password

from accounts.models import Session, User
from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

LOGIN = "/api/v1/auth/login"
LAYLA = {"email": "layla@example.com", "password": PASSWORD}


@pytest.fixture
def layla() -> User:
    with time_machine.travel(datetime(2026, 10, 1, 8, tzinfo=UTC), tick=False):
        return UserFactory(username="layla", first_name="Layla", last_name="Haddad")


@time_machine.travel(datetime(2026, 11, 21, 9, 0, 0, 250_000, tzinfo=UTC), tick=False)
def test_signing_in_opens_a_session(client, layla):
    response = client.post(
        LOGIN,
        LAYLA | {"device_name": "Layla's phone"},
        headers={"User-Agent": "SeraiApp/3.2"},
        REMOTE_ADDR="203.0.113.7",
    )

    session = Session.objects.get()
    assert response.status_code == 200
    assert response.json() | {"access": "", "refresh": "", "device": ""} == {
        "access": "",
        "refresh": "",
        "device": "",
        "expires_in": 300,
        "session": str(session.pk),
        "user": {
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
            "presence": None,
            "created_at": "2026-10-01T08:00:00Z",
        },
    }
    assert (session.user, session.device_name, session.user_agent, session.address) == (
        layla,
        "Layla's phone",
        "SeraiApp/3.2",
        "203.0.113.7",
    )
    assert session.expires_at == datetime(2026, 12, 21, 9, tzinfo=UTC)
    layla.refresh_from_db()
    assert layla.last_login == datetime(2026, 11, 21, 9, 0, 0, 250_000, tzinfo=UTC)


def test_both_tokens_work(client, layla):
    tokens = client.post(LOGIN, LAYLA).json()

    me = client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access']}"})
    refreshed = client.post("/api/v1/auth/refresh", {"refresh": tokens["refresh"]})

    assert me.json()["id"] == str(layla.pk)
    assert refreshed.status_code == 200


def test_nothing_that_signs_in_is_stored(client, layla):
    tokens = client.post(LOGIN, LAYLA).json()

    stored = " ".join(str(value) for value in Session.objects.values_list().get())
    assert tokens["access"] not in stored
    assert tokens["refresh"] not in stored
    assert PASSWORD not in User.objects.get().password


def test_each_device_has_a_session_of_its_own(client, layla):
    sessions = {client.post(LOGIN, LAYLA).json()["session"] for _ in range(2)}

    assert sessions == {str(pk) for pk in Session.objects.values_list("pk", flat=True)}
    assert len(sessions) == 2


@pytest.mark.parametrize("email", ["LAYLA@EXAMPLE.COM", "  layla@example.com "])
def test_the_address_may_be_spelt_in_any_way(email, client, layla):
    response = client.post(LOGIN, LAYLA | {"email": email})

    assert response.status_code == 200


def test_unknown_wrong_and_shut_out_are_one_answer_byte_for_byte(client, layla):
    UserFactory(email="inactive@example.com", is_active=False)
    UserFactory(email="without@example.com", password=make_password(None))
    attempts = [
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": "layla@example.com", "password": "eight camels at noon"},
        {"email": "inactive@example.com", "password": PASSWORD},
        {"email": "without@example.com", "password": PASSWORD},
    ]

    responses = [client.post(LOGIN, body, headers={"X-Request-ID": "same"}) for body in attempts]

    assert responses[0].status_code == 401
    assert responses[0].headers["WWW-Authenticate"] == 'Bearer realm="serai"'
    assert responses[0].json() == {
        "type": "http://testserver/api/docs/problems#invalid_credentials",
        "title": "E-mail address and password don't go together.",
        "status": 401,
        "detail": "E-mail address and password don't go together.",
        "code": "invalid_credentials",
        "request_id": "same",
    }
    assert {response.content for response in responses} == {responses[0].content}
    assert [dict(response.headers) for response in responses] == [dict(responses[0].headers)] * 4
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("password", "status", "code"),
    [(PASSWORD, 403, "email_not_verified"), ("eight camels at noon", 401, "invalid_credentials")],
)
def test_only_who_knows_the_password_hears_that_the_address_waits(password, status, code, client):
    UserFactory(username="layla", email_verified_at=None)

    response = client.post(LOGIN, LAYLA | {"password": password})

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Session.objects.exists()


def test_a_password_counts_with_its_spaces_and_its_case(client):
    UserFactory(username="layla", password=make_password(f" {PASSWORD} "))

    responses = [
        client.post(LOGIN, LAYLA | {"password": password})
        for password in (PASSWORD, f" {PASSWORD.upper()} ", f" {PASSWORD} ")
    ]

    assert [response.status_code for response in responses] == [401, 401, 200]


def test_an_old_hash_is_made_anew_when_its_owner_comes(client, settings):
    old = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, old]
    layla = UserFactory(username="layla", password=make_password(PASSWORD, hasher="pbkdf2_sha256"))

    wrong = client.post(LOGIN, LAYLA | {"password": "eight camels at noon"})
    untouched = User.objects.get().password
    right = client.post(LOGIN, LAYLA)

    assert (wrong.status_code, right.status_code) == (401, 200)
    assert untouched == layla.password
    assert User.objects.get().password.startswith("md5$")  # the suite's quick one
    assert client.post(LOGIN, LAYLA).status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "email", "required"),
        ({"email": "layla@example.com"}, "password", "required"),
        (LAYLA | {"email": 5}, "email", "invalid"),
        (LAYLA | {"password": ["x"]}, "password", "invalid"),
        (LAYLA | {"password": "\0"}, "password", "null_characters_not_allowed"),
        (LAYLA | {"device_name": "x" * 101}, "device_name", "max_length"),
        (LAYLA | {"device_name": None}, "device_name", "null"),
        (LAYLA | {"user_name": "layla"}, "user_name", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(body, field, code, client, layla):
    response = client.post(LOGIN, body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert not Session.objects.exists()


def test_a_very_long_client_name_is_cut(client, layla):
    client.post(LOGIN, LAYLA, headers={"User-Agent": "x" * 5000})

    assert Session.objects.get().user_agent == "x" * 300


def test_a_client_name_that_no_database_can_hold_is_mended(client, layla):
    response = client.post(LOGIN, LAYLA, headers={"User-Agent": "App\0/1"})

    assert response.status_code == 200
    assert Session.objects.get().user_agent == "App/1"


def test_an_address_that_is_none_is_no_address(client, layla):
    client.post(LOGIN, LAYLA, REMOTE_ADDR="")

    assert Session.objects.get().address is None


# --- The real hasher ----------------------------------------------------------------------------------------


@pytest.mark.real_passwords
def test_passwords_are_kept_with_argon2(client):
    UserFactory(username="layla")

    response = client.post(LOGIN, LAYLA)

    assert response.status_code == 200
    assert User.objects.get().password.startswith("argon2$argon2id$")


@pytest.mark.real_passwords
@pytest.mark.parametrize(
    "attempt",
    [
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": "layla@example.com", "password": "eight camels at noon"},
        {"email": "inactive@example.com", "password": PASSWORD},
        {"email": "without@example.com", "password": PASSWORD},
    ],
    ids=["unknown", "wrong", "shut out", "without a password"],
)
def test_every_refusal_costs_one_hash_of_the_same_strength(attempt, client, monkeypatch):
    UserFactory(username="layla")
    UserFactory(email="inactive@example.com", is_active=False)
    UserFactory(email="without@example.com", password=make_password(None))
    hashed = []

    def counted(name):
        real = getattr(hashers.Argon2PasswordHasher, name)

        def count(self, *args, **kwargs):
            hashed.append((self.time_cost, self.memory_cost, self.parallelism))
            return real(self, *args, **kwargs)

        monkeypatch.setattr(hashers.Argon2PasswordHasher, name, count)

    counted("encode")
    counted("verify")
    response = client.post(LOGIN, attempt)

    assert response.status_code == 401
    assert hashed == [(2, 102_400, 8)]


@pytest.mark.real_passwords
@pytest.mark.parametrize("email", ["new@example.com", "layla@example.com"])
def test_signing_up_costs_one_hash_whether_the_address_is_taken_or_not(email, client, monkeypatch):
    UserFactory(username="layla")
    hashed = []
    real = hashers.Argon2PasswordHasher.encode

    def count(self, *args, **kwargs):
        hashed.append(self.memory_cost)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(hashers.Argon2PasswordHasher, "encode", count)
    response = client.post("/api/v1/auth/register", {"email": email, "password": PASSWORD})

    assert response.status_code == 201
    assert hashed == [102_400]
