"""Staying signed in: each refresh token once, its predecessor for a moment, and never an older one."""

from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Session
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tokens import fingerprint
from common.models import LogEntry
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

REFRESH = "/api/v1/auth/refresh"
ME = "/api/v1/users/me"
START = datetime(2026, 11, 21, 9, 0, 0, 700_000, tzinfo=UTC)  # tokens hold whole seconds: start between two


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def tokens(client):
    UserFactory(username="layla")
    return client.post("/api/v1/auth/login", {"email": "layla@example.com", "password": PASSWORD}).json()


def refresh(token: str):
    return APIClient().post(REFRESH, {"refresh": token})


def me(access: str):
    return APIClient().get(ME, headers={"Authorization": f"Bearer {access}"})


def test_a_refresh_token_gives_its_successor_and_an_access_token(clock, tokens):
    clock.shift(timedelta(minutes=10))

    response = refresh(tokens["refresh"])

    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh", "expires_in"}
    assert response.json()["expires_in"] == 300
    assert response.json()["refresh"] != tokens["refresh"]
    assert me(response.json()["access"]).status_code == 200
    session = Session.objects.get()
    assert (session.generation, session.refresh_hash) == (2, fingerprint(response.json()["refresh"]))
    assert session.last_seen_at == START + timedelta(minutes=10)
    assert session.expires_at == datetime(2026, 12, 21, 9, 10, tzinfo=UTC)


def test_a_session_goes_on_from_token_to_token(clock, tokens):
    token = tokens["refresh"]

    for _ in range(3):
        clock.shift(timedelta(days=29))
        response = refresh(token)
        token = response.json()["refresh"]

    assert response.status_code == 200
    assert Session.objects.get().generation == 4


@pytest.mark.parametrize("seconds", [0, 1, 44, 45])
def test_the_previous_token_gets_the_same_successor_for_45_seconds(seconds, clock, tokens):
    clock.shift(timedelta(hours=1))
    first = refresh(tokens["refresh"]).json()
    clock.shift(timedelta(seconds=seconds))

    again = refresh(tokens["refresh"])

    assert again.status_code == 200
    assert again.json()["refresh"] == first["refresh"]
    assert me(again.json()["access"]).status_code == 200
    assert refresh(first["refresh"]).status_code == 200


def test_the_previous_token_after_45_seconds_ends_the_session(clock, tokens):
    clock.shift(timedelta(hours=1))
    first = refresh(tokens["refresh"]).json()
    clock.shift(timedelta(seconds=46))

    response = refresh(tokens["refresh"])

    assert response.status_code == 401
    assert response.json()["code"] == "token_reused"
    session = Session.objects.get()
    assert (session.revoked_at, session.revoked_reason) == (START + timedelta(seconds=3646), "token_reused")
    assert me(first["access"]).json()["code"] == "session_ended"
    assert refresh(first["refresh"]).json()["code"] == "session_ended"


def test_a_reused_token_tells_the_sockets_of_its_session(clock, tokens, committed, monkeypatch):
    told = []
    monkeypatch.setattr("common.events._listeners", [told.extend])
    first = refresh(tokens["refresh"]).json()
    refresh(first["refresh"])

    with committed():
        refresh(tokens["refresh"])

    session = Session.objects.get()
    stream, user = f"user:{session.user_id}", str(session.user_id)
    assert [(each.type, each.topic, each.data) for each in told] == [
        ("session.revoked", stream, {"user": user, "session": str(session.pk)}),
        ("security.noticed", stream, {"what": "session.token_reused"}),
    ]


def test_an_older_generation_ends_the_session_at_once(clock, tokens):
    second = refresh(tokens["refresh"]).json()["refresh"]
    third = refresh(second).json()["refresh"]

    response = refresh(tokens["refresh"])

    assert response.status_code == 401
    assert response.json()["code"] == "token_reused"
    assert Session.objects.get().revoked_reason == "token_reused"
    assert refresh(third).json()["code"] == "session_ended"


def test_a_token_from_the_future_of_a_restored_database_is_not_believed(clock, tokens):
    successor = refresh(tokens["refresh"]).json()["refresh"]
    Session.objects.update(generation=1)

    response = refresh(successor)

    assert response.json()["code"] == "token_invalid"
    assert Session.objects.get().revoked_at is None


@pytest.mark.parametrize("garbage", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "ÿ", " "])
def test_garbage_is_no_token(garbage, tokens):
    response = refresh(garbage)

    assert response.status_code == 401
    assert response.json()["code"] == "token_invalid"
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="serai"'
    assert Session.objects.get().generation == 1


def test_neither_token_does_the_others_work(tokens):
    response = refresh(tokens["access"])

    assert response.json()["code"] == "token_invalid"
    assert me(tokens["refresh"]).json()["code"] == "token_invalid"
    assert Session.objects.get().generation == 1


def test_a_refresh_token_lasts_thirty_days(clock, tokens):
    clock.shift(timedelta(days=30, seconds=1))

    response = refresh(tokens["refresh"])

    assert response.status_code == 401
    assert response.json()["code"] == "token_invalid"
    assert Session.objects.get().generation == 1


def test_an_access_token_lasts_five_minutes(clock, tokens):
    clock.shift(timedelta(seconds=299))
    in_time = me(tokens["access"])
    clock.shift(timedelta(seconds=2))

    late = me(tokens["access"])

    assert in_time.status_code == 200
    assert (late.status_code, late.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("shut_out", [{"is_active": False}])
def test_who_is_shut_out_refreshes_no_more(shut_out, tokens):
    session = Session.objects.get()
    type(session.user).objects.update(**shut_out)

    response = refresh(tokens["refresh"])

    assert (response.status_code, response.json()["code"]) == (401, "session_ended")
    assert Session.objects.get().generation == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "required"), ({"refresh": None}, "null"), ({"refresh": 5}, "invalid"), ({"refresh": ""}, "blank")],
)
def test_a_token_is_a_string(body, code, client):
    response = client.post(REFRESH, body)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("refresh", code)]


def test_refreshing_writes_no_event(tokens, committed):
    with committed():
        refresh(tokens["refresh"])

    assert not LogEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_who_refresh_one_token_at_once_get_one_successor(tokens, monkeypatch):
    seconds, start = count(), timezone.now()  # each look at the clock is a second later: no two sign alike
    now = SimpleNamespace(now=lambda: start + timedelta(seconds=next(seconds)))
    monkeypatch.setattr("accounts.services.sessions.timezone", now)

    responses = at_once(8, lambda _: refresh(tokens["refresh"]))

    assert [response.status_code for response in responses] == [200] * 8
    assert len({response.json()["refresh"] for response in responses}) == 1
    assert {me(response.json()["access"]).status_code for response in responses} == {200}
    session = Session.objects.get()
    assert (session.generation, session.revoked_at) == (2, None)
    assert refresh(responses[0].json()["refresh"]).status_code == 200
