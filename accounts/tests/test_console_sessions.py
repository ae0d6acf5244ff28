"""The console's cookie: who made the form, how long a sign-in lasts, and that the API takes none."""

import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session as CookieSession
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from accounts.tests.consoles import console_of
from accounts.tests.factories import PASSWORD, SessionFactory, staff

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
USERS = "/admin/accounts/user/"
SESSIONS = "/admin/accounts/session/"


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


@pytest.fixture
def browser(ada) -> Client:
    """Where Ada is signed in; it takes no form without its token."""
    return console_of(ada, enforce_csrf_checks=True)


def token_in(page: Any) -> str:
    return page.content.decode().partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]


def ending(session: Session, **more: str) -> dict[str, Any]:
    """The form that ends *session*."""
    return {"action": "revoke", "_selected_action": [str(session.pk)], "answered": "yes"} | more


# --- Forged forms -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"csrfmiddlewaretoken": ""},
        {"csrfmiddlewaretoken": "x" * 64},
        {"csrfmiddlewaretoken": "y" * 32},
    ],
)
@pytest.mark.parametrize("path", [SESSIONS, USERS, "/admin/logout/", "/admin/password_change/"])
def test_a_form_without_its_token_does_nothing(path, sent, browser):
    session = SessionFactory()
    browser.get(USERS)

    response = browser.post(path, ending(session) | sent)

    assert response.status_code == 403
    assert "This form is too old" in response.text
    assert not Session.objects.exclude(revoked_at=None).exists()
    assert browser.get(USERS).status_code == 200


def test_a_form_with_its_token_does_what_it_says(browser):
    session = SessionFactory()
    token = token_in(browser.get(SESSIONS))

    browser.post(SESSIONS, ending(session, csrfmiddlewaretoken=token))

    session.refresh_from_db()
    assert session.revoked_at


def test_the_token_of_another_browser_is_none(browser, ada):
    elsewhere = Client(enforce_csrf_checks=True)
    token = token_in(elsewhere.get(LOGIN))
    browser.get(USERS)

    response = browser.post("/admin/logout/", {"csrfmiddlewaretoken": token})

    assert response.status_code == 403
    assert browser.get(USERS).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://testserver"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_form_of_another_site_does_nothing_even_with_the_token(headers, status, browser):
    token = token_in(browser.get(USERS))

    response = browser.post("/admin/logout/", {"csrfmiddlewaretoken": token}, headers=headers)

    assert response.status_code == status
    assert browser.get(USERS).status_code == (302 if status == 200 else 200)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Referer": "https://evil.example/"}, 403),
        ({"Referer": "http://testserver/admin/"}, 403),
        ({"Referer": "https://testserver/admin/"}, 200),
    ],
)
def test_over_tls_a_form_says_which_page_it_comes_from(headers, status, browser):
    token = token_in(browser.get(USERS, secure=True))

    response = browser.post("/admin/logout/", {"csrfmiddlewaretoken": token}, headers=headers, secure=True)

    assert response.status_code == status


def test_signing_in_is_no_form_of_others_either(ada):
    client = Client(enforce_csrf_checks=True)
    given = {"username": ada.email, "password": PASSWORD}

    forged = client.post(LOGIN, given)
    page = client.get(LOGIN)
    signed_in = client.post(LOGIN, given | {"csrfmiddlewaretoken": token_in(page)})

    assert (forged.status_code, signed_in.status_code) == (403, 302)


def test_a_new_password_is_set_by_the_form_that_was_shown():
    client = Client(enforce_csrf_checks=True)
    client.get("/reset-password/x")

    response = client.post("/reset-password/x", {"password": "nine foxes at noon"})

    assert response.status_code == 403
    assert "This form is too old" in response.text


# --- The API ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/users/me"),
        ("patch", "/api/v1/users/me"),
        ("post", "/api/v1/auth/logout-all"),
        ("post", "/api/v1/chats"),
        ("delete", "/api/users/me/"),
    ],
)
def test_the_consoles_cookie_signs_nobody_in_at_the_api(method, path, browser, ada):
    browser.get(USERS)
    mine = SessionFactory(user=ada)

    response = getattr(browser, method)(path, data={}, content_type="application/json")

    assert response.status_code in (401, 405)
    mine.refresh_from_db()
    assert mine.revoked_at is None


def test_the_api_sets_no_cookie(client_of, ada, client):
    answers = [
        client_of(ada).get("/api/v1/users/me"),
        client.post("/api/v1/auth/login", {"email": ada.email, "password": PASSWORD}),
        client.get("/api/v1/nothing"),
        client.get("/api/docs"),
    ]

    assert [dict(answer.cookies) for answer in answers] == [{}, {}, {}, {}]


