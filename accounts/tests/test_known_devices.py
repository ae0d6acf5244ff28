"""Signing in on a device that is new is told by mail, and its owner can say that it wasn't them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import KnownDevice, MailedCode, Session
from accounts.services import open_session, revoke_session
from accounts.tasks import purge_devices
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory
from accounts.tests.mails import disowning_token_in, mails_to
from accounts.tokens import make_disowning, make_verification
from common.models import Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

LOGIN = "/api/v1/auth/login"
REFRESH = "/api/v1/auth/refresh"
LAYLA = "layla@example.com"


@pytest.fixture
def clock():
    with time_machine.travel(datetime(2026, 11, 21, 9, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def sign_in(committed):
    """Signs Layla in, and has what was queued go out."""

    def post(*, at="203.0.113.7", agent="App/1", email=LAYLA, **more):
        body = {"email": email, "password": PASSWORD} | more
        with committed():
            response = APIClient(REMOTE_ADDR=at).post(LOGIN, body, headers={"User-Agent": agent})
        assert response.status_code == 200
        return response.json()

    return post


# --- What is told -------------------------------------------------------------------------------------------


def test_the_first_device_of_all_is_no_news_and_the_second_is(clock, sign_in, geoip):
    UserFactory(username="layla", timezone="Asia/Riyadh")
    sign_in()
    first = mails_to(LAYLA)

    sign_in(at="203.0.113.99", agent="Firefox/140", device_name="Layla's laptop")

    assert first == []
    [mail] = mails_to(LAYLA)
    assert mail["subject"] == "Somebody signed in on a new device"
    assert (
        "Device: Layla's laptop\nClient: Firefox/140\nAddress: 203.0.113.99, Riyadh, SA\n"
        "Time: 2026-11-21 12:00 (Asia/Riyadh)\n"
    ) in mail["text"]
    assert "http://testserver/not-me/" in mail["text"]


def test_a_device_that_shows_its_token_is_no_news_wherever_it_is(layla, sign_in):
    device = sign_in()["device"]

    again = sign_in(at="198.51.100.4", agent="App/2", device=device)

    assert not Mail.objects.exists()
    assert KnownDevice.objects.count() == 1
    assert (again["device"], Session.objects.values("device").distinct().count()) == (device, 1)


def test_a_client_without_a_token_is_known_by_its_network_and_its_name(clock, layla, sign_in):
    sign_in(at="2001:db8:1:2::3")
    sign_in(at="2001:db8:1:2::4")
    known = Mail.objects.count()
    sign_in(at="2001:db8:1:2::4", agent="Other/1")
    other = Mail.objects.count()
    clock.shift(timedelta(days=30))

    sign_in(at="2001:db8:1:2::4")

    assert (known, other, Mail.objects.count()) == (0, 1, 2)


def test_people_who_share_a_device_have_one_token_and_are_told_each_for_themselves(layla, sign_in):
    UserFactory(username="omar")
    hers = sign_in()["device"]
    sign_in(email="omar@example.com", at="198.51.100.4", agent="Other/1")

    his = sign_in(email="omar@example.com", device=hers)["device"]

    assert his == hers
    assert [mail["subject"] for mail in mails_to("omar@example.com")] == [
        "Somebody signed in on a new device"
    ]
    assert sorted(KnownDevice.objects.values_list("user__username", flat=True)) == ["layla", "omar", "omar"]


def test_other_ways_of_signing_in_are_told_too(layla, sign_in, committed):
    sign_in()
    layla.refresh_from_db()

    with committed():
        open_session(user=layla, device_name="A passkey", address="198.51.100.4")

    assert "Device: A passkey" in mails_to(LAYLA)[0]["text"]


@pytest.mark.django_db(transaction=True)
def test_a_device_that_signs_in_twice_at_once_is_one_device(settings):
    UserFactory(username="layla")
    body = {"email": LAYLA, "password": PASSWORD}

    answers = at_once(4, lambda _: APIClient(REMOTE_ADDR="203.0.113.7").post(LOGIN, body))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert (KnownDevice.objects.count(), Session.objects.count()) == (1, 4)


def test_a_device_is_forgotten_half_a_year_after_its_last_sign_in(clock, layla, sign_in):
    sign_in()
    clock.shift(timedelta(days=180))
    kept = purge_devices()
    clock.shift(timedelta(seconds=1))

    assert (kept, purge_devices(), purge_devices()) == (1, 1, 0)
    assert Session.objects.get().device is None


# --- It wasn't me -------------------------------------------------------------------------------------------


@pytest.fixture
def intruder(layla, sign_in):
    """A session on a device that Layla doesn't know, and the page that the mail about it links to."""
    sign_in()
    tokens = sign_in(at="198.51.100.4", agent="Firefox/140")
    return tokens, f"/not-me/{disowning_token_in(mails_to(LAYLA)[0])}"


