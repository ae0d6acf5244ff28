"""A forgotten password: mailed for, set by link or by code, once."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import hashers
from django.core import signing
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import MailedCode, PreviousPassword, Session, User
from accounts.services import sign_in
from accounts.services.codes import make_code
from accounts.tasks import purge_codes
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory, staff
from accounts.tests.mails import code_in, mails_to, other_than, reset_token_in
from accounts.tokens import make_verification
from common.models import LogEntry, Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

FORGOT = "/api/v1/auth/forgot-password"
RESET = "/api/v1/auth/reset-password"
LOGIN = "/api/v1/auth/login"
ME = "/api/v1/users/me"
NEW = "nine foxes at noon"
LAYLA = "layla@example.com"
Purpose = MailedCode.Purpose


@pytest.fixture
def told(monkeypatch):
    """What listeners hear."""
    heard = []
    monkeypatch.setattr("common.events._listeners", [heard.extend])
    return heard


def made_for(user: User):
    return make_code(user=user, purpose=Purpose.RESET_PASSWORD)


def by(way: str, made) -> dict[str, str]:
    """The proof that a mail gave, by link or by code."""
    return {"token": made.token} if way == "link" else {"email": LAYLA, "code": made.code}


def everything():
    models = (User, Session, MailedCode, PreviousPassword, Mail, LogEntry)
    return [list(model.objects.order_by("pk").values()) for model in models]


WAYS = pytest.mark.parametrize(("way", "code"), [("link", "reset_token_invalid"), ("code", "code_invalid")])


# --- Asking for it ------------------------------------------------------------------------------------------


def test_the_mail_has_a_link_and_a_code(client, layla, committed):
    with committed():
        response = client.post(FORGOT, {"email": "LAYLA@example.com"})

    [mail] = mails_to(LAYLA)
    code, link = code_in(mail), f"http://testserver/reset-password/{reset_token_in(mail)}"
    assert (response.status_code, response.content) == (204, b"")
    assert mail["subject"] == "Choose a new password"
    assert mail["text"] == (
        "Hello Layla,\n\nSomebody, perhaps you, forgot the password of your account at Serai. Open this link "
        f"to choose a new one:\n\n{link}\n\nOr type this code where you asked for it: {code}\n\n"
        "It works once, for 10 minutes. If it was not you, ignore this mail: your password stays as it is. "
        "Give the code to nobody, whoever asks.\n"
    )
    assert f'<a href="{link}"' in mail["html"]
    assert code in mail["html"]


@pytest.mark.parametrize("email", ["nobody@example.com", "inactive@example.com"])
def test_asking_never_tells_who_is_there(email, client, layla, committed):
    UserFactory(email="inactive@example.com", is_active=False)

    with committed():
        known = client.post(FORGOT, {"email": LAYLA}, headers={"X-Request-ID": "same"})
        response = client.post(FORGOT, {"email": email}, headers={"X-Request-ID": "same"})

    assert (response.status_code, response.content) == (known.status_code, known.content) == (204, b"")
    assert dict(response.headers) == dict(known.headers)
    assert [mail.to for mail in Mail.objects.all()] == [LAYLA]


@pytest.mark.parametrize("email", [LAYLA, "nobody@example.com"])
def test_asking_hands_the_same_work_on_for_anybody(
    email, client, layla, monkeypatch, django_assert_num_queries
):
    handed = []
    monkeypatch.setattr("accounts.tasks.forgot_password.delay", lambda **given: handed.append(given))

    with django_assert_num_queries(0):
        response = client.post(FORGOT, {"email": email})

    assert response.status_code == 204
    assert handed == [{"email": email}]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "email", "required"),
        ({"email": "layla"}, "email", "invalid"),
        ({"email": [LAYLA]}, "email", "invalid"),
        ({"email": LAYLA, "username": "layla"}, "username", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named_when_asking(body, field, code, client, layla):
    response = client.post(FORGOT, body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert not Mail.objects.exists()


def test_nothing_of_the_mail_is_stored(client, layla, committed):
    with committed():
        client.post(FORGOT, {"email": LAYLA})

    [mail] = mails_to(LAYLA)
    assert code_in(mail) not in MailedCode.objects.get().code_hash
    assert reset_token_in(mail) not in str(everything())
    assert Mail.objects.get().context == {}
    assert len(MailedCode.objects.get().code_hash) == 64


# --- Setting it ---------------------------------------------------------------------------------------------


@WAYS
def test_a_mailed_proof_sets_a_new_password_and_ends_every_session(
    way, code, client, layla, client_of, committed, told
):
    phone, laptop = client_of(layla), client_of(layla)
    refresh = sign_in(email=LAYLA, password=PASSWORD).refresh
    others = SessionFactory()
    made = made_for(layla)

    with committed():
        response = client.post(RESET, by(way, made) | {"password": NEW})

    assert (response.status_code, response.content) == (204, b"")
    assert [device.get(ME).json()["code"] for device in (phone, laptop)] == ["session_ended"] * 2
    assert client.post("/api/v1/auth/refresh", {"refresh": refresh}).json()["code"] == "session_ended"
    assert {each.revoked_reason for each in Session.objects.filter(user=layla)} == {"password_reset"}
    noticed, *ended = told
    assert (noticed.type, noticed.topic) == ("security.noticed", f"user:{layla.pk}")
    assert noticed.data == {"what": "password.reset"}
    assert [each.type for each in ended] == ["session.revoked"] * 3
    assert {each.data["session"] for each in ended} == {
        str(pk) for pk in Session.objects.filter(user=layla).values_list("pk", flat=True)
    }
    others.refresh_from_db()
    assert others.revoked_at is None
    assert client.post(LOGIN, {"email": LAYLA, "password": PASSWORD}).status_code == 401
    assert client.post(LOGIN, {"email": LAYLA, "password": NEW}).status_code == 200
    assert [mail["subject"] for mail in mails_to(LAYLA)] == ["Your password was changed"]


def test_it_verifies_no_address_and_lets_in_nobody_who_was_shut_out(client):
    layla = UserFactory(username="layla", email_verified_at=None)

    client.post(RESET, {"token": made_for(layla).token, "password": NEW})
    login = client.post(LOGIN, {"email": LAYLA, "password": NEW})

    assert login.json()["code"] == "email_not_verified"
    assert not User.objects.get().is_verified


@pytest.mark.parametrize("first", ["link", "code"])
@WAYS
def test_link_and_code_work_once_between_them(first, way, code, client, layla):
    made = made_for(layla)
    client.post(RESET, by(first, made) | {"password": NEW})
    before = everything()

    response = client.post(RESET, by(way, made) | {"password": "ten owls after rain"})

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert everything() == before


@WAYS
def test_both_last_ten_minutes(way, code, client, layla):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        made = made_for(layla)
        clock.shift(timedelta(minutes=10))
        late = client.post(RESET, by(way, made) | {"password": NEW})
        clock.shift(timedelta(seconds=-1))
        in_time = client.post(RESET, by(way, made) | {"password": NEW})

    assert (late.status_code, late.json()["code"]) == (400, code)
    assert in_time.status_code == 204


@WAYS
def test_a_second_mail_takes_the_place_of_the_first(way, code, client, layla):
    older, newer = made_for(layla), made_for(layla)

    refused = client.post(RESET, by(way, older) | {"password": NEW})
    taken = client.post(RESET, by(way, newer) | {"password": NEW})

    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert taken.status_code == 204


@pytest.mark.parametrize(
    "change",
    [
        {"password": hashers.make_password("ten owls after rain", hasher="pbkdf2_sha256")},
        {"email": "moved@example.com"},
        {"is_active": False},
    ],
    ids=["password", "address", "shut out"],
)
@WAYS
def test_both_are_of_the_account_as_it_was(change, way, code, client, layla):
    made = made_for(layla)
    session = SessionFactory(user=layla)
    User.objects.update(**change)
    layla.refresh_from_db()
    proof = {"token": made.token} if way == "link" else {"email": layla.email, "code": made.code}

    response = client.post(RESET, proof | {"password": NEW})

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert User.objects.get().password == layla.password
    session.refresh_from_db()
    assert session.revoked_at is None
    assert not PreviousPassword.objects.exists()
    assert not Mail.objects.exists()


def test_a_code_of_another_person_or_for_another_purpose_is_none(client, layla):
    omar = made_for(UserFactory(username="omar"))
    verification = make_code(user=layla, purpose=Purpose.VERIFY_EMAIL)
    hashed = layla.password

    responses = [
        client.post(RESET, {"email": LAYLA, "code": omar.code, "password": NEW}),
        client.post(RESET, {"email": LAYLA, "code": verification.code, "password": NEW}),
        client.post(RESET, {"token": verification.token, "password": NEW}),
        client.post(RESET, {"token": make_verification(layla), "password": NEW}),
    ]

    codes = ["code_invalid", "code_invalid", "reset_token_invalid", "reset_token_invalid"]
    assert [response.json()["code"] for response in responses] == codes
    assert {response.status_code for response in responses} == {400}
    layla.refresh_from_db()
    assert layla.password == hashed
    assert not Mail.objects.exists()


def test_what_we_did_not_sign_is_no_link(client, layla):
    made = made_for(layla)
    row = str(MailedCode.objects.get().pk)
    forged = [
        "nonsense",
        made.token[:-1] + "_",
        signing.dumps({"row": row, "bound": ""}, salt="another purpose"),
        signing.dumps({"row": row, "bound": ""}, salt="accounts.mailed-link"),
        signing.dumps([row], salt="accounts.mailed-link"),
        signing.dumps({"row": 5, "bound": ""}, salt="accounts.mailed-link"),
    ]
    before = everything()

    responses = [client.post(RESET, {"token": token, "password": NEW}) for token in forged]

    assert [response.json()["code"] for response in responses] == ["reset_token_invalid"] * 6
    assert everything() == before


def test_wrong_unknown_and_shut_out_are_one_answer_byte_for_byte(client, layla):
    UserFactory(username="without")
    inactive = UserFactory(username="inactive")
    code = made_for(inactive).code
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    attempts = [
        {"email": "nobody@example.com", "code": "123456"},
        {"email": LAYLA, "code": other_than(made_for(layla).code)},
        {"email": "without@example.com", "code": "123456"},
        {"email": "inactive@example.com", "code": code},
    ]

    responses = [
        client.post(RESET, body | {"password": NEW}, headers={"X-Request-ID": "same"}) for body in attempts
    ]

    assert responses[0].status_code == 400
    assert responses[0].json() == {
        "type": "http://testserver/api/docs/problems#code_invalid",
        "title": "This code is not valid, or not any more. Ask for a new one.",
        "status": 400,
        "detail": "This code is not valid, or not any more. Ask for a new one.",
        "code": "code_invalid",
        "request_id": "same",
    }
    assert {response.content for response in responses} == {responses[0].content}
    assert [dict(response.headers) for response in responses] == [dict(responses[0].headers)] * 4


@pytest.mark.real_passwords
@pytest.mark.parametrize("email", [LAYLA, "nobody@example.com"])
def test_every_refusal_of_a_code_is_the_same_work(
    email, client, layla, monkeypatch, django_assert_num_queries
):
    wrong = other_than(made_for(layla).code)
    hashed = []
    for name in ("encode", "verify"):
        monkeypatch.setattr(hashers.Argon2PasswordHasher, name, lambda *args, **more: hashed.append(args))

    with django_assert_num_queries(2):  # the row, the guess
        response = client.post(RESET, {"email": email, "code": wrong, "password": NEW})

    assert response.json()["code"] == "code_invalid"
    assert hashed == []


def test_five_wrong_guesses_use_up_the_code_and_not_the_link(client, layla):
    made = made_for(layla)
    wrong = {"email": LAYLA, "code": other_than(made.code), "password": NEW}

    guesses = [client.post(RESET, wrong).json()["code"] for _ in range(5)]
    right = client.post(RESET, wrong | {"code": made.code})
    link = client.post(RESET, {"token": made.token, "password": NEW})

    assert guesses == ["code_invalid"] * 5
    assert (right.status_code, right.json()["code"]) == (400, "code_invalid")
    assert link.status_code == 204


def test_four_wrong_guesses_leave_one(client, layla):
    made = made_for(layla)
    for _ in range(4):
        client.post(RESET, {"email": LAYLA, "code": other_than(made.code), "password": NEW})

    response = client.post(RESET, {"email": LAYLA, "code": made.code, "password": NEW})

    assert response.status_code == 204


def test_who_asks_for_code_after_code_gets_twenty_five_guesses_a_day(client, layla, committed):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(5):
            made = made_for(layla)
            for _ in range(5):
                client.post(RESET, {"email": LAYLA, "code": other_than(made.code), "password": NEW})
        with committed():
            client.post(FORGOT, {"email": LAYLA})
        clock.shift(timedelta(days=1, seconds=1))
        tomorrow = made_for(layla)

    [mail] = mails_to(LAYLA)
    assert made.code != ""
    assert "code" not in mail["text"].partition("It works")[0]
    assert "/reset-password/" in mail["text"]
    assert len(tomorrow.code) == 6


@WAYS
def test_a_password_that_is_refused_uses_nothing_up(way, code, client, layla):
    made = made_for(layla)
    before = everything()

    for _ in range(6):
        refused = client.post(RESET, by(way, made) | {"password": "layla@example.com"})
    unchanged = everything()
    taken = client.post(RESET, by(way, made) | {"password": NEW})

    assert refused.status_code == 400
    assert {(error["field"], error["code"]) for error in refused.json()["errors"]} == {
        ("password", "password_too_similar"),
        ("password", "password_too_weak"),
    }
    assert unchanged == before
    assert taken.status_code == 204


CODE = {"email": LAYLA, "code": "123456", "password": NEW}


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "password", "required"),
        ({"password": NEW}, "token", "required"),
        ({"password": NEW, "email": LAYLA}, "code", "required"),
        ({"password": NEW, "code": "123456"}, "email", "required"),
        (CODE | {"token": "x"}, "code", "token_or_code"),
        (CODE | {"code": "12345"}, "code", "invalid_code"),
        (CODE | {"code": "1234567"}, "code", "invalid_code"),
        (CODE | {"code": "12345a"}, "code", "invalid_code"),
        (CODE | {"code": "١٢٣٤٥٦"}, "code", "invalid_code"),
        (CODE | {"code": "123456\n"}, "code", "invalid_code"),
        (CODE | {"code": 123456}, "code", "invalid"),
        (CODE | {"email": "layla"}, "email", "invalid"),
        (CODE | {"password": "x" * 129}, "password", "max_length"),
        (CODE | {"password": None}, "password", "null"),
        ({"token": "", "password": NEW}, "token", "blank"),
        ({"token": "x" * 1001, "password": NEW}, "token", "max_length"),
        (CODE | {"user": "layla"}, "user", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(body, field, code, client, layla):
    made_for(layla)
    before = everything()

    response = client.post(RESET, body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert everything() == before


def test_staff_and_who_has_no_password_yet_may_too(client):
    ada = staff(username="ada")
    new = UserFactory(username="new", password=hashers.make_password(None))

    responses = [client.post(RESET, {"token": made_for(each).token, "password": NEW}) for each in (ada, new)]

    assert [response.status_code for response in responses] == [204, 204]
    assert all(each.check_password(NEW) for each in User.objects.all())
    assert [each.user for each in PreviousPassword.objects.all()] == [ada]


def test_a_lost_mail_queue_leaves_the_old_password_and_its_sessions(client, layla, monkeypatch):
    session = SessionFactory(user=layla)
    made = made_for(layla)
    before = everything()
    client.raise_request_exception = False

    def fail(*args, **kwargs):
        raise OSError

    monkeypatch.setattr(Mail.objects, "create", fail)
    response = client.post(RESET, {"token": made.token, "password": NEW})

    assert response.status_code == 500
    assert everything() == before
    session.refresh_from_db()
    assert session.is_alive


# --- The page of the link -----------------------------------------------------------------------------------


def test_the_link_opens_a_form_that_sets_the_password(layla):
    made, client = made_for(layla), Client(enforce_csrf_checks=True)
    path = f"/reset-password/{made.token}"

    page = client.get(path)
    stranger = client.post(path, {"password": NEW})
    token = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    weak = client.post(path, {"password": "password1234"} | token)
    empty = client.post(path, token)
    done = client.post(path, {"password": NEW} | token)
    again = client.post(path, {"password": "ten owls after rain"} | token)

    answers = [each.status_code for each in (page, stranger, weak, empty, done, again)]
    assert answers == [200, 403, 400, 400, 200, 400]
    assert 'type="password"' in page.text
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "too easy to guess" in weak.text
    assert "password1234" not in weak.text
    assert "Your new password is set" in done.text
    assert "This link doesn't work" in again.text
    assert User.objects.get().check_password(NEW)


def test_opening_the_link_uses_nothing_up(client, layla):
    made = made_for(layla)
    before = everything()

    responses = [client.get(f"/reset-password/{token}") for token in (made.token, made.token, "nonsense")]

    assert [response.status_code for response in responses] == [200, 200, 200]
    assert everything() == before


# --- Races --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["link", "code"])
def test_of_many_who_reset_with_one_code_at_once_one_does(way, layla):
    made = made_for(layla)
    passwords = [f"{number} foxes at noon" for number in ("nine", "eleven", "thirteen", "fifteen")]

    statuses = at_once(
        4, lambda n: APIClient().post(RESET, by(way, made) | {"password": passwords[n]}).status_code
    )

    assert sorted(statuses) == [204, 400, 400, 400]
    assert User.objects.get().check_password(passwords[statuses.index(204)])
    assert Mail.objects.filter(template="password_changed").count() == 1
    assert PreviousPassword.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_five_count(layla):
    made = made_for(layla)
    wrong = {"email": LAYLA, "code": other_than(made.code), "password": NEW}

    at_once(8, lambda _: APIClient().post(RESET, wrong))

    assert MailedCode.objects.get().guesses == 5


@pytest.mark.django_db(transaction=True)
def test_who_signs_in_with_the_old_password_meanwhile_stays_no_longer(layla):
    made = made_for(layla)

    def act(number: int) -> int:
        if number == 0:
            return APIClient().post(RESET, {"token": made.token, "password": NEW}).status_code
        return APIClient().post(LOGIN, {"email": LAYLA, "password": PASSWORD}).status_code

    statuses = at_once(4, act)

    assert statuses[0] == 204
    assert set(statuses[1:]) <= {200, 401}
    assert not Session.objects.filter(revoked_at=None).exists()


def test_a_password_replaced_while_it_is_compared_opens_no_session(client, layla, monkeypatch):
    def replaced_meanwhile(password, encoded, setter=None):
        User.objects.update(password="replaced")
        return True

    monkeypatch.setattr("accounts.services.sessions.check_password", replaced_meanwhile)
    response = client.post(LOGIN, {"email": LAYLA, "password": PASSWORD})

    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert not Session.objects.exists()


# --- Forgetting ---------------------------------------------------------------------------------------------


def test_codes_are_forgotten_after_a_day(layla):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        made_for(layla)
        clock.shift(timedelta(hours=1))
        made_for(layla)
        clock.shift(timedelta(hours=23))
        forgotten = [purge_codes.delay().get(), purge_codes.delay().get()]

    assert forgotten == [1, 0]
    assert MailedCode.objects.count() == 1
