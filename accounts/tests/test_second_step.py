"""Signing in where a second factor is asked for."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts import tasks
from accounts.models import AuditEntry, MailedCode, RecoveryCode, Session, SignInChallenge, User
from accounts.services import set_active, set_password
from accounts.services.codes import make_code
from accounts.tests.authenticators import totp_of
from accounts.tests.factories import (
    PASSWORD,
    RECOVERY_CODE,
    SECRET,
    AuthenticatorAppFactory,
    LinkedIdentityFactory,
    RecoveryCodeFactory,
    UserFactory,
)
from accounts.tests.mails import mails_to
from accounts.tests.telegram import BOT_TOKEN, init_data
from accounts.tokens import fingerprint
from common.actors import SYSTEM
from common.models import Mail
from common.tests.caches import clear_cache
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

LOGIN = "/api/v1/auth/login"
CHALLENGE = "/api/v1/auth/mfa/challenge"
CODES = "/api/v1/auth/mfa/recovery-codes"
RESET = "/api/v1/auth/reset-password"
LAYLA = {"email": "layla@example.com", "password": PASSWORD}
NOON = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def layla() -> User:
    """She has an app and one recovery code."""
    user = UserFactory(username="layla")
    AuthenticatorAppFactory(user=user)
    RecoveryCodeFactory(user=user)
    return user


def begin(client: APIClient, **more: str) -> dict:
    return client.post(LOGIN, LAYLA | more).json()


def by_app(challenge: str) -> dict:
    return {"challenge": challenge, "method": "totp", "code": totp_of(SECRET)}


def by_paper(challenge: str, code: str = RECOVERY_CODE) -> dict:
    return {"challenge": challenge, "method": "recovery_code", "code": code}


def test_the_password_alone_opens_nothing(clock, layla, client):
    response = client.post(LOGIN, LAYLA)

    asked = response.json()
    assert response.status_code == 200
    assert asked | {"challenge": ""} == {
        "mfa_required": True,
        "challenge": "",
        "methods": ["totp", "recovery_code"],
        "expires_in": 300,
    }
    assert response.headers["Cache-Control"] == "no-store"
    assert not Session.objects.exists()
    assert asked["challenge"] not in str(SignInChallenge.objects.values_list().get())
    layla.refresh_from_db()
    assert layla.last_login is None


def test_a_wrong_password_is_not_told_that_there_is_a_second_factor(layla, client):
    response = client.post(LOGIN, LAYLA | {"password": "eight camels at noon"})

    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")


def test_the_second_factor_finishes_the_sign_in(clock, layla, client):
    challenge = begin(client, device_name="Layla's phone")["challenge"]

    response = client.post(CHALLENGE, by_app(challenge), headers={"User-Agent": ""})

    session = Session.objects.get()
    assert response.status_code == 200
    assert sorted(response.json()) == ["access", "device", "expires_in", "refresh", "session", "user"]
    assert response.json()["session"] == str(session.pk)
    assert response.headers["Cache-Control"] == "no-store"
    assert (session.device_name, session.proved_at) == ("Layla's phone", NOON)
    me = client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {response.json()['access']}"})
    assert me.json()["username"] == "layla"


def test_a_challenge_is_answered_once(clock, layla, client):
    challenge = begin(client)["challenge"]
    client.post(CHALLENGE, by_app(challenge))
    clock.shift(timedelta(seconds=30))

    response = client.post(CHALLENGE, by_app(challenge))

    assert (response.status_code, response.json()["code"]) == (400, "challenge_invalid")
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    "what", ["unknown", "late", "another client", "another address", "another password", "deactivated"]
)
def test_a_challenge_that_does_not_hold_is_one_answer(what, clock, layla, client):
    challenge, more = begin(client)["challenge"], {}
    match what:
        case "unknown":
            challenge = "x" * 43
        case "late":
            clock.shift(timedelta(minutes=5))
        case "another client":
            more = {"headers": {"User-Agent": "curl/8"}}
        case "another address":
            more = {"REMOTE_ADDR": "203.0.113.9"}
        case "another password":
            set_password(user=layla, password="nine foxes at noon", actor=SYSTEM)
        case "deactivated":
            set_active(user=layla, active=False, actor=SYSTEM)

    response = client.post(CHALLENGE, by_paper(challenge), **more)

    assert response.status_code == 400
    assert response.json() | {"request_id": ""} == {
        "type": "http://testserver/api/docs/problems#challenge_invalid",
        "title": "This sign-in can't be finished any more. Begin again.",
        "status": 400,
        "detail": "This sign-in can't be finished any more. Begin again.",
        "code": "challenge_invalid",
        "request_id": "",
    }
    assert not Session.objects.exists()
    assert RecoveryCode.objects.get().used_at is None


def test_five_tries_use_a_challenge_up(clock, layla, client):
    challenge = begin(client)["challenge"]
    wrong = [client.post(CHALLENGE, by_paper(challenge, "no such code")).json()["code"] for _ in range(5)]

    response = client.post(CHALLENGE, by_paper(challenge))

    assert wrong == ["second_factor_wrong"] * 5
    assert response.json()["code"] == "challenge_invalid"
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_answer_one_challenge_at_once_one_gets_in(layla):
    codes = [f"{number}k2m-x9qd-0c4v-hw8t-3nbr-e6ya" for number in range(4)]
    for code in codes:
        RecoveryCodeFactory(user=layla, code_hash=fingerprint(code.replace("-", "")))
    challenge = begin(APIClient())["challenge"]

    statuses = at_once(
        4, lambda number: APIClient().post(CHALLENGE, by_paper(challenge, codes[number])).status_code
    )

    assert statuses.count(200) == 1
    assert set(statuses) == {200, 400}
    assert Session.objects.count() == 1


def test_a_providers_word_is_a_first_half_too(clock, settings, layla, client):
    clear_cache()
    settings.TELEGRAM_BOT_TOKEN = BOT_TOKEN
    LinkedIdentityFactory(user=layla, provider="telegram", subject="500")

    asked = client.post("/api/v1/auth/telegram", {"init_data": init_data(telegram=500)}).json()
    before = Session.objects.count()
    finished = client.post(CHALLENGE, by_app(asked["challenge"]))

    assert (asked["mfa_required"], asked["methods"]) == (True, ["totp", "recovery_code"])
    assert before == 0
    assert (finished.status_code, finished.json()["user"]["username"]) == (200, "layla")


def test_a_password_that_was_reset_by_mail_is_a_first_half_too(clock, layla, client):
    made = make_code(user=layla, purpose=MailedCode.Purpose.RESET_PASSWORD)

    reset = client.post(RESET, {"token": made.token, "password": "nine foxes at noon"})
    asked = begin(client, password="nine foxes at noon")

    assert reset.status_code == 204
    assert (asked["mfa_required"], asked["methods"]) == (True, ["totp", "recovery_code"])
    assert not Session.objects.exists()


# --- recovery codes ---
@pytest.mark.parametrize("spelt", [RECOVERY_CODE, RECOVERY_CODE.upper(), RECOVERY_CODE.replace("-", " ")])
def test_a_recovery_code_works_once_and_its_owner_is_told(spelt, clock, layla, client, committed):
    first, second = begin(client)["challenge"], begin(client)["challenge"]

    with committed():
        used = client.post(CHALLENGE, by_paper(first, spelt))
    again = client.post(CHALLENGE, by_paper(second, spelt))

    assert used.status_code == 200
    assert (again.status_code, again.json()["code"]) == (403, "second_factor_wrong")
    [mail] = mails_to("layla@example.com")
    assert mail["subject"] == "A recovery code was used"
    assert "0 of ten are left" in mail["text"]
    entry = AuditEntry.objects.get(verb="recovery_code.used")
    assert (entry.subject, entry.details) == (layla.pk, {"left": 0})


def test_somebody_elses_recovery_code_is_no_ones(layla, client):
    RecoveryCode.objects.update(user=UserFactory())

    response = client.post(CHALLENGE, by_paper(begin(client)["challenge"]))

    assert response.json()["code"] == "second_factor_wrong"
    assert RecoveryCode.objects.get().used_at is None


def test_new_recovery_codes_replace_the_old(layla, client_of, client, committed):
    with committed():
        response = client_of(layla).post(CODES)

    codes = response.json()["recovery_codes"]
    assert (response.status_code, response.headers["Location"]) == (201, "/api/v1/auth/mfa")
    assert len(codes) == 10
    old, new = (
        client.post(CHALLENGE, by_paper(begin(client)["challenge"], code)).status_code
        for code in (RECOVERY_CODE, codes[3])
    )
    assert (old, new) == (403, 200)
    assert [mail["subject"] for mail in mails_to("layla@example.com")][-1] == "You have new recovery codes"
    assert AuditEntry.objects.filter(verb="recovery_codes.renewed").count() == 1


def test_without_a_factor_there_is_nothing_to_recover(client_of):
    response = client_of(UserFactory()).post(CODES)

    assert (response.status_code, response.json()["code"]) == (409, "second_factor_needed")
    assert not RecoveryCode.objects.exists()


def test_without_a_fresh_proof_there_are_no_new_codes(layla, client_of):
    client = client_of(layla)
    Session.objects.update(proved_at=None)

    response = client.post(CODES)

    assert (response.status_code, response.json()["code"]) == (403, "step_up_required")
    assert response.json()["methods"] == ["totp", "recovery_code"]
    assert RecoveryCode.objects.count() == 1
    assert not Mail.objects.exists()


# --- shapes ---
@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "challenge", "required"),
        ({"challenge": "x"}, "method", "required"),
        ({"challenge": "x", "method": "totp"}, "code", "required"),
        ({"challenge": "x", "method": "sms", "code": "042917"}, "method", "invalid_choice"),
        ({"challenge": "x", "method": "totp", "code": 42917}, "code", "invalid"),
        ({"challenge": "x", "method": "totp", "code": {"id": "x"}}, "code", "invalid"),
        ({"challenge": "x", "method": "passkey", "code": "042917"}, "code", "invalid"),
        ({"challenge": "x", "method": "totp", "code": "0" * 65}, "code", "invalid"),
        ({"challenge": "x" * 101, "method": "totp", "code": "042917"}, "challenge", "max_length"),
        ({"challenge": "x", "method": "totp", "code": "042917", "user": "x"}, "user", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(body, field, code, client):
    response = client.post(CHALLENGE, body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]


def test_the_older_door_gets_a_token_where_there_is_one(clock, layla, client):
    asked = client.post("/api/auth/login", LAYLA).json()
    finished = client.post("/api/auth/mfa/challenge", by_app(asked["challenge"])).json()

    assert asked | {"challenge": ""} == {
        "success": True,
        "mfaRequired": True,
        "challenge": "",
        "methods": ["totp", "recovery_code"],
        "expiresIn": 300,
    }
    assert finished["token"] == finished["access"]


def test_tries_count_per_sign_in_and_not_per_office(clock, settings, layla, client):
    settings.LIMITS = settings.LIMITS | {"AUTH": "2/15m"}
    challenges = [begin(client, email=f"{' ' * n}layla@example.com")["challenge"] for n in range(2)]

    statuses = [
        client.post(CHALLENGE, by_paper(challenge, "no such code")).status_code
        for challenge in [challenges[0]] * 3 + [challenges[1]]
    ]

    assert statuses == [403, 403, 429, 403]


def test_sign_ins_that_nobody_finished_are_forgotten(clock, layla, client):
    begin(client)
    clock.shift(timedelta(minutes=5))
    begin(client)

    assert tasks.purge_challenges() == 1
    assert tasks.purge_challenges() == 0
    assert SignInChallenge.objects.count() == 1
