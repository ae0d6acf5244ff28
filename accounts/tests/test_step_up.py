"""Proving again who one is, before what can't be undone."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import ApiKey, Session, User
from accounts.tests.authenticators import SecurityKey, totp_of
from accounts.tests.factories import (
    PASSWORD,
    RECOVERY_CODE,
    SECRET,
    ApiKeyFactory,
    AuthenticatorAppFactory,
    RecoveryCodeFactory,
    UserFactory,
)
from accounts.tests.mails import other_than
from accounts.tokens import make_access

pytestmark = pytest.mark.django_db

STEP_UP = "/api/v1/auth/step-up"
CODES = "/api/v1/auth/mfa/recovery-codes"
CHANGE_PASSWORD = "/api/v1/auth/change-password"
API_KEYS = "/api/v1/auth/api-keys"
PASSKEYS = "/api/v1/auth/mfa/passkeys"
NEW_PASSWORD = {"current_password": PASSWORD, "password": "nine foxes at noon"}


@pytest.fixture
def stale(client_of):
    """Makes the client of somebody whose last proof is ten minutes old."""

    def make(user: User):
        client = client_of(user)
        Session.objects.filter(pk=client.session_row.pk).update(
            proved_at=timezone.now() - timedelta(minutes=10)
        )
        return client

    return make


def is_fresh(client) -> bool:
    client.session_row.refresh_from_db()
    return timezone.now() - client.session_row.proved_at < timedelta(minutes=1)


def test_the_password_is_a_proof_of_who_has_nothing_else(layla, stale):
    client = stale(layla)

    asked, response = client.post(STEP_UP, {}), client.post(STEP_UP, {"password": PASSWORD})

    assert asked.json() == {"password": True, "methods": [], "public_key": None}
    assert response.status_code == 200
    assert response.json()["expires_in"] == 600
    assert is_fresh(client)


def test_it_counts_for_this_session_alone(layla, stale):
    here, there = stale(layla), stale(layla)

    here.post(STEP_UP, {"password": PASSWORD})

    assert (is_fresh(here), is_fresh(there)) == (True, False)


def test_a_proof_counts_for_ten_minutes(layla, client_of):
    AuthenticatorAppFactory(user=layla)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        session = client_of(layla).session_row
        statuses = []
        for wait in (timedelta(seconds=599), timedelta(seconds=1)):
            clock.shift(wait)
            client = client_of(layla)
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_access(session)}")
            statuses.append(client.post(CODES).status_code)

    assert statuses == [201, 403]


def test_signing_in_is_a_proof(layla, client):
    access = client.post("/api/v1/auth/login", {"email": layla.email, "password": PASSWORD}).json()["access"]

    response = client.post("/api/v1/auth/mfa/totp", headers={"Authorization": f"Bearer {access}"})

    assert response.status_code == 200


def test_refreshing_is_none(layla, client):
    tokens = client.post("/api/v1/auth/login", {"email": layla.email, "password": PASSWORD}).json()
    Session.objects.update(proved_at=timezone.now() - timedelta(minutes=10))
    access = client.post("/api/v1/auth/refresh", {"refresh": tokens["refresh"]}).json()["access"]

    response = client.post("/api/v1/auth/mfa/totp", headers={"Authorization": f"Bearer {access}"})

    assert response.json()["code"] == "step_up_required"


def test_with_a_second_factor_both_are_asked_for(layla, stale):
    AuthenticatorAppFactory(user=layla)
    client = stale(layla)

    with time_machine.travel(timezone.now(), tick=False):
        asked = client.post(STEP_UP, {}).json()
        refused = [
            client.post(STEP_UP, body)
            for body in (
                {"password": PASSWORD},
                {"method": "totp", "code": totp_of(SECRET)},
                {"password": "eight camels at noon", "method": "totp", "code": totp_of(SECRET)},
                {"password": PASSWORD, "method": "totp", "code": other_than(totp_of(SECRET))},
                {"password": PASSWORD, "method": "recovery_code", "code": RECOVERY_CODE},
            )
        ]
        fresh_before = is_fresh(client)
        given = client.post(STEP_UP, {"password": PASSWORD, "method": "totp", "code": totp_of(SECRET)})

    assert asked == {"password": True, "methods": ["totp"], "public_key": None}
    assert [(response.status_code, response.json()["code"]) for response in refused] == [
        (400, "invalid"),
        (400, "invalid"),
        (403, "current_password_wrong"),
        (403, "second_factor_wrong"),
        (403, "second_factor_wrong"),
    ]
    assert [response.json()["errors"][0]["field"] for response in refused[:2]] == ["method", "password"]
    assert not fresh_before
    assert given.status_code == 200
    assert is_fresh(client)


def test_a_recovery_code_stands_for_the_factor(layla, stale):
    AuthenticatorAppFactory(user=layla)
    RecoveryCodeFactory(user=layla)
    client = stale(layla)
    body = {"password": PASSWORD, "method": "recovery_code", "code": RECOVERY_CODE}

    statuses = [client.post(STEP_UP, body).status_code for _ in range(2)]

    assert statuses == [200, 403]


def test_a_passkey_is_enough_by_itself(layla, client_of, stale):
    key, first, client = SecurityKey(), client_of(layla), stale(layla)
    options = first.post(PASSKEYS, {}).json()["public_key"]
    first.post(PASSKEYS, {"credential": key.make(options)})

    asked = client.post(STEP_UP, {}).json()
    other = stale(layla).post(STEP_UP, {"method": "passkey", "code": key.sign(asked["public_key"])})
    asked = client.post(STEP_UP, {}).json()
    response = client.post(STEP_UP, {"method": "passkey", "code": key.sign(asked["public_key"])})

    assert asked["methods"] == ["passkey", "recovery_code"]
    assert other.json()["code"] == "passkey_refused"  # the options were another session's
    assert response.status_code == 200
    assert is_fresh(client)


def test_who_has_no_password_shows_a_factor(stale):
    omar = UserFactory(password=make_password(None))
    client = stale(omar)
    nothing = client.post(STEP_UP, {"password": PASSWORD})
    AuthenticatorAppFactory(user=omar)

    with time_machine.travel(timezone.now(), tick=False):
        asked = client.post(STEP_UP, {}).json()
        given = client.post(STEP_UP, {"method": "totp", "code": totp_of(SECRET)})

    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (400, "method")
    assert asked == {"password": False, "methods": ["totp"], "public_key": None}
    assert given.status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"password": 5}, "password", "invalid"),
        ({"code": "042917"}, "method", "required"),
        ({"method": "totp"}, "code", "required"),
        ({"method": "passkey"}, "code", "required"),
        ({"method": "passkey", "code": "042917"}, "code", "invalid"),
        ({"method": "sms", "code": "042917"}, "method", "invalid_choice"),
        ({"passwort": PASSWORD}, "passwort", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(body, field, code, layla, stale):
    client = stale(layla)

    response = client.post(STEP_UP, body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert not is_fresh(client)


# --- what asks for it ---
def test_a_new_password_asks_for_the_second_factor_where_there_is_one(layla, stale):
    client = stale(layla)
    AuthenticatorAppFactory(user=layla)

    response = client.post(CHANGE_PASSWORD, NEW_PASSWORD)

    assert (response.status_code, response.json()["code"]) == (403, "step_up_required")
    assert User.objects.get().check_password(PASSWORD)


def test_without_one_the_present_password_is_enough(layla, stale):
    assert stale(layla).post(CHANGE_PASSWORD, NEW_PASSWORD).status_code == 204


@pytest.mark.parametrize("what", ["make", "rotate"])
def test_api_keys_ask_for_it(what, layla, stale):
    key = ApiKeyFactory(user=layla)
    path, body = {
        "make": (API_KEYS, {"name": "Backup", "scopes": ["chats:read"]}),
        "rotate": (f"{API_KEYS}/{key.pk}/rotate", {}),
    }[what]

    response = stale(layla).post(path, body)

    assert (response.status_code, response.json()["code"]) == (403, "step_up_required")
    assert list(ApiKey.objects.values_list("pk", "secret_hash")) == [(key.pk, key.secret_hash)]
