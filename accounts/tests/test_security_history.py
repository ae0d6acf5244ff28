"""What services write into the audit log by themselves: who did what to whose account."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.models import AuditEntry, PreviousPassword, Session, User
from accounts.services import refresh_session
from accounts.services.codes import Purpose, make_code
from accounts.tests.consoles import console_of
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory, staff
from accounts.tests.mails import mails_to
from accounts.tokens import make_verification

pytestmark = pytest.mark.django_db

NEW = "nine foxes at noon"
USERS = "/admin/accounts/user/"
LOGIN = {"email": "layla@example.com", "password": PASSWORD}


def written():
    """Verb, actor and details of each entry about somebody's security, in order; whose it is, once."""
    rows = list(AuditEntry.objects.filter(category="security").order_by("pk"))
    assert len({row.subject for row in rows}) <= 1
    return [(row.verb, row.actor, row.details) for row in rows]


def test_a_sign_in_and_its_end(layla, client):
    tokens = client.post("/api/v1/auth/login", LOGIN).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")

    client.post("/api/v1/auth/logout")

    session = Session.objects.get()
    assert written() == [
        ("session.opened", layla.pk, {"device": str(session.device_id), "is_new": True}),
        ("session.revoked", layla.pk, {"reason": "logout"}),
    ]
    assert set(AuditEntry.objects.values_list("target_type", "target")) == {
        ("accounts.session", str(session.pk))
    }


def test_a_sign_in_that_fails_is_no_entry(layla, client):
    client.post("/api/v1/auth/login", LOGIN | {"password": "eight camels at noon"})

    assert written() == []


def test_a_reused_token_ends_a_session_without_anybodys_doing(layla, client):
    old = client.post("/api/v1/auth/login", LOGIN).json()["refresh"]
    newest = refresh_session(refresh=refresh_session(refresh=old).refresh)
    before = len(written())

    client.post("/api/v1/auth/refresh", {"refresh": old})

    assert newest.session.generation == 3
    assert written()[before:] == [("session.revoked", None, {"reason": "token_reused"})]


def test_a_changed_password_and_the_sessions_that_it_ends(layla, client_of):
    SessionFactory.create_batch(2, user=layla)

    client_of(layla).post("/api/v1/auth/change-password", {"current_password": PASSWORD, "password": NEW})

    assert written() == [
        ("password.changed", layla.pk, {}),
        ("sessions.revoked", layla.pk, {"reason": "password_changed", "count": 2}),
    ]


def test_a_password_that_is_reset_by_mail(layla, client):
    token = make_code(user=layla, purpose=Purpose.RESET_PASSWORD).token

    client.post("/api/v1/auth/reset-password", {"token": token, "password": NEW})

    assert written() == [("password.reset", layla.pk, {})]


def test_an_address_that_is_verified(client):
    layla = UserFactory(username="layla", email_verified_at=None)

    for _ in range(2):
        client.post("/api/v1/auth/verify-email", {"token": make_verification(layla)})

    assert written() == [("email.verified", layla.pk, {})]


@pytest.mark.parametrize(
    ("action", "entries"),
    [
        ("mark_verified", [("email.verified", {})]),
        ("sign_out", [("sessions.revoked", {"reason": "staff", "count": 1})]),
        (
            "deactivate",
            [("user.deactivated", {}), ("sessions.revoked", {"reason": "deactivated", "count": 1})],
        ),
        ("reactivate", []),
    ],
)
def test_what_staff_do_is_written_down_as_theirs(action, entries):
    ada, layla = staff(username="ada"), UserFactory(email_verified_at=None)
    SessionFactory(user=layla)

    console_of(ada).post(f"{USERS}{layla.pk}/{action}/", {"answered": "yes"})

    assert written() == [(verb, ada.pk, details) for verb, details in entries]
    assert set(AuditEntry.objects.values_list("subject", flat=True)) <= {layla.pk}