def test_saying_so_ends_the_session_forgets_the_device_and_mails_a_way_to_a_new_password(intruder, committed):
    tokens, page = intruder

    with committed():
        response = Client().post(page)

    assert response.status_code == 200
    assert "The session is ended" in response.text
    assert APIClient().post(REFRESH, {"refresh": tokens["refresh"]}).json()["code"] == "session_ended"
    assert Session.objects.get(pk=tokens["session"]).revoked_reason == "disowned"
    assert Session.objects.filter(revoked_at=None).count() == 1
    assert KnownDevice.objects.get().user_agent == "App/1"
    assert [mail["subject"] for mail in mails_to(LAYLA)] == [
        "Choose a new password",
        "Somebody signed in on a new device",
    ]


def test_opening_the_link_does_nothing(intruder):
    tokens, page = intruder

    responses = [Client().get(page) for _ in range(2)]

    assert [response.status_code for response in responses] == [200, 200]
    assert APIClient().post(REFRESH, {"refresh": tokens["refresh"]}).status_code == 200


def test_saying_so_twice_mails_once(intruder, committed):
    _, page = intruder

    with committed():
        statuses = [Client().post(page).status_code for _ in range(3)]

    assert statuses == [200, 400, 400]
    assert MailedCode.objects.filter(purpose="reset_password").count() == 1


def test_a_session_that_is_over_is_not_ended_again(layla):
    session = SessionFactory(user=layla)
    revoke_session(session=session, reason="logout")

    response = Client().post(f"/not-me/{make_disowning(session)}")

    assert response.status_code == 400
    assert "There is nothing to end" in response.text
    assert not MailedCode.objects.exists()
    session.refresh_from_db()
    assert session.revoked_reason == "logout"


@pytest.mark.parametrize("other", ["x", "verification"])
def test_no_other_link_ends_a_session(other, layla):
    SessionFactory(user=layla)
    token = make_verification(layla) if other == "verification" else other

    response = Client().post(f"/not-me/{token}")

    assert response.status_code == 400
    assert Session.objects.get().revoked_at is None


# --- An old token -------------------------------------------------------------------------------------------


def test_an_old_token_that_ends_a_session_is_told(clock, layla, sign_in, committed):
    old = sign_in(device_name="Layla's phone")["refresh"]
    newest = old
    for _ in range(2):
        newest = APIClient().post(REFRESH, {"refresh": newest}).json()["refresh"]

    with committed():
        answers = [APIClient().post(REFRESH, {"refresh": old}).json()["code"] for _ in range(2)]

    assert answers == ["token_reused", "session_ended"]
    [mail] = mails_to(LAYLA)
    assert mail["subject"] == "A session of yours was ended"
    assert (
        "Device: Layla's phone\nClient: App/1\nAddress: 203.0.113.7\nTime: 2026-11-21 09:00 (UTC)\n"
    ) in mail["text"]
