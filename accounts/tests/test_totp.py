"""An authenticator app: set up, asked, taken away."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import AuditEntry, AuthenticatorApp, FactorTally, RecoveryCode, Session
from accounts.tests.authenticators import totp_of
from accounts.tests.factories import (
    PASSWORD,
    RECOVERY_CODE,
    SECRET,
    AuthenticatorAppFactory,
    PasskeyFactory,
    RecoveryCodeFactory,
    SessionFactory,
    UserFactory,
)
from accounts.tests.mails import mails_to, other_than
from accounts.tokens import make_access
from common.models import Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

TOTP = "/api/v1/auth/mfa/totp"
MFA = "/api/v1/auth/mfa"
LOGIN = "/api/v1/auth/login"
CHALLENGE = "/api/v1/auth/mfa/challenge"
LAYLA = {"email": "layla@example.com", "password": PASSWORD}
NOON = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def clock():
    """Five seconds into a step; `clock.shift` moves on."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def everything():
    models = (AuthenticatorApp, RecoveryCode, Session, AuditEntry, Mail)
    return [list(model.objects.order_by("pk").values()) for model in models]


# --- set up ---
def test_an_app_is_set_up_confirmed_and_told_by_mail(clock, layla, client_of, committed):
    client = client_of(layla)

    begun = client.post(TOTP)
    with committed():
        confirmed = client.put(TOTP, {"code": totp_of(begun.json()["secret"])})

    assert (begun.status_code, begun.headers["Cache-Control"]) == (200, "no-store")
    url = urlsplit(begun.json()["otpauth_url"])
    assert (url.scheme, url.netloc, url.path) == ("otpauth", "totp", "/Serai:layla%40example.com")
    assert parse_qs(url.query) == {"secret": [begun.json()["secret"]], "issuer": ["Serai"]}
    assert begun.json()["qr_svg"].startswith("<svg ")
    assert confirmed.status_code == 200
    codes = confirmed.json()["recovery_codes"]
    assert len(set(codes)) == 10
    assert {len(code.replace("-", "")) for code in codes} == {24}
    assert client.get(MFA).json() == {
        "totp": True,
        "recovery_codes": 10,
        "passkeys": [],
        "methods": ["totp", "recovery_code"],
        "required": False,
    }
    [mail] = mails_to("layla@example.com")
    assert mail["subject"] == "An authenticator app was added"
    assert "From here on signing in asks for a code of it." in mail["text"]
    entry = AuditEntry.objects.get()
    assert (entry.category, entry.verb, entry.actor, entry.subject) == (
        "security",
        "totp.enabled",
        layla.pk,
        layla.pk,
    )


def test_neither_the_secret_nor_the_codes_are_stored_in_the_open(clock, layla, client_of):
    client = client_of(layla)
    secret = client.post(TOTP).json()["secret"]
    codes = client.put(TOTP, {"code": totp_of(secret)}).json()["recovery_codes"]

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM accounts_authenticatorapp")
        stored = str(cursor.fetchall())
        cursor.execute("SELECT code_hash FROM accounts_recoverycode")
        stored += str(cursor.fetchall())

    assert secret not in stored
    assert [code for code in codes if code in stored or code.replace("-", "") in stored] == []


def test_until_a_code_came_back_nothing_is_on(clock, layla, client_of, client):
    begun = client_of(layla).post(TOTP)

    assert begun.status_code == 200
    assert "access" in client.post(LOGIN, LAYLA).json()
    assert client_of(layla).get(MFA).json()["methods"] == []


def test_the_page_may_be_loaded_again_within_ten_minutes(clock, layla, client_of):
    first = client_of(layla).post(TOTP).json()["secret"]
    clock.shift(timedelta(minutes=9))
    again = client_of(layla).post(TOTP).json()["secret"]
    clock.shift(timedelta(minutes=2))

    late = client_of(layla).post(TOTP).json()["secret"]

    assert again == first
    assert late != first


def test_what_was_begun_too_long_ago_is_not_confirmed(clock, layla, client_of):
    secret = client_of(layla).post(TOTP).json()["secret"]
    clock.shift(timedelta(minutes=10))
    client, before = client_of(layla), everything()

    response = client.put(TOTP, {"code": totp_of(secret)})

    assert (response.status_code, response.json()["code"]) == (403, "second_factor_wrong")
    assert everything()[0] == before[0]