def test_letting_somebody_take_part_again_is_written_down():
    ada, layla = staff(username="ada"), UserFactory(is_active=False)

    for _ in range(2):
        console_of(ada).post(f"{USERS}{layla.pk}/reactivate/", {"answered": "yes"})

    assert written() == [("user.reactivated", ada.pk, {})]


def test_a_session_that_staff_end_is_written_down_as_theirs(layla):
    ada, session = staff(username="ada"), SessionFactory(user=layla)

    console_of(ada).post(f"/admin/accounts/session/{session.pk}/revoke/", {"answered": "yes"})

    assert written() == [("session.revoked", ada.pk, {"reason": "staff"})]


def test_a_password_that_staff_set_is_written_down_as_theirs(layla):
    ada = staff(username="ada")

    response = console_of(ada).post(
        f"{USERS}{layla.pk}/password/",
        {"usable_password": "true", "password1": NEW, "password2": NEW, "set-password": "yes"},
    )

    assert response.status_code == 302
    assert written() == [("password.changed", ada.pk, {})]


# --- manage.py changepassword -------------------------------------------------------------------------------


@pytest.fixture
def typed(monkeypatch):
    """What somebody types when they are asked."""
    lines = []
    monkeypatch.setattr("accounts.management.commands.changepassword.getpass", lambda _: lines.pop(0))
    return lines


def change(email="Layla@example.com"):
    out, errors = StringIO(), StringIO()
    try:
        call_command("changepassword", email, stdout=out, stderr=errors)
    except CommandError as error:
        return str(error), errors.getvalue()
    return out.getvalue().strip(), errors.getvalue()


def test_the_command_keeps_the_history_ends_the_sessions_and_tells(layla, typed, committed):
    SessionFactory(user=layla)
    typed += [NEW, NEW]

    with committed():
        said, _ = change()

    assert said == "The password of Layla (@layla) is changed."
    assert User.objects.get().check_password(NEW)
    assert PreviousPassword.objects.get().password == layla.password
    assert [mail["subject"] for mail in mails_to("layla@example.com")] == ["Your password was changed"]
    assert Session.objects.get().revoked_reason == "staff"
    assert written() == [
        ("password.changed", None, {}),
        ("sessions.revoked", None, {"reason": "staff", "count": 1}),
    ]


def test_the_command_asks_three_times_for_a_good_one(layla, typed):
    typed += ["short", "short", NEW, "nine foxes at moon", PASSWORD, PASSWORD]

    said, complaints = change()

    assert said == "Nothing was changed."
    assert "too short" in complaints
    assert "The two are not the same." in complaints
    assert "one of your last 5 passwords" in complaints
    assert User.objects.get().password == layla.password


def test_the_command_says_whom_it_does_not_know(db):
    assert change("nobody@example.com")[0] == "Nobody signs in with nobody@example.com."


# --- The same work for who is there and who is not ----------------------------------------------------------


@pytest.mark.parametrize("email", ["new@example.com", "layla@example.com", "waiting@example.com"])
def test_signing_up_asks_the_same_of_the_database_whether_the_address_is_taken(
    email, layla, django_assert_num_queries
):
    UserFactory(username="waiting", email_verified_at=None)

    with django_assert_num_queries(16):
        response = APIClient().post(
            "/api/v1/auth/register", {"email": email, "password": PASSWORD, "username": "nina"}
        )

    assert response.status_code == 201


@pytest.mark.parametrize("email", ["nobody@example.com", "waiting@example.com"])
def test_asking_for_the_link_again_is_done_elsewhere(email, monkeypatch):
    UserFactory(username="waiting", email_verified_at=None)
    asked = []
    monkeypatch.setattr("accounts.tasks.resend_verification.delay", lambda **given: asked.append(given))

    response = APIClient().post("/api/v1/auth/resend-verification", {"email": email})

    assert response.status_code == 204
    assert asked == [{"email": email}]
