"""Passkeys: added, named, used beside a password and in place of it, taken away."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Passkey, RecoveryCode, Session, User
from accounts.services import set_active
from accounts.tests.authenticators import UP, SecurityKey
from accounts.tests.factories import PASSWORD, PasskeyFactory, SessionFactory, UserFactory
from accounts.tests.mails import mails_to
from accounts.tokens import make_access
from common.actors import SYSTEM
from common.models import Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

PASSKEYS = "/api/v1/auth/mfa/passkeys"
SIGN_IN = "/api/v1/auth/passkeys/login"
LOGIN = "/api/v1/auth/login"
CHALLENGE = "/api/v1/auth/mfa/challenge"
LAYLA = {"email": "layla@example.com", "password": PASSWORD}


def everything() -> list[list[dict[str, Any]]]:
    models = (Passkey, RecoveryCode, AuditEntry, Mail)
    return [list(model.objects.order_by("pk").values()) for model in models]


def options_of(client: APIClient, path: str = PASSKEYS, body: Any = None) -> dict[str, Any]:
    return client.post(path, body or {}).json()["public_key"]


def add(client: APIClient, key: SecurityKey, **more: Any) -> Any:
    return client.post(PASSKEYS, {"credential": key.make(options_of(client)), **more})


@pytest.fixture
def key(layla: User) -> SecurityKey:
    """A key that Layla has added."""
    key = SecurityKey()
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {make_access(SessionFactory(user=layla))}")
    assert add(client, key, name="Blue key").status_code == 201
    for model in (Session, Mail):
        model.objects.all().delete()
    return key


# --- added ---
def test_a_passkey_is_added_in_two_steps(layla, client_of, committed):
    client, key = client_of(layla), SecurityKey(synchronised=True)

    options = options_of(client)
    with committed():
        response = client.post(PASSKEYS, {"credential": key.make(options), "name": "Blue key"})

    passkey = Passkey.objects.get()
    assert options["rp"] == {"name": "Serai", "id": "testserver"}
    assert options["user"]["name"] == "layla"
    assert "layla@example.com" not in str(options)
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert options["attestation"] == "none"
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/auth/mfa/passkeys/{passkey.pk}"
    shown = response.json()["passkey"]
    assert shown | {"created_at": ""} == {
        "id": str(passkey.pk),
        "name": "Blue key",
        "synchronised": True,
        "backed_up": True,
        "created_at": "",
        "last_used_at": None,
    }
    assert client.get(response.headers["Location"]).json() == shown
    assert len(response.json()["recovery_codes"]) == 10
    assert (passkey.user, passkey.transports) == (layla, ["usb", "nfc"])
    [mail] = mails_to("layla@example.com")
    assert mail["subject"] == "A passkey was added"
    assert "“Blue key”" in mail["text"]
    entry = AuditEntry.objects.get(verb="passkey.added")
    assert (entry.verb, entry.subject, entry.target) == ("passkey.added", layla.pk, str(passkey.pk))


def test_the_camel_case_door_takes_the_same_credential(layla, client_of):
    client, key = client_of(layla), SecurityKey()
    options = client.post("/api/auth/mfa/passkeys", {}).json()["publicKey"]

    response = client.post("/api/auth/mfa/passkeys", {"credential": key.make(options)})

    assert response.status_code == 201
    assert response.json()["passkey"]["name"] == "Passkey"


def test_the_browser_is_told_which_there_are(key, layla, client_of):
    options = options_of(client_of(layla))

    [there] = options["excludeCredentials"]
    assert there["id"] == Passkey.objects.get().credential_id
    assert there["transports"] == ["usb", "nfc"]


@pytest.mark.parametrize(
    "what",
    [
        "origin",
        "kind",
        "challenge",
        "rp",
        "not verified",
        "used",
        "another session's",
        "late",
        "garbage",
        "sign-in's",
    ],
)
def test_a_credential_that_does_not_fit_is_refused_and_adds_nothing(what, layla, client_of):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client, key = client_of(layla), SecurityKey()
        options, more = options_of(client), {}
        match what:
            case "origin":
                key.origin = "http://testserver.evil.example"
            case "kind":
                more = {"type": "webauthn.get"}
            case "challenge":
                more = {"challenge": "AAAA"}
            case "rp":
                options["rp"]["id"] = "evil.example"
            case "not verified":
                key.flags = UP
            case "another session's":
                client = client_of(layla)
            case "sign-in's":
                options["challenge"] = options_of(APIClient(), SIGN_IN)["challenge"]
        credential = key.make(options, **more)
        if what == "used":
            client.post(PASSKEYS, {"credential": SecurityKey().make(options)})
        if what == "late":
            clock.shift(timedelta(minutes=5))
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_access(client.session_row)}")
        if what == "garbage":
            credential["response"]["attestationObject"] = "o2NmbXRkbm9uZQ"
        before = everything()

        response = client.post(PASSKEYS, {"credential": credential})

    assert (response.status_code, response.json()["code"]) == (403, "passkey_refused")
    assert everything() == before


def test_a_passkey_that_is_known_is_not_added_again(key, layla, client_of):
    client, omar = client_of(layla), client_of(UserFactory())
    before = everything()

    responses = [add(client, key), add(omar, key)]

    assert [response.json()["code"] for response in responses] == ["passkey_refused"] * 2
    assert everything() == before


def test_an_account_holds_twenty(layla, client_of):
    PasskeyFactory.create_batch(19, user=layla)
    client, key = client_of(layla), SecurityKey()
    options = options_of(client)
    PasskeyFactory(user=layla)

    begun, added = client.post(PASSKEYS, {}), client.post(PASSKEYS, {"credential": key.make(options)})

    for response in (begun, added):
        assert (response.status_code, response.json()["code"]) == (409, "passkey_limit_reached")
        assert response.json()["limit"] == 20
    assert Passkey.objects.count() == 20


@pytest.mark.parametrize(
    "credential", ["x", [], {}, {"id": "x"}, {"id": 1, "rawId": 1, "type": 1, "response": 1}]
)
def test_what_is_no_credential_is_named(credential, layla, client_of):
    response = client_of(layla).post(PASSKEYS, {"credential": credential})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["credential"]


@pytest.mark.parametrize(
    "response",
    [
        {"clientDataJSON": 5},
        {"clientDataJSON": "W10"},
        {"clientDataJSON": "é"},
        {"clientDataJSON": "bnVsbA"},
        {"clientDataJSON": "eyJjaGFsbGVuZ2UiOjV9"},
    ],
)
@pytest.mark.parametrize("path", [PASSKEYS, SIGN_IN])
def test_whatever_stands_in_it_is_a_refusal_at_most(path, response, layla, client_of):
    credential = {"id": "x", "rawId": "x", "type": "public-key", "response": response}

    answer = client_of(layla).post(path, {"credential": credential})

    assert (answer.status_code, answer.json()["code"]) == (403, "passkey_refused")


# --- listed and named ---
@pytest.mark.parametrize("count", [1, 20])
def test_the_list_takes_two_queries(count, layla, client_of, django_assert_num_queries):
    PasskeyFactory.create_batch(count, user=layla)
    PasskeyFactory(user=UserFactory())
    client = client_of(layla)

    with django_assert_num_queries(2):  # the session, its passkeys
        response = client.get(PASSKEYS)

    assert len(response.json()["results"]) == count
    assert response.json()["results"][0]["id"] == str(layla.passkeys.first().pk)


@pytest.mark.parametrize("method", ["patch", "put"])
def test_a_passkey_is_renamed_by_its_owner(method, layla, client_of):
    passkey = PasskeyFactory(user=layla)

    response = getattr(client_of(layla), method)(f"{PASSKEYS}/{passkey.pk}", {"name": " Red key "})

    assert (response.status_code, response.json()["name"]) == (200, "Red key")


@pytest.mark.parametrize("method", ["get", "patch", "put", "delete"])
def test_somebody_elses_passkey_is_not_there(method, client_of):
    passkey = PasskeyFactory()
    client, before = client_of(UserFactory()), everything()

    response = getattr(client, method)(
        f"{PASSKEYS}/{passkey.pk}", {"name": "Mine"} if method in ("patch", "put") else None
    )

    assert response.status_code == 404
    assert everything() == before


# --- taken away ---
def test_the_last_factor_takes_the_recovery_codes_along(key, layla, client_of, client, committed):
    with committed():
        response = client_of(layla).delete(f"{PASSKEYS}/{Passkey.objects.get().pk}")

    assert response.status_code == 204
    assert not Passkey.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert "access" in client.post(LOGIN, LAYLA).json()
    assert [mail["subject"] for mail in mails_to("layla@example.com")] == ["A passkey was removed"]
    assert AuditEntry.objects.filter(verb="passkey.removed").count() == 1


@pytest.mark.parametrize("step", ["options", "credential", "remove"])
def test_without_a_fresh_proof_nothing_is_touched(step, key, layla, client_of):
    client, other = client_of(layla), SecurityKey()
    credential = other.make(options_of(client))
    Session.objects.update(proved_at=timezone.now() - timedelta(minutes=10))
    before = everything()

    match step:
        case "options":
            response = client.post(PASSKEYS, {})
        case "credential":
            response = client.post(PASSKEYS, {"credential": credential})
        case "remove":
            response = client.delete(f"{PASSKEYS}/{Passkey.objects.get().pk}")

    assert (response.status_code, response.json()["code"]) == (403, "step_up_required")
    assert everything() == before


def test_staff_who_must_have_a_factor_keep_the_last(settings, key, layla, client_of):
    settings.REQUIRE_STAFF_MFA = True
    User.objects.update(is_staff=True)
    client, before = client_of(layla), everything()

    response = client.delete(f"{PASSKEYS}/{Passkey.objects.get().pk}")

    assert (response.status_code, response.json()["code"]) == (409, "second_factor_needed")
    assert everything() == before


# --- in place of a password ---
def test_a_passkey_alone_signs_in(key, layla, client):
    options = options_of(client, SIGN_IN)

    response = client.post(SIGN_IN, {"credential": key.sign(options), "device_name": "Layla's phone"})

    session = Session.objects.get()
    assert options["allowCredentials"] == []
    assert (options["rpId"], options["userVerification"]) == ("testserver", "required")
    assert response.status_code == 200
    assert response.json()["user"]["username"] == "layla"
    assert (session.user, session.device_name) == (layla, "Layla's phone")
    assert session.proved_at is not None
    passkey = Passkey.objects.get()
    assert passkey.sign_count == 1
    assert passkey.last_used_at is not None


@pytest.mark.parametrize(
    "what",
    [
        "origin",
        "kind",
        "rp",
        "not verified",
        "used",
        "late",
        "another key",
        "no handle",
        "another's handle",
        "deactivated",
        "removed",
        "now synchronised",
        "signature",
    ],
)
def test_what_does_not_fit_opens_nothing(what, key, layla, client):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        options, more = options_of(client, SIGN_IN), {}
        match what:
            case "origin":
                key.origin = "http://testserver.evil.example"
            case "kind":
                more = {"type": "webauthn.create"}
            case "rp":
                options["rpId"] = "evil.example"
            case "not verified":
                key.flags = UP
            case "another key":
                key.key = SecurityKey().key
            case "no handle":
                key.user_handle = None
            case "another's handle":
                key.user_handle = UserFactory().pk.bytes
            case "deactivated":
                set_active(user=layla, active=False, actor=SYSTEM)
            case "removed":
                Passkey.objects.all().delete()
            case "now synchronised":
                key.flags = SecurityKey(synchronised=True).flags
        credential = key.sign(options, **more)
        if what == "used":
            client.post(SIGN_IN, {"credential": key.sign(options)})
            Session.objects.all().delete()
        if what == "late":
            clock.shift(timedelta(minutes=5))
        if what == "signature":
            credential["response"]["signature"] = "AAAA"

        response = client.post(SIGN_IN, {"credential": credential})

    assert (response.status_code, response.json()["code"]) == (403, "passkey_refused")
    assert not Session.objects.exists()


def test_a_count_that_goes_back_is_refused_and_noted(key, layla, client):
    client.post(SIGN_IN, {"credential": key.sign(options_of(client, SIGN_IN))})
    key.count = 0  # a copy, made before

    response = client.post(SIGN_IN, {"credential": key.sign(options_of(client, SIGN_IN))})

    assert (response.status_code, response.json()["code"]) == (403, "passkey_refused")
    assert Session.objects.count() == 1
    passkey = Passkey.objects.get()
    assert passkey.regressed_at is not None
    assert passkey.sign_count == 1
    assert AuditEntry.objects.get(verb="passkey.regressed").subject == layla.pk


def test_a_key_that_counts_nothing_is_fine(key, client):
    key.count = -1
    first = client.post(SIGN_IN, {"credential": key.sign(options_of(client, SIGN_IN))})
    key.count = -1
    second = client.post(SIGN_IN, {"credential": key.sign(options_of(client, SIGN_IN))})

    assert (first.status_code, second.status_code) == (200, 200)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_bring_one_answer_at_once_one_gets_in(layla):
    key = SecurityKey()
    add(APIClient(HTTP_AUTHORIZATION=f"Bearer {make_access(SessionFactory(user=layla))}"), key)
    Session.objects.all().delete()
    body = {"credential": key.sign(options_of(APIClient(), SIGN_IN))}

    statuses = at_once(5, lambda number: APIClient().post(SIGN_IN, body).status_code)

    assert sorted(statuses) == [200, 403, 403, 403, 403]
    assert Session.objects.count() == 1


# --- beside a password ---
def test_a_passkey_finishes_a_sign_in(key, layla, client):
    challenge = client.post(LOGIN, LAYLA).json()
    first = {"challenge": challenge["challenge"], "method": "passkey"}

    options = options_of(client, CHALLENGE, first)
    response = client.post(CHALLENGE, first | {"code": key.sign(options)})

    assert challenge["methods"] == ["passkey", "recovery_code"]
    assert [each["id"] for each in options["allowCredentials"]] == [Passkey.objects.get().credential_id]
    assert response.status_code == 200
    assert Session.objects.count() == 1


@pytest.mark.parametrize("what", ["another's key", "of another sign-in", "of the sign-in without a password"])
def test_an_answer_to_something_else_finishes_nothing(what, key, layla, client, client_of):
    first = {"challenge": client.post(LOGIN, LAYLA).json()["challenge"], "method": "passkey"}
    options = options_of(client, CHALLENGE, first)
    match what:
        case "another's key":
            key = SecurityKey()
            add(client_of(UserFactory()), key)
        case "of another sign-in":
            other = client.post(LOGIN, LAYLA).json()["challenge"]
            options = options_of(client, CHALLENGE, {"challenge": other, "method": "passkey"})
        case "of the sign-in without a password":
            options = options_of(client, SIGN_IN)
    Session.objects.all().delete()

    response = client.post(CHALLENGE, first | {"code": key.sign(options)})

    assert (response.status_code, response.json()["code"]) == (403, "passkey_refused")
    assert not Session.objects.exists()


def test_options_are_given_for_a_sign_in_that_holds_alone(client):
    response = client.post(CHALLENGE, {"challenge": "x" * 43, "method": "passkey"})

    assert (response.status_code, response.json()["code"]) == (400, "challenge_invalid")
