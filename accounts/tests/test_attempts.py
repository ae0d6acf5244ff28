"""Failed attempts delay the next one: that of a stranger, and never that of somebody who is known."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AttemptCount, AuditEntry, KnownNetwork, MailedCode, Session
from accounts.problems import LoginDelayed
from accounts.services import attempt_of, let_in, tell_of_delays
from accounts.services.attempts import attempt_to_sign_in
from accounts.services.codes import Purpose, make_code
from accounts.tasks import purge_attempts
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory, staff
from accounts.tests.mails import mails_to, unlock_token_in
from common.models import Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

LOGIN = "/api/v1/auth/login"
CHANGE = "/api/v1/auth/change-password"
LAYLA = "layla@example.com"
WRONG = "eight camels at noon"
START = datetime(2026, 11, 21, 9, tzinfo=UTC)
ATTEMPTS = "/admin/accounts/attemptcount/"
USERS = "/admin/accounts/user/"


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def sign_in(password=WRONG, *, email=LAYLA, at="203.0.113.7", device=None, agent="App/1"):
    body = {"email": email, "password": password} | ({"device": device} if device else {})
    return APIClient(REMOTE_ADDR=at).post(LOGIN, body, headers={"User-Agent": agent})


def crowd(failures):
    """As many failures, each from an address of its own."""
    return [sign_in(at=f"198.51.{n // 250}.{n % 250 + 1}").status_code for n in range(failures)]


def refused_for(response):
    """The seconds of a delay; 0 where the password was looked at."""
    if response.status_code != 429:
        return 0
    assert response.json()["code"] == "login_delayed"
    assert int(response.headers["Retry-After"]) == response.json()["retry_after"]
    return response.json()["retry_after"]


# --- The delay ----------------------------------------------------------------------------------------------


def test_after_five_failures_each_further_doubles_the_delay_up_to_a_quarter_of_an_hour(clock, layla):
    free = [sign_in().status_code for _ in range(5)]
    delays, looked_at = [], []
    for _ in range(12):
        delays.append(refused_for(sign_in()))
        clock.shift(timedelta(seconds=delays[-1] - 1))
        just_before = refused_for(sign_in())
        clock.shift(timedelta(seconds=1))
        looked_at.append((just_before, sign_in().status_code))

    assert free == [401] * 5
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert looked_at == [(1, 401)] * 12


def test_during_a_delay_the_right_password_is_not_looked_at(clock, layla, monkeypatch):
    for _ in range(5):
        sign_in()
    monkeypatch.setattr("accounts.services.sessions.check_password", None)

    response = sign_in(PASSWORD)

    assert response.status_code == 429
    assert response.json() | {"request_id": ""} == {
        "type": "http://testserver/api/docs/problems#login_delayed",
        "title": "Too many failed attempts: wait before the next one.",
        "status": 429,
        "detail": "Too many failed attempts: wait before the next one.",
        "code": "login_delayed",
        "retry_after": 1,
        "request_id": "",
    }
    assert not Session.objects.exists()
    assert AttemptCount.objects.get(kind="network").failures == 5


def test_who_is_right_in_the_end_begins_anew(clock, layla):
    for _ in range(5):
        sign_in()
    clock.shift(timedelta(seconds=1))

    signed_in = sign_in(PASSWORD)

    assert signed_in.status_code == 200
    assert [sign_in().status_code for _ in range(5)] == [401] * 5


def test_failures_are_forgotten_a_day_after_the_last(clock, layla):
    for _ in range(5):
        sign_in()
    clock.shift(timedelta(days=1))

    assert [sign_in().status_code for _ in range(6)] == [401] * 5 + [429]


def test_whether_there_is_an_account_shows_in_nothing(clock, layla):
    UserFactory(email="inactive@example.com", is_active=False)
    seen = {}
    for email in (LAYLA, "nobody@example.com", "inactive@example.com"):
        answers = [sign_in(email=email) for _ in range(7)]
        seen[email] = [(answer.status_code, answer.headers.get("Retry-After")) for answer in answers]

    assert seen[LAYLA] == [(401, None)] * 5 + [(429, "1")] * 2
    assert seen["nobody@example.com"] == seen["inactive@example.com"] == seen[LAYLA]
    assert sign_in(email=" LAYLA@Example.com").status_code == 429  # however it is spelt


@pytest.mark.parametrize("email", [LAYLA, "nobody@example.com"])
def test_a_failure_asks_the_same_of_the_database_whether_there_is_an_account(
    email, layla, django_assert_num_queries
):
    sign_in(email="other@example.com")

    with django_assert_num_queries(11):
        response = sign_in(email=email)

    assert response.status_code == 401


def test_of_an_address_that_is_named_nothing_is_kept_but_a_keyed_hash(layla):
    sign_in(email="nobody@example.com")

    stored = " ".join(str(value) for row in AttemptCount.objects.values_list() for value in row)
    assert "nobody" not in stored
    assert set(AttemptCount.objects.values_list("user", flat=True)) == {None}


def test_a_delay_is_not_kept_in_the_cache(clock, layla, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    for _ in range(5):
        sign_in()

    assert sign_in().status_code == 429


def test_right_passwords_of_unverified_people_are_no_failures(client):
    UserFactory(username="layla", email_verified_at=None)

    assert [sign_in(PASSWORD).status_code for _ in range(7)] == [403] * 7


# --- Whom it hits -------------------------------------------------------------------------------------------


def test_a_known_device_is_never_kept_out_by_strangers(clock, layla):
    device = sign_in(PASSWORD, at="192.0.2.1").json()["device"]
    failed = crowd(60)

    known = sign_in(PASSWORD, at="198.51.0.1", device=device)  # even from where a stranger failed
    unknown = sign_in(PASSWORD, at="192.0.2.99")

    assert failed == [401] * 50 + [429] * 10
    assert known.status_code == 200
    assert refused_for(unknown) == 1


def test_a_network_that_its_owner_came_from_lately_is_known_to_clients_that_keep_nothing(clock, layla):
    sign_in(PASSWORD, at="192.0.2.1")
    crowd(60)

    phone = sign_in(PASSWORD, at="192.0.2.1").json()["device"]
    sign_in(PASSWORD, at="192.0.2.3", device=phone)  # goes out, and leaves the network at home known
    here, elsewhere = sign_in(PASSWORD, at="192.0.2.1"), sign_in(PASSWORD, at="192.0.2.2")
    clock.shift(timedelta(days=30, seconds=1))
    crowd(60)
    a_month_later = sign_in(PASSWORD, at="192.0.2.1")

    assert (here.status_code, elsewhere.status_code, a_month_later.status_code) == (200, 429, 429)


def test_a_known_device_that_fails_is_delayed_alone(clock, layla):
    thief, phone = (sign_in(PASSWORD, at="192.0.2.1", agent=agent).json()["device"] for agent in "ab")

    failed = [sign_in(device=thief, at="192.0.2.1").status_code for _ in range(6)]

    assert failed == [401] * 5 + [429]
    assert sign_in(PASSWORD, device=phone, at="192.0.2.1").status_code == 200
    assert not AttemptCount.objects.filter(kind="strangers", failures__gt=0).exists()


def test_the_token_of_a_device_is_worth_nothing_at_another_account(clock, layla):
    UserFactory(username="omar")
    device = sign_in(PASSWORD, email="omar@example.com", at="192.0.2.1").json()["device"]
    crowd(50)

    assert sign_in(PASSWORD, device=device, at="192.0.2.1").status_code == 429


@pytest.mark.parametrize("device", ["x", "0198c5b27d447a319c112f6a4e8b1d01:x", "é", "x" * 200])
def test_a_token_that_is_none_of_ours_is_no_token(device, layla):
    response = sign_in(PASSWORD, device=device)

    assert response.status_code == 200
    assert response.json()["device"] != device


def test_neighbours_in_one_ipv6_network_are_one_place(clock, layla):
    failed = [sign_in(at=f"2001:db8:1:2::{n}").status_code for n in range(1, 7)]

    assert failed == [401] * 5 + [429]
    assert sign_in(at="2001:db8:1:3::1").status_code == 401
    assert sign_in(at="::ffff:192.0.2.1").status_code == 401
    assert AttemptCount.objects.filter(place="192.0.2.1").exists()


def test_other_accounts_are_not_delayed(clock, layla, omar):
    for _ in range(6):
        sign_in()

    assert sign_in(PASSWORD, email="omar@example.com").status_code == 200


# --- Races --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_who_guess_at_once_no_more_are_looked_at_than_may_be():
    UserFactory(username="layla")

    statuses = at_once(16, lambda _: sign_in().status_code)

    assert sorted(statuses) == [401] * 5 + [429] * 11
    assert set(AttemptCount.objects.values_list("failures", flat=True)) == {5}


@pytest.mark.django_db(transaction=True)
def test_strangers_who_guess_at_once_from_everywhere_are_counted_together():
    layla = UserFactory(username="layla")
    sign_in()
    AttemptCount.objects.filter(kind="strangers").update(failures=46)

    statuses = at_once(12, lambda n: sign_in(at=f"198.51.100.{n + 1}").status_code)

    assert sorted(statuses) == [401] * 4 + [429] * 8
    assert AttemptCount.objects.get(kind="strangers", user=layla).failures == 50


# --- Other doors --------------------------------------------------------------------------------------------


def test_guesses_at_the_present_password_delay_that_session_alone(clock, layla, client_of):
    thief, owner = client_of(layla), client_of(layla)
    change = {"current_password": WRONG, "password": "nine foxes at noon"}

    guesses = [thief.post(CHANGE, change).status_code for _ in range(5)]
    right = thief.post(CHANGE, change | {"current_password": PASSWORD})

    assert guesses == [403] * 5
    assert (right.status_code, right.json()["code"], right.headers["Retry-After"]) == (
        429,
        "login_delayed",
        "1",
    )
    layla.refresh_from_db()
    assert layla.check_password(PASSWORD)
    assert owner.post(CHANGE, change | {"current_password": PASSWORD}).status_code == 204


def test_what_is_proved_in_a_session_begins_anew_when_it_was_right(clock, layla):
    session = SessionFactory(user=layla)
    for _ in range(4):
        with pytest.raises(LookupError), attempt_of(session):
            raise LookupError

    with attempt_of(session):
        pass

    assert not AttemptCount.objects.exists()


def test_a_place_without_an_address_counts_too(clock, layla):
    for _ in range(5):
        with pytest.raises(LookupError), attempt_to_sign_in(email=LAYLA, user=layla):
            raise LookupError

    with pytest.raises(LoginDelayed), attempt_to_sign_in(email=LAYLA, user=layla):
        pass


# --- The way in ---------------------------------------------------------------------------------------------


def test_the_owner_is_mailed_one_way_in_however_long_strangers_try(clock, layla, committed):
    crowd(50)

    with committed():
        told = [tell_of_delays() for _ in range(2)]
    clock.shift(timedelta(hours=1))
    crowd(51)
    with committed():
        told.append(tell_of_delays())

    assert told == [1, 0, 0]
    [mail] = mails_to(LAYLA)
    assert mail["subject"] == "Somebody tries to sign in to your account"
    assert "The last attempt came from: 198.51.0.50 (App/1)\n" in mail["text"]
    assert "http://testserver/let-me-in/" in mail["text"]


def test_strangers_that_go_on_are_told_again_after_six_hours(clock, layla, committed):
    crowd(50)
    with committed():
        tell_of_delays()
    clock.shift(timedelta(hours=6, seconds=1))
    quiet = tell_of_delays()
    crowd(1)

    with committed():
        again = tell_of_delays()

    assert (quiet, again, len(mails_to(LAYLA))) == (0, 1, 2)


@pytest.mark.parametrize(
    "owner", [{"email_verified_at": None}, {"is_active": False}], ids=["not verified", "shut out"]
)
def test_who_could_not_sign_in_anyway_is_mailed_nothing(owner, clock, committed):
    UserFactory(username="layla", **owner)
    crowd(50)

    with committed():
        tell_of_delays()

    assert not Mail.objects.exists()


def test_strangers_at_nobodys_account_are_told_to_nobody(clock, committed):
    crowd(50)

    assert tell_of_delays() == 0
    assert not AuditEntry.objects.exists()


@pytest.fixture
def way_in(clock, layla, committed):
    """The page that the mail about strangers links to."""
    crowd(50)
    with committed():
        tell_of_delays()
    return f"/let-me-in/{unlock_token_in(mails_to(LAYLA)[0])}"


def test_the_mailed_link_lets_its_owner_in_from_where_they_press_the_button(way_in):
    before = sign_in(PASSWORD, at="192.0.2.50")

    pressed = Client(REMOTE_ADDR="192.0.2.50").post(way_in)

    assert (before.status_code, pressed.status_code) == (429, 200)
    assert "You can sign in now" in pressed.text
    assert sign_in(PASSWORD, at="192.0.2.50").status_code == 200
    assert sign_in(PASSWORD, at="192.0.2.51").status_code == 429
    assert AuditEntry.objects.filter(verb="attempts.unlocked").count() == 1


def test_opening_the_link_does_nothing_and_pressing_works_once(way_in):
    opened = [Client().get(way_in) for _ in range(3)]
    known = KnownNetwork.objects.count()

    pressed = [Client().post(way_in).status_code for _ in range(2)]

    assert [page.status_code for page in opened] == [200, 200, 200]
    assert all("Let me in from here" in page.text for page in opened)
    assert opened[0].headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert (known, pressed, KnownNetwork.objects.count()) == (0, [200, 400], 1)


def test_the_link_lasts_six_hours(way_in, clock):
    clock.shift(timedelta(hours=6))

    response = Client().post(way_in)

    assert response.status_code == 400
    assert "doesn't work" in response.content.decode().replace("&#x27;", "'")
    assert not KnownNetwork.objects.exists()


@pytest.mark.parametrize("other", ["x", "reset", "verify"])
def test_no_other_link_lets_in(other, layla):
    purposes = {"reset": Purpose.RESET_PASSWORD, "verify": Purpose.VERIFY_EMAIL}
    token = make_code(user=layla, purpose=purposes[other]).token if other in purposes else other

    response = Client().post(f"/let-me-in/{token}")

    assert response.status_code == 400
    assert not KnownNetwork.objects.exists()


def test_the_link_lets_in_and_no_more(way_in, client):
    token = way_in.removeprefix("/let-me-in/")

    response = client.post("/api/v1/auth/reset-password", {"token": token, "password": "nine foxes at noon"})

    assert (response.status_code, response.json()["code"]) == (400, "reset_token_invalid")
    assert MailedCode.objects.get(purpose="unlock").closed_at is None


def test_a_browser_that_presses_must_have_seen_the_page(way_in):
    response = Client(enforce_csrf_checks=True).post(way_in)

    assert response.status_code == 403
    assert not KnownNetwork.objects.exists()


def test_a_new_password_by_mail_lets_in_at_once(clock, layla, client):
    crowd(50)
    token = make_code(user=layla, purpose=Purpose.RESET_PASSWORD).token

    client.post("/api/v1/auth/reset-password", {"token": token, "password": "nine foxes at noon"})

    assert sign_in("nine foxes at noon", at="192.0.2.9").status_code == 200


# --- What is written down -----------------------------------------------------------------------------------


def test_a_delay_is_one_entry_of_the_audit_log_and_a_guess_is_none(clock, layla):
    for _ in range(5):
        sign_in()
        clock.shift(timedelta(minutes=1))
        sign_in()
        tell_of_delays()

    [entry] = AuditEntry.objects.all()
    assert (entry.verb, entry.category, entry.actor, entry.subject) == (
        "attempts.delayed",
        "security",
        None,
        layla.pk,
    )
    assert entry.details["where"] == "network"
    assert entry.details["place"] == "203.0.113.7"


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_tell_once():
    UserFactory(username="layla")
    crowd(50)

    told = at_once(4, lambda _: tell_of_delays())

    assert sum(told) == 1
    assert (Mail.objects.count(), AuditEntry.objects.count()) == (1, 1)


def test_counts_are_forgotten_after_their_day(clock, layla):
    sign_in()
    clock.shift(timedelta(hours=20))
    sign_in(at="192.0.2.1")
    clock.shift(timedelta(hours=5))

    assert (purge_attempts(), purge_attempts()) == (1, 0)
    assert {row.kind for row in AttemptCount.objects.all()} == {"network", "strangers"}


# --- The console --------------------------------------------------------------------------------------------


def test_staff_see_why_somebody_cannot_sign_in_and_let_them_in(clock, layla):
    ada = staff(username="ada")
    for _ in range(5):
        sign_in()
    console = console_of(ada)

    page = console.get(f"{USERS}{layla.pk}/change/")
    question = console.get(f"{USERS}{layla.pk}/let_in_now/")
    done = console.post(f"{USERS}{layla.pk}/let_in_now/", {"answered": "yes"})

    assert "203.0.113.7" in page.text
    assert "delayed" in page.text
    assert "Forget the failed attempts to sign in?" in question.text
    assert done.status_code == 302
    assert not AttemptCount.objects.exists()
    assert sign_in(PASSWORD).status_code == 200
    entry = AuditEntry.objects.get(verb="attempts.forgiven")
    assert (entry.actor, entry.subject) == (ada.pk, layla.pk)


def test_letting_in_whom_nothing_delays_changes_nothing(layla):
    assert let_in(user=layla, actor=staff()) is False
    assert not AuditEntry.objects.exists()


def test_staff_without_the_right_let_nobody_in(clock, layla):
    for _ in range(5):
        sign_in()

    response = console_of(clerk("view_user")).post(f"{USERS}{layla.pk}/let_in_now/", {"answered": "yes"})

    assert response.status_code == 403
    assert sign_in().status_code == 429


@pytest.mark.parametrize("accounts", [5, 50])
def test_the_list_takes_the_same_queries_however_long(accounts, django_assert_num_queries):
    for user in UserFactory.create_batch(accounts):
        AttemptCount.objects.create(
            account=str(user.pk), kind="strangers", user=user, failures=3, failed_at=datetime.now(UTC)
        )
    console = console_of(staff())
    console.get(ATTEMPTS)

    with django_assert_num_queries(4):  # the cookie session, its user, how many, the rows
        response = console.get(ATTEMPTS, {"all": ""})

    assert len(response.context["cl"].result_list) == accounts


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"account": "yes"}, {"layla"}),
        ({"account": "no"}, {None}),
        ({"q": "layla@"}, {"layla"}),
        ({"q": "203.0.113"}, {"layla", None}),
        ({"q": "198.51"}, set()),
    ],
)
def test_the_list_is_narrowed_and_searched(asked, found, layla):
    sign_in()
    sign_in(email="nobody@example.com")

    response = console_of(staff()).get(ATTEMPTS, asked)

    names = {row.user and row.user.username for row in response.context["cl"].result_list}
    assert names == found


def test_nobody_changes_a_count_by_hand(layla):
    sign_in()
    row = AttemptCount.objects.first()
    console = console_of(staff())

    pages = [console.get(f"{ATTEMPTS}{row.pk}/change/"), console.get(f"{ATTEMPTS}add/")]
    deleted = console.post(f"{ATTEMPTS}{row.pk}/delete/", {"post": "yes"})

    assert [page.status_code for page in pages] == [200, 403]
    assert deleted.status_code == 403
    assert AttemptCount.objects.filter(pk=row.pk).exists()
