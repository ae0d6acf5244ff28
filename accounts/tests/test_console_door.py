"""The door of the staff console: signing in, a second factor, proving again, one's own factors."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session as CookieSession
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, AuthenticatorApp, Passkey, RecoveryCode, Session, User
from accounts.services import revoke_sessions, set_active, set_password
from accounts.tests.authenticators import SecurityKey, totp_of
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import (
    PASSWORD,
    RECOVERY_CODE,
    SECRET,
    AuthenticatorAppFactory,
    PasskeyFactory,
    RecoveryCodeFactory,
    SessionFactory,
    UserFactory,
    staff,
)
from accounts.tests.mails import mails_to, other_than
from common.actors import SYSTEM
from common.tests.caches import clear_cache

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
SECOND = "/admin/login/second-factor/"
BY_PASSKEY = "/admin/login/passkey/"
FACTORS = "/admin/factors/"
STEP_UP = "/admin/step-up/"
USERS = "/admin/accounts/user/"
ADA = {"username": "ada@example.com", "password": PASSWORD}


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


@pytest.fixture
def browser() -> Client:
    return Client()


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def is_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def options_in(page: Any) -> dict[str, Any]:
    return json.loads(unescape(re.search(r'data-options="([^"]+)"', page.content.decode())[1]))


def strange_options(browser: Client) -> dict[str, Any]:
    asked = browser.post("/api/v1/auth/passkeys/login", "{}", content_type="application/json")
    return asked.json()["public_key"]


def stale(browser: Client) -> Client:
    Session.objects.filter(pk=browser.session_row.pk).update(proved_at=timezone.now() - timedelta(minutes=10))
    return browser


def key_of(user: User) -> SecurityKey:
    """A key that somebody has added on their page."""
    key, browser = SecurityKey(), console_of(user)
    options = options_in(browser.get(FACTORS))
    browser.post(FACTORS, {"do": "add", "name": "Blue key", "credential": json.dumps(key.make(options))})
    browser.session_row.delete()
    return key


# --- the password ---
def test_a_sign_in_is_a_session_like_any_other(ada, browser):
    browser.get(LOGIN)
    before = browser.cookies.get("sessionid")

    response = browser.post(f"{LOGIN}?next={USERS}", ADA, headers={"User-Agent": "Firefox"})

    session = Session.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, USERS)
    assert (session.user, session.device_name, session.user_agent) == (ada, "Staff console", "Firefox")
    assert session.proved_at is not None
    assert browser.cookies["sessionid"] != before
    assert is_in(browser)


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_host(wanted, ada, browser):
    response = browser.post(f"{LOGIN}?next={wanted}", ADA)

    assert response.headers["Location"] == "/admin/"


def test_who_is_wrong_nobody_or_no_staff_hears_the_same(ada, browser):
    UserFactory(email="layla@example.com")
    attempts = [
        ADA | {"password": "eight camels at noon"},
        ADA | {"username": "nobody@example.com"},
        ADA | {"username": "layla@example.com"},
    ]

    pages = [browser.post(LOGIN, attempt).content.decode() for attempt in attempts]

    for page in pages:
        assert "E-mail address and password don&#x27;t go together." in page
    assert not is_in(browser)
    assert not Session.objects.exists()


def test_attempts_count_with_those_at_the_api(settings, ada, browser, client):
    settings.LIMITS = settings.LIMITS | {"AUTH": "2/15m"}
    clear_cache()
    client.post("/api/v1/auth/login", {"email": "ada@example.com", "password": "wrong"})
    browser.post(LOGIN, ADA | {"password": "wrong"})

    page = browser.post(LOGIN, ADA).content.decode()

    assert "Too many requests" in page
    assert not is_in(browser)


@pytest.mark.parametrize("what", ["ended", "deactivated", "new password", "no staff", "cookie alone"])
def test_what_ends_a_session_shuts_the_console(what, ada, browser):
    browser.post(LOGIN, ADA)
    before = is_in(browser)
    match what:
        case "ended":
            revoke_sessions(user=ada, reason="staff")
        case "deactivated":
            staff()  # somebody has to be left
            set_active(user=ada, active=False, actor=SYSTEM)
        case "new password":
            set_password(user=ada, password="nine foxes at noon", actor=SYSTEM)
        case "no staff":
            User.objects.update(is_staff=False)
        case "cookie alone":
            browser = Client()
            browser.force_login(ada)

    assert (before, is_in(browser)) == (True, False)


def test_a_password_set_past_the_services_shuts_it_too(ada, browser):
    browser.post(LOGIN, ADA)
    ada.set_password("nine foxes at noon")
    ada.save()

    assert not is_in(browser)


def test_signing_out_ends_the_session(ada, browser):
    browser.post(LOGIN, ADA)

    browser.post("/admin/logout/")

    assert Session.objects.get().revoked_reason == "logout"
    assert not is_in(browser)


# --- the second factor ---
def test_the_password_alone_lets_nobody_in_who_has_a_second_factor(clock, ada, browser):
    AuthenticatorAppFactory(user=ada)

    response = browser.post(f"{LOGIN}?next={USERS}", ADA)

    assert response.headers["Location"] == f"{SECOND}?next=%2Fadmin%2Faccounts%2Fuser%2F"
    assert not is_in(browser)
    assert not Session.objects.exists()


@pytest.mark.parametrize("what", ["app", "recovery code"])
def test_a_code_lets_in(what, clock, ada, browser):
    AuthenticatorAppFactory(user=ada)
    RecoveryCodeFactory(user=ada)
    page = browser.post(LOGIN, ADA).headers["Location"]

    shown = browser.get(page)
    wrong = browser.post(page, {"code": other_than(totp_of(SECRET))})
    right = browser.post(page, {"code": totp_of(SECRET) if what == "app" else RECOVERY_CODE})

    assert (shown.status_code, wrong.status_code) == (200, 200)
    assert "This is not the code, or it was used already." in wrong.content.decode()
    assert right.headers["Location"] == "/admin/"
    assert is_in(browser)
    assert Session.objects.count() == 1


def test_a_passkey_lets_in_beside_the_password(ada, browser):
    key = key_of(ada)
    page = browser.post(LOGIN, ADA).headers["Location"]

    credential = key.sign(options_in(browser.get(page)))
    response = browser.post(page, {"credential": json.dumps(credential)})

    assert response.headers["Location"] == "/admin/"
    assert is_in(browser)


@pytest.mark.parametrize("how", ["get", "post"])
def test_without_the_first_half_there_is_no_second(how, browser):
    response = getattr(browser, how)(SECOND, {"code": "042917"})

    assert response.headers["Location"] == f"{LOGIN}?next=%2Fadmin%2F"


def test_after_five_wrong_codes_it_begins_again(clock, ada, browser):
    AuthenticatorAppFactory(user=ada)
    RecoveryCodeFactory(user=ada)
    page = browser.post(LOGIN, ADA).headers["Location"]
    for _ in range(5):
        browser.post(page, {"code": "no such recovery code"})

    response = browser.post(page, {"code": RECOVERY_CODE})

    assert response.headers["Location"].startswith(LOGIN)
    assert not is_in(browser)


# --- a passkey alone ---
def test_a_passkey_alone_lets_staff_in(ada, browser):
    key = key_of(ada)
    credential = key.sign(strange_options(browser))

    response = browser.post(BY_PASSKEY, {"credential": json.dumps(credential), "next": USERS})

    assert response.headers["Location"] == USERS
    assert is_in(browser)


@pytest.mark.parametrize("credential", ["", "no json", "[]", "{}", '{"response": {"clientDataJSON": "x"}}'])
def test_what_is_no_passkey_leads_back(credential, ada, browser):
    response = browser.post(BY_PASSKEY, {"credential": credential}, follow=True)

    assert "This passkey is not accepted here." in response.content.decode()
    assert not is_in(browser)


def test_the_passkey_of_who_is_no_staff_opens_nothing(ada, browser):
    key = key_of(ada)
    User.objects.update(is_staff=False)
    credential = key.sign(strange_options(browser))

    browser.post(BY_PASSKEY, {"credential": json.dumps(credential)})

    assert not Session.objects.exists()


# --- staff who must have one ---
def test_staff_without_a_factor_are_led_to_set_one_up(settings, clock, ada, browser):
    settings.REQUIRE_STAFF_MFA = True

    browser.post(f"{LOGIN}?next={USERS}", ADA)
    led = browser.get(USERS, follow=True)
    elsewhere = [
        browser.get(page).status_code for page in ("/admin/", USERS, "/admin/search/", "/admin/jsi18n/")
    ]
    begun = browser.post(FACTORS, {"do": "begin"})
    secret = AuthenticatorApp.objects.get().secret
    done = browser.post(FACTORS, {"do": "confirm", "code": totp_of(secret)})

    assert led.redirect_chain[-1][0] == f"{FACTORS}?next=%2Fadmin%2Faccounts%2Fuser%2F"
    assert "Staff need a second factor here." in led.content.decode()
    assert elsewhere == [302, 302, 302, 302]
    assert secret in begun.content.decode()
    assert "<svg " in begun.content.decode()
    assert done.content.decode().count("<li>") >= 10
    assert is_in(browser)


def test_they_may_also_leave(settings, ada, browser):
    settings.REQUIRE_STAFF_MFA = True
    browser.post(LOGIN, ADA)

    browser.post("/admin/logout/")

    assert Session.objects.get().revoked_reason == "logout"


def test_the_first_superuser_of_an_installation_gets_in(settings, browser):
    settings.REQUIRE_STAFF_MFA = True
    call_command("createsuperuser", "--noinput", email="ada@example.com", username="ada", verbosity=0)
    set_password(user=User.objects.get(), password=PASSWORD, actor=SYSTEM)
    browser.post(LOGIN, ADA)
    key, page = SecurityKey(), browser.get("/admin/", follow=True)

    browser.post(FACTORS, {"do": "add", "credential": json.dumps(key.make(options_in(page)))})

    assert is_in(browser)


def test_members_have_no_page_of_factors(browser):
    response = console_of(UserFactory()).get(FACTORS)

    assert response.headers["Location"].startswith(LOGIN)


# --- one's own factors ---
def test_a_passkey_is_added_and_removed(ada, committed):
    with committed():
        key_of(ada)
    browser = console_of(ada)
    shown = browser.get(FACTORS).content.decode()

    with committed():
        browser.post(FACTORS, {"do": "remove", "passkey": str(Passkey.objects.get().pk)})

    assert "Blue key" in shown
    assert not Passkey.objects.exists()
    assert [mail["subject"] for mail in mails_to("ada@example.com")] == [
        "A passkey was removed",
        "A passkey was added",
    ]


def test_an_app_is_removed_and_codes_are_made_anew(ada):
    AuthenticatorAppFactory(user=ada)
    RecoveryCodeFactory(user=ada)
    browser = console_of(ada)

    codes = browser.post(FACTORS, {"do": "codes"}).content.decode()
    made = RecoveryCode.objects.count()
    browser.post(FACTORS, {"do": "remove_app"})

    assert len(re.findall(r"<li>[0-9a-z]{4}(?:-[0-9a-z]{4}){5}</li>", codes)) == 10
    assert made == 10
    assert not AuthenticatorApp.objects.exists()


def test_a_wrong_code_shows_the_same_secret_again(clock, ada):
    browser = console_of(ada)
    browser.post(FACTORS, {"do": "begin"})
    secret = AuthenticatorApp.objects.get().secret

    page = browser.post(FACTORS, {"do": "confirm", "code": other_than(totp_of(secret))}).content.decode()

    assert secret in page
    assert "This is not the code, or it was used already." in page


@pytest.mark.parametrize(
    "sent", [{"do": "remove", "passkey": "the other's"}, {"do": "add", "credential": "{}"}, {"do": "?"}, {}]
)
def test_what_makes_no_sense_changes_nothing(sent, ada):
    other = PasskeyFactory(user=UserFactory())
    if "passkey" in sent:
        sent |= {"passkey": str(other.pk)}

    console_of(ada).post(FACTORS, sent)

    assert list(Passkey.objects.all()) == [other]


# --- proving again ---
@pytest.mark.parametrize("how", ["get", "post"])
def test_factors_are_touched_after_a_fresh_proof_alone(how, ada):
    response = getattr(stale(console_of(ada)), how)(FACTORS, {"do": "begin"})

    assert response.headers["Location"].startswith(f"{STEP_UP}?next=%2Fadmin%2Ffactors%2F")
    assert not AuthenticatorApp.objects.exists()


def test_a_password_and_a_code_prove_it(clock, ada):
    AuthenticatorAppFactory(user=ada)
    browser = stale(console_of(ada))
    page = f"{STEP_UP}?next={FACTORS}"

    shown = browser.get(page).content.decode()
    missing = browser.post(page, {"password": PASSWORD})
    wrong = browser.post(page, {"password": "eight camels at noon", "code": totp_of(SECRET)})
    right = browser.post(page, {"password": PASSWORD, "code": totp_of(SECRET)})

    assert ('name="password"' in shown, 'name="code"' in shown) == (True, True)
    assert (missing.status_code, wrong.status_code) == (200, 200)
    assert "The current password is not the right one." in wrong.content.decode()
    assert right.headers["Location"] == FACTORS
    assert browser.get(FACTORS).status_code == 200


def test_who_has_no_factor_proves_it_by_password(ada):
    browser = stale(console_of(ada))

    shown = browser.get(STEP_UP).content.decode()
    response = browser.post(STEP_UP, {"password": PASSWORD})

    assert 'name="code"' not in shown
    assert response.headers["Location"] == "/admin/"


def test_a_passkey_proves_it_by_itself(ada):
    key = key_of(ada)
    browser = stale(console_of(ada))
    credential = key.sign(options_in(browser.get(STEP_UP)))

    response = browser.post(f"{STEP_UP}?next={FACTORS}", {"credential": json.dumps(credential)})

    assert response.headers["Location"] == FACTORS


# --- what staff do to others ---
@pytest.mark.parametrize("page", ["change", "password"])
def test_access_and_passwords_are_given_after_a_fresh_proof_alone(page, ada):
    layla = UserFactory()
    browser = stale(console_of(ada))

    response = browser.post(
        f"{USERS}{layla.pk}/{page}/",
        {
            "display_name": "Layla",
            "language": "en",
            "timezone": "UTC",
            "is_staff": "on",
            "usable_password": "true",
            "password1": "nine foxes at noon",
            "password2": "nine foxes at noon",
        },
    )

    assert response.headers["Location"].startswith(STEP_UP)
    changed = User.objects.get(pk=layla.pk)
    assert (changed.is_staff, changed.password) == (False, layla.password)


def lift(browser: Client, user: User) -> Any:
    return browser.post(
        USERS, {"action": "lift_factors", "_selected_action": [str(user.pk)], "answered": "yes"}
    )


def test_staff_take_away_the_factors_of_who_has_lost_them(ada, committed):
    layla = UserFactory(username="layla")
    AuthenticatorAppFactory(user=layla)
    RecoveryCodeFactory(user=layla)
    PasskeyFactory(user=layla)
    session = SessionFactory(user=layla)

    with committed():
        response = lift(console_of(ada), layla)

    assert response.status_code == 302
    assert not AuthenticatorApp.objects.exists()
    assert not Passkey.objects.exists()
    assert not RecoveryCode.objects.exists()
    session.refresh_from_db()
    assert session.revoked_reason == "staff"
    assert [mail["subject"] for mail in mails_to("layla@example.com")] == ["Your second factors were removed"]
    entry = AuditEntry.objects.get(verb="factors.removed")
    assert (entry.verb, entry.actor, entry.subject) == ("factors.removed", ada.pk, layla.pk)


def test_for_the_last_superuser_there_is_a_command(ada, capsys):
    AuthenticatorAppFactory(user=ada)

    for email in ("Ada@example.com", "ada@example.com"):
        call_command("remove_second_factors", email)

    assert capsys.readouterr().out.splitlines() == [
        "Removed; the password alone signs in.",
        "There was none.",
    ]
    assert not AuthenticatorApp.objects.exists()
    assert AuditEntry.objects.get(verb="factors.removed").actor is None
    with pytest.raises(CommandError, match="Nobody has this address"):
        call_command("remove_second_factors", "nobody@example.com")


def test_nobody_does_so_without_the_permission_or_a_fresh_proof(ada):
    layla = UserFactory()
    AuthenticatorAppFactory(user=layla)

    lift(console_of(clerk("view_user", "change_user")), layla)
    asked = lift(stale(console_of(ada)), layla)
    there = AuthenticatorApp.objects.exists()
    lift(console_of(clerk("view_user", "change_user", "remove_second_factor")), layla)

    assert asked.headers["Location"].startswith(STEP_UP)
    assert there
    assert not AuthenticatorApp.objects.exists()


def test_the_page_of_a_person_says_which_factors_they_have_and_no_more(ada):
    layla = UserFactory()
    AuthenticatorAppFactory(user=layla)
    RecoveryCodeFactory(user=layla)
    passkey = PasskeyFactory(user=layla)

    page = console_of(ada).get(f"{USERS}{layla.pk}/change/").content.decode()

    assert "authenticator app, 1 passkey, recovery codes left: 1" in page
    for secret in (SECRET, passkey.credential_id, RecoveryCode.objects.get().code_hash):
        assert secret not in page


@pytest.mark.parametrize("page", [LOGIN, SECOND, STEP_UP, FACTORS])
def test_the_pages_run_no_script_that_is_written_in_them(page, ada, browser):
    """Those of the theme aside, which are not ours."""
    AuthenticatorAppFactory(user=ada)
    PasskeyFactory(user=ada)
    if page == SECOND:
        browser.post(LOGIN, ADA)
    elif page != LOGIN:
        browser = console_of(ada)

    html = browser.get(page).content.decode()

    assert '<script src="/static/accounts/passkeys.js" defer></script>' in html
    assert not re.search(r"\son(click|submit|load|change)=", html)
    assert not CookieSession.objects.filter(session_data__contains=PASSWORD).exists()