def test_a_wrong_code_switches_nothing_on(clock, layla, client_of):
    client = client_of(layla)
    secret = client.post(TOTP).json()["secret"]
    before = everything()

    response = client.put(TOTP, {"code": other_than(totp_of(secret))})

    assert (response.status_code, response.json()["code"]) == (403, "second_factor_wrong")
    assert everything() == before


def test_who_has_one_removes_it_before_another_is_set_up(clock, layla, client_of):
    AuthenticatorAppFactory(user=layla)
    client = client_of(layla)

    begun, confirmed = client.post(TOTP), client.put(TOTP, {"code": totp_of(SECRET)})

    assert (begun.status_code, begun.json()["code"]) == (409, "authenticator_app_on")
    assert SECRET not in begun.content.decode()
    assert (confirmed.status_code, confirmed.json()["code"]) == (403, "second_factor_wrong")


def test_codes_from_before_are_kept(clock, layla, client_of):
    PasskeyFactory(user=layla)
    RecoveryCodeFactory(user=layla)
    client = client_of(layla)
    secret = client.post(TOTP).json()["secret"]

    response = client.put(TOTP, {"code": totp_of(secret)})

    assert response.json() == {"recovery_codes": None}
    assert RecoveryCode.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "code", "required"),
        ({"code": 42917}, "code", "invalid"),
        ({"code": "0" * 17}, "code", "max_length"),
        ({"code": "042917", "secret": "x"}, "secret", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(body, field, code, layla, client_of):
    response = client_of(layla).put(TOTP, body)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


# --- taken away ---
def test_the_app_is_removed_with_its_recovery_codes(clock, layla, client_of, client, committed):
    AuthenticatorAppFactory(user=layla)
    RecoveryCodeFactory(user=layla)

    with committed():
        response = client_of(layla).delete(TOTP)

    assert (response.status_code, response.content) == (204, b"")
    assert not AuthenticatorApp.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert "access" in client.post(LOGIN, LAYLA).json()
    assert [mail["subject"] for mail in mails_to("layla@example.com")] == [
        "Your authenticator app was removed"
    ]
    assert AuditEntry.objects.filter(verb="totp.disabled").count() == 1


def test_beside_a_passkey_the_recovery_codes_stay(layla, client_of):
    AuthenticatorAppFactory(user=layla)
    RecoveryCodeFactory(user=layla)
    PasskeyFactory(user=layla)

    client_of(layla).delete(TOTP)

    assert RecoveryCode.objects.count() == 1


def test_removing_none_is_fine_and_told_to_nobody(layla, client_of):
    response = client_of(layla).delete(TOTP)

    assert response.status_code == 204
    assert not Mail.objects.exists()
    assert not AuditEntry.objects.exists()


def test_staff_who_must_have_a_factor_keep_the_last(settings, client_of):
    settings.REQUIRE_STAFF_MFA = True
    ada = UserFactory(is_staff=True)
    AuthenticatorAppFactory(user=ada)
    client, before = client_of(ada), everything()

    response = client.delete(TOTP)

    assert (response.status_code, response.json()["code"]) == (409, "second_factor_needed")
    assert everything() == before
    assert client.get(MFA).json()["required"] is True


# --- who may ---
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_without_a_fresh_proof_nothing_is_touched(method, clock, layla, client_of):
    client = client_of(layla)
    Session.objects.update(proved_at=NOON - timedelta(minutes=10))
    before = everything()

    response = getattr(client, method)(TOTP, {"code": "042917"} if method == "put" else None)

    assert response.status_code == 403
    assert response.json() | {"request_id": ""} == {
        "type": "http://testserver/api/docs/problems#step_up_required",
        "title": "Prove again that it is you: your last proof was more than ten minutes ago.",
        "status": 403,
        "detail": "Prove again that it is you: your last proof was more than ten minutes ago.",
        "code": "step_up_required",
        "request_id": "",
        "password": True,
        "methods": [],
    }
    assert everything() == before


# --- asked ---
def challenge_of(client: APIClient) -> str:
    return client.post(LOGIN, LAYLA).json()["challenge"]


@pytest.mark.parametrize(("steps", "status"), [(-1, 403), (0, 200), (1, 403)])
def test_a_code_counts_in_its_own_thirty_seconds_alone(steps, status, clock, layla, client):
    AuthenticatorAppFactory(user=layla)

    response = client.post(
        CHALLENGE,
        {"challenge": challenge_of(client), "method": "totp", "code": totp_of(SECRET, steps=steps)},
    )

    assert response.status_code == status
    assert Session.objects.count() == (1 if status == 200 else 0)


def test_a_code_counts_once(clock, layla, client):
    AuthenticatorAppFactory(user=layla)
    first, second = challenge_of(client), challenge_of(client)
    client.post(CHALLENGE, {"challenge": first, "method": "totp", "code": totp_of(SECRET)})

    replayed = client.post(CHALLENGE, {"challenge": second, "method": "totp", "code": totp_of(SECRET)})
    clock.shift(timedelta(seconds=30))
    next_one = client.post(CHALLENGE, {"challenge": second, "method": "totp", "code": totp_of(SECRET)})

    assert (replayed.status_code, replayed.json()["code"]) == (403, "second_factor_wrong")
    assert next_one.status_code == 200
    assert Session.objects.count() == 2


def test_the_code_that_switched_it_on_signs_nobody_in(clock, layla, client_of, client):
    here = client_of(layla)
    secret = here.post(TOTP).json()["secret"]
    here.put(TOTP, {"code": totp_of(secret)})

    response = client.post(
        CHALLENGE, {"challenge": challenge_of(client), "method": "totp", "code": totp_of(secret)}
    )

    assert response.json()["code"] == "second_factor_wrong"


def test_after_five_wrong_codes_each_next_one_waits_twice_as_long(clock, layla, client):
    AuthenticatorAppFactory(user=layla)
    RecoveryCodeFactory(user=layla)
    wrong = other_than(totp_of(SECRET))

    def guess(code: str, method: str = "totp"):
        return client.post(CHALLENGE, {"challenge": challenge_of(client), "method": method, "code": code})

    first = [guess(wrong).status_code for _ in range(5)]
    held = guess(totp_of(SECRET))
    by_paper = guess(RECOVERY_CODE, "recovery_code")
    clock.shift(timedelta(seconds=30))
    sixth = guess(wrong)
    clock.shift(timedelta(seconds=59))
    still = guess(totp_of(SECRET))
    clock.shift(timedelta(seconds=1))
    right = guess(totp_of(SECRET))

    assert first == [403] * 5
    assert (held.status_code, held.json()["code"], held.headers["Retry-After"]) == (
        429,
        "limit_reached",
        "30",
    )
    assert by_paper.status_code == 200
    assert sixth.status_code == 403
    assert (still.status_code, still.headers["Retry-After"]) == (429, "1")
    assert right.status_code == 200
    assert FactorTally.objects.get().wrong == 0


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_five_are_looked_at(layla):
    AuthenticatorAppFactory(user=layla)
    challenges = [challenge_of(APIClient()) for _ in range(8)]

    def guess(number: int) -> int:
        body = {"challenge": challenges[number], "method": "totp", "code": "12345"}
        return APIClient().post(CHALLENGE, body).status_code

    statuses = at_once(8, guess)

    assert sorted(statuses) == [403] * 5 + [429] * 3


@pytest.mark.django_db(transaction=True)
def test_one_code_at_once_in_many_sign_ins_opens_one_session(layla):
    with time_machine.travel(NOON, tick=False):
        AuthenticatorAppFactory(user=layla)
        challenges = [challenge_of(APIClient()) for _ in range(5)]
        code = totp_of(SECRET)

        def finish(number: int) -> int:
            body = {"challenge": challenges[number], "method": "totp", "code": code}
            return APIClient().post(CHALLENGE, body).status_code

        statuses = at_once(5, finish)

    assert statuses.count(200) == 1
    assert set(statuses) == {200, 403}
    assert Session.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_confirm_at_once_one_gets_the_recovery_codes(layla):
    with time_machine.travel(NOON, tick=False):
        access = make_access(SessionFactory(user=layla))
        headers = {"HTTP_AUTHORIZATION": f"Bearer {access}"}
        code = totp_of(APIClient(**headers).post(TOTP).json()["secret"])

        answers = at_once(4, lambda number: APIClient(**headers).put(TOTP, {"code": code}))

    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
    assert RecoveryCode.objects.count() == 10
