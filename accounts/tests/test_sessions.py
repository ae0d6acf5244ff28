"""Where somebody is signed in, and how that ends."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Session
from accounts.services import revoke_session, set_active
from accounts.tasks import purge_sessions
from accounts.tests.factories import SessionFactory, UserFactory
from accounts.tokens import make_access
from common.actors import SYSTEM

pytestmark = pytest.mark.django_db

SESSIONS = "/api/v1/auth/sessions"
ME = "/api/v1/users/me"


@pytest.fixture
def told(monkeypatch):
    """What listeners hear."""
    heard = []
    monkeypatch.setattr("common.events._listeners", [heard.extend])
    return heard


def revocations(told):
    return [(each.type, each.seq, each.data["session"]) for each in told]


# --- The list -----------------------------------------------------------------------------------------------


def test_the_list_shows_each_open_session_newest_first(layla, client_of):
    phone = SessionFactory(user=layla, device_name="Phone", user_agent="App/1", address="203.0.113.7")
    client = client_of(layla)
    here = client.session_row

    response = client.get(SESSIONS)

    assert response.status_code == 200
    assert response.json() == {
        "results": [
            {
                "id": str(here.pk),
                "device_name": "",
                "user_agent": "",
                "address": None,
                "place": None,
                "current": True,
                "last_seen_at": stamp(here.last_seen_at),
                "created_at": stamp(here.created_at),
                "expires_at": stamp(here.expires_at),
            },
            {
                "id": str(phone.pk),
                "device_name": "Phone",
                "user_agent": "App/1",
                "address": "203.0.113.7",
                "place": None,
                "current": False,
                "last_seen_at": stamp(phone.last_seen_at),
                "created_at": stamp(phone.created_at),
                "expires_at": stamp(phone.expires_at),
            },
        ],
        "next": None,
        "previous": None,
    }


@pytest.mark.parametrize(
    ("address", "place"),
    [("203.0.113.7", "Riyadh, SA"), ("198.51.100.1", "DE"), ("192.0.2.1", None), (None, None)],
)
def test_the_list_says_roughly_where(address, place, layla, client_of, geoip):
    SessionFactory(user=layla, address=address)

    response = client_of(layla).get(SESSIONS)

    assert response.json()["results"][1]["place"] == place


def stamp(at):
    return at.isoformat().replace("+00:00", "Z")


def test_the_list_leaves_out_what_has_ended_and_what_is_others(layla, client_of):
    SessionFactory()
    SessionFactory(user=layla, revoked_at=timezone.now())
    SessionFactory(user=layla, expires_at=timezone.now())
    client = client_of(layla)

    response = client.get(SESSIONS)

    assert [session["id"] for session in response.json()["results"]] == [str(client.session_row.pk)]


def test_the_list_comes_in_pages(layla, client_of):
    rows = SessionFactory.create_batch(4, user=layla)
    client = client_of(layla)
    newest_first = [str(session.pk) for session in [client.session_row, *reversed(rows)]]

    first = client.get(SESSIONS, {"page_size": 2}).json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    back = client.get(third["previous"]).json()

    pages = [[session["id"] for session in page["results"]] for page in (first, second, third)]
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    assert (first["previous"], third["next"]) == (None, None)
    assert back["results"] == second["results"]


@pytest.mark.parametrize("sessions", [1, 20])
def test_the_list_takes_two_queries(sessions, layla, client_of, django_assert_num_queries):
    SessionFactory.create_batch(sessions - 1, user=layla)
    client = client_of(layla)

    with django_assert_num_queries(2):  # who asks, the list
        response = client.get(SESSIONS)

    assert len(response.json()["results"]) == sessions


# --- Ending one ---------------------------------------------------------------------------------------------


def test_ending_a_session_stops_its_tokens_and_tells_its_sockets(layla, client_of, committed, told):
    phone, laptop = client_of(layla), client_of(layla)

    with committed():
        response = laptop.delete(f"{SESSIONS}/{phone.session_row.pk}")

    assert (response.status_code, response.content) == (204, b"")
    assert phone.get(ME).status_code == 401
    assert phone.get(ME).json()["code"] == "session_ended"
    assert laptop.get(ME).status_code == 200
    phone.session_row.refresh_from_db()
    assert phone.session_row.revoked_reason == "revoked"
    assert revocations(told) == [("session.revoked", None, str(phone.session_row.pk))]


def test_a_session_ends_once(layla, client_of, committed, told):
    phone, laptop = client_of(layla), client_of(layla)

    with committed():
        laptop.delete(f"{SESSIONS}/{phone.session_row.pk}")
        again = laptop.delete(f"{SESSIONS}/{phone.session_row.pk}")

    assert again.status_code == 404
    assert len(told) == 1


def test_the_service_ends_a_session_once(layla, committed, told):
    session = SessionFactory(user=layla)

    with committed():
        ended = [revoke_session(session=session, reason=reason) for reason in ("staff", "logout")]

    session.refresh_from_db()
    assert ended == [True, False]
    assert session.revoked_reason == "staff"
    assert len(told) == 1


def test_nobody_ends_or_sees_the_session_of_somebody_else(layla, client_of, committed, told):
    other = SessionFactory()

    with committed():
        response = client_of(layla).delete(f"{SESSIONS}/{other.pk}")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    other.refresh_from_db()
    assert other.revoked_at is None
    assert told == []


def test_a_session_may_end_itself(layla, client_of):
    client = client_of(layla)

    response = client.delete(f"{SESSIONS}/{client.session_row.pk}")

    assert response.status_code == 204
    assert client.get(SESSIONS).json()["code"] == "session_ended"


# --- Signing out --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, {}, {"refresh": "whatever an older client holds"}])
def test_signing_out_ends_this_session_alone(body, layla, client_of, committed, told):
    phone, laptop = client_of(layla), client_of(layla)

    with committed():
        response = phone.post("/api/v1/auth/logout", body)

    assert (response.status_code, response.content) == (204, b"")
    assert phone.get(ME).json()["code"] == "session_ended"
    assert laptop.get(ME).status_code == 200
    assert revocations(told) == [("session.revoked", None, str(phone.session_row.pk))]


def test_signing_out_everywhere_ends_all_of_ones_own(layla, client_of, committed, told):
    other = client_of(UserFactory())
    phone, laptop = client_of(layla), client_of(layla)

    with committed():
        response = phone.post("/api/v1/auth/logout-all")

    assert response.status_code == 204
    assert [client.get(ME).status_code for client in (phone, laptop, other)] == [401, 401, 200]
    assert {data for _, _, data in revocations(told)} == {
        str(phone.session_row.pk),
        str(laptop.session_row.pk),
    }


def test_signing_out_takes_a_session(client):
    for path in ("/api/v1/auth/logout", "/api/v1/auth/logout-all"):
        response = client.post(path)

        assert response.status_code == 401
        assert response.json()["code"] == "not_authenticated"


# --- What a token is worth ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_authenticated"),
        ("", "not_authenticated"),
        ("Basic bGF5bGE6eA==", "not_authenticated"),
        ("Bearer", "token_invalid"),
        ("Bearer x", "token_invalid"),
        ("Bearer eyJhbGciOiJub25lIn0.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIn0.", "token_invalid"),
    ],
)
def test_without_a_token_of_ours_nobody_gets_in(header, code, client):
    response = client.get(ME, headers={"Authorization": header} if header is not None else {})

    assert response.status_code == 401
    assert response.json()["code"] == code
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="serai"'


def test_the_scheme_may_be_spelt_in_any_case(layla):
    access = make_access(SessionFactory(user=layla))

    response = APIClient().get(ME, headers={"Authorization": f"bearer {access}"})

    assert response.status_code == 200


@pytest.mark.parametrize("over", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_the_session_row_decides_whatever_the_token_says(over, layla, client_of):
    client = client_of(layla)
    Session.objects.update(**over)

    response = client.get(ME)

    assert (response.status_code, response.json()["code"]) == (401, "session_ended")


def test_a_session_that_is_gone_has_ended(layla, client_of):
    client = client_of(layla)
    Session.objects.all().delete()

    assert client.get(ME).json()["code"] == "session_ended"


def test_who_is_shut_out_is_signed_out_everywhere_once(layla, client_of, committed, told):
    client = client_of(layla)

    with committed():
        changed = [set_active(user=layla, active=False, actor=SYSTEM) for _ in range(2)]

    assert changed == [True, False]
    assert client.get(ME).json()["code"] == "session_ended"
    assert Session.objects.get().revoked_reason == "deactivated"
    assert len(told) == 1


def test_who_is_let_in_again_signs_in_anew(layla, client_of):
    client = client_of(layla)
    set_active(user=layla, active=False, actor=SYSTEM)

    assert set_active(user=layla, active=True, actor=SYSTEM) is True

    assert client.get(ME).json()["code"] == "session_ended"
    assert client_of(layla).get(ME).status_code == 200


@pytest.mark.parametrize(("seconds", "noted"), [(30, 0), (61, 61)])
def test_last_seen_is_noted_at_most_once_a_minute(seconds, noted, layla, client_of):
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        client = client_of(layla)
        clock.shift(timedelta(seconds=seconds))

        client.get(ME)

    assert Session.objects.get().last_seen_at == start + timedelta(seconds=noted)


# --- Forgetting ---------------------------------------------------------------------------------------------


def test_sessions_are_forgotten_a_month_after_their_end(layla):
    now = timezone.now()
    kept = [
        SessionFactory(user=layla),
        SessionFactory(user=layla, revoked_at=now - timedelta(days=29)),
        SessionFactory(user=layla, expires_at=now - timedelta(days=29)),
    ]
    SessionFactory(user=layla, revoked_at=now - timedelta(days=31))
    SessionFactory(user=layla, expires_at=now - timedelta(days=31))

    forgotten = [purge_sessions.delay().get(), purge_sessions.delay().get()]

    assert forgotten == [2, 0]
    assert set(Session.objects.all()) == set(kept)
