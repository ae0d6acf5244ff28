"""Signing up: one answer for everybody, and a mail that knows better."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import TakenUsername, User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.mails import mails_to
from common.models import Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

REGISTER = "/api/v1/auth/register"
LAYLA = {"email": "layla@example.com", "password": PASSWORD, "username": "layla"}


def test_signing_up_makes_an_account_that_waits_for_its_address(client, committed):
    with committed():
        response = client.post(
            REGISTER, LAYLA | {"email": "Layla@Example.COM", "first_name": "Layla", "last_name": "Haddad"}
        )

    assert response.status_code == 201
    assert response.headers["Location"] == "/api/v1/users/me"
    assert response.json() == {
        "email": "layla@example.com",
        "username": "layla",
        "display_name": "Layla Haddad",
        "verification_required": True,
    }
    user = User.objects.get()
    assert (user.email, user.username, user.is_verified) == ("layla@example.com", "layla", False)
    assert user.check_password(PASSWORD)
    assert [mail["subject"] for mail in mails_to("layla@example.com")] == ["Verify your e-mail address"]


def test_the_terms_of_older_clients_are_taken_and_nothing_comes_of_them(client):
    response = client.post(REGISTER, LAYLA | {"accept_terms": True})

    assert response.status_code == 201


@pytest.mark.parametrize(
    ("names", "display_name"),
    [
        ({"display_name": "  Umm Omar "}, "Umm Omar"),
        ({"first_name": "Layla"}, "Layla"),
        ({"last_name": "Haddad"}, "Haddad"),
        ({}, "layla"),
    ],
)
def test_a_display_name_is_the_best_there_is(names, display_name, client):
    response = client.post(REGISTER, LAYLA | names)

    assert response.json()["display_name"] == display_name


def test_a_name_is_made_up_for_who_brings_none(client):
    response = client.post(REGISTER, {"email": "Abu.Ali+serai@example.com", "password": PASSWORD})

    assert response.status_code == 201
    assert response.json()["username"].startswith("abualiserai-")
    assert len(response.json()["username"]) == len("abualiserai-") + 8
    assert User.objects.get().username == response.json()["username"]


def test_two_made_up_names_differ(client):
    names = [
        client.post(REGISTER, {"email": f"layla@{place}.example", "password": PASSWORD}).json()["username"]
        for place in ("aqaba", "petra")
    ]

    assert names[0] != names[1]


def test_a_taken_address_gets_the_answer_of_a_new_one_byte_for_byte(client, committed):
    def sign_up():
        return client.post(REGISTER, LAYLA, headers={"X-Request-ID": "same"})

    new = sign_up()
    User.objects.all().delete()
    Mail.objects.all().delete()
    owner = UserFactory(username="other", email="layla@example.com")

    with committed():
        taken = sign_up()

    assert (taken.status_code, taken.content) == (new.status_code, new.content)
    assert dict(taken.headers) == dict(new.headers)
    assert User.objects.get() == owner
    assert owner.check_password(PASSWORD)
    assert [mail["subject"] for mail in mails_to("layla@example.com")] == ["You already have an account"]


def test_the_owner_is_told_without_a_way_in_and_the_old_password_stays(client, committed):
    owner = UserFactory(username="other", email="layla@example.com")

    with committed():
        client.post(REGISTER, LAYLA | {"password": "nine camels at dusk"})

    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    [mail] = mails_to("layla@example.com")
    assert "verify-email" not in mail["text"] + mail["html"]


def test_the_owner_of_an_unverified_address_gets_a_new_link(client, committed):
    UserFactory(username="other", email="layla@example.com", email_verified_at=None)

    with committed():
        response = client.post(REGISTER, LAYLA)

    assert response.status_code == 201
    assert [mail["subject"] for mail in mails_to("layla@example.com")] == ["Verify your e-mail address"]


@pytest.mark.parametrize("username", ["layla", "LAYLA"])
def test_a_taken_name_is_refused_however_it_is_spelt(username, client, committed):
    UserFactory(username="layla", email="first@example.com")

    with committed():
        response = client.post(REGISTER, LAYLA | {"username": username})

    assert response.status_code == 400
    assert response.json() | {"request_id": ""} == {
        "type": "http://testserver/api/docs/problems#username_taken",
        "title": "Somebody has this username already.",
        "status": 400,
        "detail": "Somebody has this username already.",
        "code": "username_taken",
        "request_id": "",
    }
    assert User.objects.count() == 1
    assert not Mail.objects.exists()


def test_a_name_asked_for_with_a_taken_address_is_gone_as_with_a_new_one(client):
    UserFactory(username="other", email="layla@example.com")
    client.post(REGISTER, LAYLA)

    response = client.post(REGISTER, LAYLA | {"email": "new@example.com"})

    assert response.json()["code"] == "username_taken"
    assert TakenUsername.objects.get().username == "layla"
    assert User.objects.count() == 1


def test_nobody_gives_themselves_rights(client):
    response = client.post(REGISTER, LAYLA | {"is_staff": True, "email_verified_at": "2026-01-01T00:00:00Z"})

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert response.json()["errors"] == [
        {"field": "is_staff", "code": "unknown_field", "detail": "There is no such field here."},
        {"field": "email_verified_at", "code": "unknown_field", "detail": "There is no such field here."},
    ]
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("elevenchars", "password_too_short"),
        ("password1234", "password_too_common"),
        ("layla@example.com", "password_too_similar"),
        ("Layla-Haddad", "password_too_similar"),
        ("", "blank"),
        ("x" * 129, "max_length"),
        (None, "null"),
        (123456789012, "invalid"),
        ("seven\0camels at dawn", "null_characters_not_allowed"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password, code, client):
    response = client.post(
        REGISTER, LAYLA | {"password": password, "first_name": "Layla", "last_name": "Haddad"}
    )

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    errors = [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert ("password", code) in errors
    assert {field for field, _ in errors} == {"password"}
    assert not User.objects.exists()
    assert not Mail.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email", "layla", "invalid"),
        ("email", "", "blank"),
        ("email", None, "null"),
        ("email", ["layla@example.com"], "invalid"),
        ("email", "l@" + "x" * 250 + ".com", "max_length"),
        ("username", "la", "min_length"),
        ("username", "l" * 31, "max_length"),
        ("username", "-layla", "invalid_username"),
        ("username", "lay la", "invalid_username"),
        ("username", "ليلى", "invalid_username"),
        ("username", "layla\n", "invalid_username"),
        ("username", 12345, "invalid"),
        ("display_name", "   ", "blank"),
        ("display_name", "x" * 81, "max_length"),
        ("first_name", "a\0b", "null_characters_not_allowed"),
        ("accept_terms", "yes", "invalid"),
    ],
)
def test_a_wrong_field_is_named(field, value, code, client):
    response = client.post(REGISTER, LAYLA | {field: value})

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert not User.objects.exists()


def test_what_is_missing_is_named(client):
    response = client.post(REGISTER, {})

    assert response.json()["errors"] == [
        {"field": "email", "code": "required", "detail": "This field is required."},
        {"field": "password", "code": "required", "detail": "This field is required."},
    ]


@pytest.mark.parametrize("taken", [None, "layla@example.com"])
def test_a_lost_mail_queue_loses_the_account_too(taken, client, monkeypatch):
    if taken:
        UserFactory(email=taken)
    before = User.objects.count()
    client.raise_request_exception = False

    def fail(*args, **kwargs):
        raise OSError

    monkeypatch.setattr(Mail.objects, "create", fail)
    response = client.post(REGISTER, LAYLA)

    assert response.status_code == 500
    assert User.objects.count() == before
    assert not TakenUsername.objects.exists()


# --- Races --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_one_address_at_once_both_hear_the_same_and_one_has_it(client):
    responses = at_once(4, lambda n: type(client)().post(REGISTER, LAYLA | {"username": f"layla{n}"}))

    assert [response.status_code for response in responses] == [201] * 4
    assert User.objects.filter(email="layla@example.com").count() == 1
    assert TakenUsername.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_one_name_at_once_one_gets_it(client):
    responses = at_once(
        4,
        lambda n: type(client)().post(
            REGISTER, LAYLA | {"email": f"layla{n}@example.com", "username": ["layla", "LAYLA"][n % 2]}
        ),
    )

    assert sorted(response.status_code for response in responses) == [201, 400, 400, 400]
    refused = [response.json()["code"] for response in responses if response.status_code == 400]
    assert refused == ["username_taken"] * 3
    assert User.objects.count() == 1
    assert len(mails_to(User.objects.get().email)) == 1


def test_a_name_that_goes_while_we_look_is_taken_and_no_fault(client, monkeypatch):
    UserFactory(username="layla", email="first@example.com")
    monkeypatch.setattr("accounts.services.registration.is_taken", lambda username: False)

    response = client.post(REGISTER, LAYLA)

    assert response.status_code == 400
    assert response.json()["code"] == "username_taken"
    assert User.objects.count() == 1


# --- What the database itself holds -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "clash", [{"username": "LAYLA"}, {"email": "layla@example.com"}, {"email": "Upper@example.com"}]
)
def test_the_database_refuses_a_second_spelling(clash):
    UserFactory(username="layla", email="layla@example.com")

    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(**clash)

    assert User.objects.count() == 1


def test_the_database_keeps_a_taken_name_once():
    TakenUsername.objects.create(username="layla")

    with pytest.raises(IntegrityError), transaction.atomic():
        TakenUsername.objects.create(username="Layla")

    assert TakenUsername.objects.count() == 1
