"""Changing a password that is known."""

import pytest
from rest_framework.test import APIClient

from accounts.models import PreviousPassword, Session, User
from accounts.services.codes import Purpose, make_code
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory
from accounts.tests.mails import mails_to
from accounts.tokens import make_access
from common.models import LogEntry, Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

CHANGE = "/api/v1/auth/change-password"
ME = "/api/v1/users/me"
NEW = "nine foxes at noon"
BODY = {"current_password": PASSWORD, "password": NEW}


def everything():
    models = (User, Session, PreviousPassword, Mail, LogEntry)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_changed_password_ends_the_other_sessions_and_is_told_by_mail(
    layla, client_of, client, committed, monkeypatch
):
    told = []
    monkeypatch.setattr("common.events._listeners", [told.extend])
    here, phone, omar = client_of(layla), client_of(layla), client_of(UserFactory())

    with committed():
        response = here.post(CHANGE, BODY)

    assert (response.status_code, response.content) == (204, b"")
    assert (here.get(ME).status_code, omar.get(ME).status_code) == (200, 200)
    assert phone.get(ME).json()["code"] == "session_ended"
    phone.session_row.refresh_from_db()
    assert phone.session_row.revoked_reason == "password_changed"
    assert [(each.type, each.data) for each in told] == [
        ("security.noticed", {"what": "password.changed"}),
        ("session.revoked", {"user": str(layla.pk), "session": str(phone.session_row.pk)}),
    ]
    logins = [
        client.post("/api/v1/auth/login", {"email": "layla@example.com", "password": password}).status_code
        for password in (PASSWORD, NEW)
    ]
    assert logins == [401, 200]
    [mail] = mails_to("layla@example.com")
    assert mail["subject"] == "Your password was changed"
    assert mail["text"] == (
        "Hello Layla,\n\nThe password of your account at Serai was changed just now, and other devices were "
        "signed out.\n\nIf it was not you, choose a new password at once (“forgot password”, with this "
        "address) and tell us.\n"
    )
    assert NEW not in mail["text"] + mail["html"]


def test_a_stranger_changes_nothing(client, layla):
    before = everything()

    response = client.post(CHANGE, BODY)

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert everything() == before


def test_who_does_not_know_the_present_password_changes_nothing(layla, client_of):
    client, _ = client_of(layla), SessionFactory(user=layla)
    before = everything()

    response = client.post(CHANGE, BODY | {"current_password": "eight camels at noon"})

    assert response.status_code == 403
    assert response.json() | {"request_id": ""} == {
        "type": "http://testserver/api/docs/problems#current_password_wrong",
        "title": "The current password is not the right one.",
        "status": 403,
        "detail": "The current password is not the right one.",
        "code": "current_password_wrong",
        "request_id": "",
    }
    assert everything() == before


def test_a_second_time_the_present_password_is_another(layla, client_of):
    client = client_of(layla)
    client.post(CHANGE, BODY)
    before = everything()

    response = client.post(CHANGE, BODY)

    assert response.json()["code"] == "current_password_wrong"
    assert everything() == before


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "current_password", "required"),
        ({"current_password": PASSWORD}, "password", "required"),
        (BODY | {"password": "short"}, "password", "password_too_short"),
        (BODY | {"password": "layla@example.com"}, "password", "password_too_similar"),
        (BODY | {"password": PASSWORD}, "password", "password_used_before"),
        (BODY | {"password": 5}, "password", "invalid"),
        (BODY | {"current_password": None}, "current_password", "null"),
        (BODY | {"password": "x" * 129}, "password", "max_length"),
        (BODY | {"email": "layla@example.com"}, "email", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(body, field, code, layla, client_of):
    client, _ = client_of(layla), SessionFactory(user=layla)
    before = everything()

    response = client.post(CHANGE, body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert everything() == before


def test_a_link_that_was_mailed_before_is_worth_nothing_after(client, layla, client_of):
    made = make_code(user=layla, purpose=Purpose.RESET_PASSWORD)
    client_of(layla).post(CHANGE, BODY)

    response = client.post(
        "/api/v1/auth/reset-password", {"token": made.token, "password": "ten owls after rain"}
    )

    assert response.json()["code"] == "reset_token_invalid"
    assert User.objects.get().check_password(NEW)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_it_at_once_one_does(layla):
    sessions = [SessionFactory(user=layla) for _ in range(4)]
    passwords = [f"{number} foxes at noon" for number in ("nine", "eleven", "thirteen", "fifteen")]

    def change(number: int) -> int:
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {make_access(sessions[number])}")
        return client.post(CHANGE, BODY | {"password": passwords[number]}).status_code

    statuses = at_once(4, change)

    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 401, 403}  # signed out by the first, or with the old password
    assert User.objects.get().check_password(passwords[statuses.index(204)])
    assert [each.pk for each in Session.objects.filter(revoked_at=None)] == [sessions[statuses.index(204)].pk]


def test_a_password_replaced_meanwhile_is_not_overwritten(layla, client_of, monkeypatch):
    client = client_of(layla)

    def replaced_meanwhile(password, encoded):
        User.objects.update(password="replaced")
        return True

    monkeypatch.setattr("accounts.services.passwords.check_password", replaced_meanwhile)
    response = client.post(CHANGE, BODY)

    assert (response.status_code, response.json()["code"]) == (403, "current_password_wrong")
    assert User.objects.get().password == "replaced"
    assert not Mail.objects.exists()