# --- The cookie ---------------------------------------------------------------------------------------------


def test_no_script_reads_the_cookies_and_no_other_site_sends_them(ada):
    client = Client()
    client.post(LOGIN, {"username": ada.email, "password": PASSWORD})

    session, form = client.cookies["sessionid"], client.cookies["csrftoken"]

    assert (session["httponly"], session["samesite"], session["path"]) == (True, "Lax", "/")
    assert (form["httponly"], form["samesite"]) == (True, "Lax")
    assert (session["max-age"], session["expires"]) == ("", "")  # gone with the browser
    assert len(session.value) == 32


def test_in_production_the_cookies_are_of_this_host_alone_and_go_over_tls_alone(tmp_path):
    environment = {
        "ENVIRONMENT": "production",
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "k" * 60,
        "FIELD_KEYS": "A" * 43 + "=",
        "AUDIT_KEYS": "a" * 64,
    }
    names = [
        f"{cookie}_COOKIE_{what}" for cookie in ("SESSION", "CSRF") for what in ("NAME", "SECURE", "HTTPONLY")
    ]
    script = f"from config import settings; print([getattr(settings, name) for name in {names}])"

    told = subprocess.run(
        [sys.executable, "-c", script], cwd=settings.ROOT, env=environment, capture_output=True, text=True
    )

    assert told.stdout.strip() == str(["__Host-sessionid", True, True, "__Host-csrftoken", True, True]), (
        told.stderr
    )


def test_the_console_works_under_those_names(ada, settings):
    settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE = "__Host-sessionid", True
    settings.CSRF_COOKIE_NAME, settings.CSRF_COOKIE_SECURE = "__Host-csrftoken", True
    client = Client(enforce_csrf_checks=True)
    token = token_in(client.get(LOGIN, secure=True))
    given = {"username": ada.email, "password": PASSWORD, "csrfmiddlewaretoken": token}

    signed_in = client.post(LOGIN, given, headers={"Origin": "https://testserver"}, secure=True)

    assert signed_in.status_code == 302
    assert client.get(USERS, secure=True).status_code == 200
    for name in ("__Host-sessionid", "__Host-csrftoken"):
        cookie = client.cookies[name]
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


def test_signing_in_changes_the_session_that_a_stranger_had(ada):
    client = Client()
    stranger = client.session
    stranger["x"] = 1
    stranger.save()
    client.cookies["sessionid"] = stranger.session_key

    client.post(LOGIN, {"username": ada.email, "password": PASSWORD})

    assert client.cookies["sessionid"].value != stranger.session_key
    assert not CookieSession.objects.filter(session_key=stranger.session_key).exists()
    assert client.get(USERS).status_code == 200


def test_after_signing_out_the_old_cookie_opens_nothing(ada):
    client = console_of(ada)
    old = client.cookies["sessionid"].value
    client.get(USERS)

    client.post("/admin/logout/")
    client.cookies["sessionid"] = old

    assert client.get(USERS).status_code == 302
    assert not CookieSession.objects.filter(session_key=old).exists()


def test_a_changed_password_ends_the_other_consoles(ada):
    here, there = console_of(ada), console_of(ada)
    here.get(USERS)
    there.get(USERS)

    ada.set_password("nine foxes at noon")
    ada.save()

    assert there.get(USERS).status_code == 302


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_who_is_no_staff_any_more_is_out_with_the_next_request(change, ada):
    client = console_of(ada)
    client.get(USERS)

    User.objects.filter(pk=ada.pk).update(**change)

    assert client.get(USERS).status_code == 302


# --- How long -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (30, 302), (600, 302)])
def test_whoever_does_nothing_for_half_an_hour_signs_in_again(minutes, status, ada):
    client = console_of(ada)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.get(USERS)

        clock.shift(timedelta(minutes=minutes))

        assert client.get(USERS).status_code == status


def test_after_twelve_hours_whoever_was_busy_all_day_signs_in_again(ada):
    client = console_of(ada)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        statuses = []
        for _ in range(37):  # every twenty minutes
            statuses.append(client.get(USERS).status_code)
            clock.shift(timedelta(minutes=20))

    assert statuses == [200] * 36 + [302]


def test_an_ended_session_is_gone_from_the_database_too(ada):
    client = console_of(ada)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.get(USERS)
        clock.shift(timedelta(hours=1))
        client.get(USERS)

    assert not CookieSession.objects.exists()


def test_staying_costs_a_write_a_minute_and_no_more(ada, django_assert_num_queries):
    client = console_of(ada)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.get("/admin/accounts/nothing/")
        clock.shift(timedelta(seconds=59))

        with django_assert_num_queries(2):  # the cookie session, its user
            client.get("/admin/accounts/nothing/")
