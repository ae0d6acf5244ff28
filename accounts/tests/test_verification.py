"""Proving an address: by the link in the mail, in a browser or an app."""

from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import MailedCode, User
from accounts.problems import CodeInvalid
from accounts.services.codes import Purpose, _hash, find_by_code, make_code, use_code
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.mails import code_in, mails_to, other_than, token_in
from accounts.tokens import make_verification
from common.models import Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

VERIFY = "/api/v1/auth/verify-email"
RESEND = "/api/v1/auth/resend-verification"
LOGIN = "/api/v1/auth/login"


@pytest.fixture
def layla() -> User:
    return UserFactory(username="layla", email_verified_at=None)


def test_the_mailed_link_leads_from_signing_up_to_signing_in(client, committed):
    with committed():
        client.post(
            "/api/v1/auth/register",
            {"email": "layla@example.com", "password": PASSWORD, "display_name": "Layla <3"},
        )
    [mail] = mails_to("layla@example.com")

    page = client.get(f"{VERIFY}/{token_in(mail)}", headers={"Accept": "text/html"})
    login = client.post(LOGIN, {"email": "layla@example.com", "password": PASSWORD})

    assert page.status_code == 200
    assert login.status_code == 200
    assert login.json()["user"]["email_verified"] is True


def test_the_mail_has_a_subject_a_text_and_the_same_in_html(client, layla, committed):
    with committed():
        client.post(RESEND, {"email": "layla@example.com"})

    [mail] = mails_to("layla@example.com")
    link = f"http://testserver/api/v1/auth/verify-email/{token_in(mail)}"
    assert mail["subject"] == "Verify your e-mail address"
    assert mail["text"] == (
        "Hello Layla,\n\nWelcome to Serai. Open this link to prove that this address is yours:\n\n"
        f"{link}\n\nOr type this code where you signed up: {code_in(mail)}\n\n"
        "The link works for 3 days, the code for 10 minutes. If you did not sign up, ignore this mail.\n"
    )
    assert f'<a href="{link}"' in mail["html"]
    assert code_in(mail) in mail["html"]
    assert "Hello <bdi>Layla</bdi>,</h1>" in mail["html"]


def test_a_name_is_text_in_the_mail_and_no_markup(client, committed):
    UserFactory(username="layla", display_name="<b>Layla</b>", email_verified_at=None)

    with committed():
        client.post(RESEND, {"email": "layla@example.com"})

    [mail] = mails_to("layla@example.com")
    assert "Hello <b>Layla</b>," in mail["text"]
    assert "Hello <bdi>&lt;b&gt;Layla&lt;/b&gt;</bdi>," in mail["html"]


def test_a_token_verifies_once_and_then_says_that_it_did(client, layla):
    token = make_verification(layla)

    first = client.post(VERIFY, {"token": token})
    verified_at = User.objects.get().email_verified_at
    again = client.post(VERIFY, {"token": token})

    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.json()["success"], first.json()["status"]) == (True, "verified")
    assert (again.json()["success"], again.json()["status"]) == (True, "already_verified")
    assert first.json()["user"] == again.json()["user"]
    assert (first.json()["user"]["id"], first.json()["user"]["email_verified"]) == (str(layla.pk), True)
    assert User.objects.get().email_verified_at == verified_at


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json, text/html;q=0.5"])
def test_an_app_that_opens_the_link_gets_json(accept, client, layla):
    response = client.get(
        f"{VERIFY}/{make_verification(layla)}", headers={"Accept": accept} if accept else {}
    )

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["status"] == "verified"
    assert User.objects.get().is_verified


BROWSERS = ["text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]


@pytest.mark.parametrize("accept", BROWSERS)
def test_a_browser_that_opens_the_link_gets_a_page(accept, client, layla):
    response = client.get(f"{VERIFY}/{make_verification(layla)}", headers={"Accept": accept})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Welcome, Layla" in response.text
    assert User.objects.get().is_verified


@pytest.mark.parametrize("accept", BROWSERS)
def test_a_browser_with_a_bad_link_gets_a_page_that_says_so(accept, client, layla):
    response = client.get(f"{VERIFY}/{make_verification(layla)}x", headers={"Accept": accept})

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "This link doesn&#x27;t work" in response.text or "This link doesn't work" in response.text
    assert not User.objects.get().is_verified


def test_a_token_lasts_three_days(client, layla):
    with time_machine.travel(timezone.now() - timedelta(days=3) + timedelta(seconds=5), tick=False):
        token = make_verification(layla)

    response = client.post(VERIFY, {"token": token})

    assert response.status_code == 200


def test_a_token_older_than_three_days_is_refused(client, layla):
    with time_machine.travel(timezone.now() - timedelta(days=3, seconds=5), tick=False):
        token = make_verification(layla)

    responses = [client.post(VERIFY, {"token": token}), client.get(f"{VERIFY}/{token}")]

    assert [response.status_code for response in responses] == [400, 400]
    assert [response.json()["code"] for response in responses] == ["verification_token_expired"] * 2
    assert not User.objects.get().is_verified


def test_what_we_did_not_sign_for_this_is_refused(client, layla):
    forged = [
        "nonsense",
        make_verification(layla)[:-1] + "_",
        signing.dumps({"user": str(layla.pk), "email": layla.email}, salt="another purpose"),
        signing.dumps({"user": str(layla.pk), "email": layla.email}, salt="accounts.verify-email", key="k"),
        signing.dumps(["a", "list"], salt="accounts.verify-email"),
    ]

    responses = [client.post(VERIFY, {"token": token}) for token in forged]

    assert [response.status_code for response in responses] == [400] * 5
    assert {response.json()["code"] for response in responses} == {"verification_token_invalid"}
    assert not User.objects.get().is_verified


def test_a_token_of_another_address_proves_nothing(client, layla):
    token = make_verification(layla)
    User.objects.update(email="other@example.com")

    response = client.post(VERIFY, {"token": token})

    assert response.status_code == 400
    assert response.json()["code"] == "verification_token_invalid"
    assert not User.objects.get().is_verified


def test_a_token_of_somebody_shut_out_proves_nothing(client, layla):
    User.objects.update(is_active=False)

    response = client.post(VERIFY, {"token": make_verification(layla)})

    assert response.json()["code"] == "verification_token_invalid"
    assert not User.objects.get().is_verified


@pytest.mark.parametrize(
    "about",
    [
        {"email": "nobody@example.com"},
        {"email": "verified@example.com"},
        {"email": "inactive@example.com"},
    ],
)
def test_asking_for_the_link_again_never_tells_who_is_there(about, client, layla, committed):
    UserFactory(email="verified@example.com")
    UserFactory(email="inactive@example.com", email_verified_at=None, is_active=False)

    with committed():
        waiting = client.post(RESEND, {"email": "LAYLA@example.com"}, headers={"X-Request-ID": "same"})
        response = client.post(RESEND, about, headers={"X-Request-ID": "same"})

    assert (response.status_code, response.content) == (waiting.status_code, waiting.content) == (204, b"")
    assert dict(response.headers) == dict(waiting.headers)
    assert [mail.to for mail in Mail.objects.all()] == ["layla@example.com"]


def test_both_links_work_when_a_second_one_was_asked_for(client, layla, committed):
    for _ in range(2):
        with committed():
            client.post(RESEND, {"email": "layla@example.com"})

    newer, older = [token_in(mail) for mail in mails_to("layla@example.com")]

    assert client.post(VERIFY, {"token": older}).json()["status"] == "verified"
    assert client.post(VERIFY, {"token": newer}).json()["status"] == "already_verified"


# --- By code ------------------------------------------------------------------------------------------------


def code_for(user: User) -> str:
    return make_code(user=user, purpose=Purpose.VERIFY_EMAIL).code


def test_the_mailed_code_verifies_once(client, layla, committed):
    with committed():
        client.post(RESEND, {"email": "layla@example.com"})
    given = {"email": "LAYLA@example.com", "code": code_in(mails_to("layla@example.com")[0])}

    first = client.post(VERIFY, given)
    again = client.post(VERIFY, given)

    assert (first.status_code, first.json()["status"]) == (200, "verified")
    assert (first.json()["user"]["id"], first.json()["user"]["email_verified"]) == (str(layla.pk), True)
    assert (again.status_code, again.json()["code"]) == (400, "code_invalid")
    assert User.objects.get().is_verified


def test_a_code_after_the_link_says_that_it_was_done(client, layla):
    code = code_for(layla)
    client.post(VERIFY, {"token": make_verification(layla)})

    response = client.post(VERIFY, {"email": "layla@example.com", "code": code})

    assert response.json()["status"] == "already_verified"


def test_a_code_lasts_ten_minutes(client, layla):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        given = {"email": "layla@example.com", "code": code_for(layla)}
        clock.shift(timedelta(minutes=10))
        late = client.post(VERIFY, given)
        clock.shift(timedelta(seconds=-1))
        in_time = client.post(VERIFY, given)

    assert (late.status_code, late.json()["code"]) == (400, "code_invalid")
    assert in_time.status_code == 200


def test_a_code_is_of_one_person_one_address_and_one_purpose(client, layla):
    omar = UserFactory(username="omar", email_verified_at=None)
    layla_code, omar_code = code_for(layla), code_for(omar)
    reset = make_code(user=layla, purpose=Purpose.RESET_PASSWORD).code
    User.objects.filter(pk=omar.pk).update(email="moved@example.com")

    responses = [
        client.post(VERIFY, {"email": email, "code": code})
        for email, code in [
            ("layla@example.com", omar_code),
            ("layla@example.com", reset),
            ("moved@example.com", omar_code),
            ("moved@example.com", layla_code),
            ("nobody@example.com", layla_code),
        ]
    ]

    assert {(response.status_code, response.json()["code"]) for response in responses} == {
        (400, "code_invalid")
    }
    assert not User.objects.filter(email_verified_at__isnull=False).exists()


def test_five_wrong_guesses_use_a_code_up_and_a_new_one_takes_its_place(client, layla):
    code = code_for(layla)
    given = {"email": "layla@example.com", "code": code}

    for _ in range(5):
        client.post(VERIFY, given | {"code": other_than(code)})
    exhausted = client.post(VERIFY, given)
    newer = code_for(layla)
    verified = client.post(VERIFY, given | {"code": newer})

    assert (exhausted.status_code, exhausted.json()["code"]) == (400, "code_invalid")
    assert verified.status_code == 200


def test_a_code_is_stored_as_a_keyed_hash(layla, settings):
    code = code_for(layla)
    row = MailedCode.objects.get()

    settings.SECRET_KEY = "another key, " + "x" * 50

    assert code not in row.code_hash
    assert len(row.code_hash) == 64
    assert _hash(row, code) != row.code_hash


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "token", "required"),
        ({"email": "layla@example.com"}, "code", "required"),
        ({"code": "123456"}, "email", "required"),
        ({"email": "layla@example.com", "code": "12345"}, "code", "invalid_code"),
        ({"email": "layla", "code": "123456"}, "email", "invalid"),
        ({"token": "x", "email": "layla@example.com", "code": "123456"}, "email", "token_or_code"),
        ({"token": "x", "password": PASSWORD}, "password", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(body, field, code, client, layla):
    response = client.post(VERIFY, body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert not User.objects.get().is_verified


@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_one_code_at_once_one_does(layla):
    given = {"email": "layla@example.com", "code": code_for(layla)}

    statuses = at_once(4, lambda _: APIClient().post(VERIFY, given).status_code)

    assert sorted(statuses) == [200, 400, 400, 400]


def test_a_code_that_two_have_found_is_used_by_one(layla):
    given = {"email": "layla@example.com", "code": code_for(layla), "purpose": Purpose.VERIFY_EMAIL}
    first, second = find_by_code(**given), find_by_code(**given)

    used = use_code(first)

    assert used == layla
    with pytest.raises(CodeInvalid):
        use_code(second)


def test_a_code_proves_nothing_of_an_address_that_moves_meanwhile(layla):
    given = {"email": "layla@example.com", "code": code_for(layla), "purpose": Purpose.VERIFY_EMAIL}
    found = find_by_code(**given)
    User.objects.update(email="moved@example.com")

    with pytest.raises(CodeInvalid):
        use_code(found)

    assert MailedCode.objects.get().closed_at is None
