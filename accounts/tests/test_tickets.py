"""Tickets: one socket each."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Session
from accounts.realtime import SessionAuthenticator, session_of
from accounts.services import revoke_session, use_ws_ticket
from accounts.tests.factories import UserFactory
from accounts.tokens import make_access
from common.tests.threads import at_once
from realtime.registry import Caller, Shown

pytestmark = pytest.mark.django_db

TICKET = "/api/v1/auth/ws-ticket"


def caller_by(**shown: str) -> Caller | None:
    [caller] = SessionAuthenticator().callers([Shown(**shown)])
    return caller


def test_a_ticket_opens_one_socket_of_its_session(client_of):
    client = client_of(UserFactory())

    response = client.post(TICKET)

    assert response.status_code == 201
    assert response.headers["Location"] == "/ws"
    assert set(response.json()) == {"ticket", "expires_in"}
    assert response.json()["expires_in"] == 30
    ticket = response.json()["ticket"]
    caller = caller_by(ticket=ticket)
    assert (caller.user, caller.session) == (client.session_row.user, client.session_row.pk)
    assert caller_by(ticket=ticket) is None


def test_no_ticket_without_a_session(client):
    response = client.post(TICKET)

    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"


def test_a_ticket_is_not_kept_as_it_is(client_of, monkeypatch):
    kept = []
    monkeypatch.setattr("accounts.services.sessions.cache.set", lambda key, *args, **more: kept.append(key))

    ticket = client_of(UserFactory()).post(TICKET).json()["ticket"]

    assert len(kept) == 1
    assert ticket not in kept[0]


def test_a_ticket_of_a_session_that_ended_opens_nothing(client_of):
    client = client_of(UserFactory())
    ticket = client.post(TICKET).json()["ticket"]
    revoke_session(session=client.session_row, reason="revoked")

    assert caller_by(ticket=ticket) is None


@pytest.mark.parametrize("ticket", ["", "x", "ÿ" * 1000])
def test_garbage_is_no_ticket(ticket):
    assert caller_by(ticket=ticket) is None


def test_a_ticket_lasts_thirty_seconds(client_of, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    client = client_of(UserFactory())
    with time_machine.travel(timezone.now(), tick=False) as clock:
        in_time, late = (client.post(TICKET).json()["ticket"] for _ in range(2))
        clock.shift(timedelta(seconds=29))
        used_in_time = use_ws_ticket(ticket=in_time)
        clock.shift(timedelta(seconds=2))
        used_late = use_ws_ticket(ticket=late)

    assert used_in_time == client.session_row.pk
    assert used_late is None


@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_one_ticket_at_once_one_gets_in(client_of):
    client = client_of(UserFactory())
    ticket = client.post(TICKET).json()["ticket"]

    used = at_once(8, lambda _: use_ws_ticket(ticket=ticket))

    assert sorted(map(str, used)) == sorted([str(client.session_row.pk)] + ["None"] * 7)


def test_a_socket_shows_an_access_token_of_a_living_session(client_of):
    session = client_of(UserFactory()).session_row

    by_token = caller_by(token=make_access(session))
    revoke_session(session=session, reason="revoked")

    assert (by_token.user, by_token.session) == (session.user, session.pk)
    assert caller_by(token=make_access(session)) is None
    assert caller_by(token="x") is None


def test_many_who_come_in_at_once_are_known_by_one_look(client_of, django_assert_num_queries):
    client, other, ended = (client_of(UserFactory()) for _ in range(3))
    ticket = client.post(TICKET).json()["ticket"]
    revoke_session(session=ended.session_row, reason="revoked")
    tokens = [make_access(each.session_row) for each in (other, ended)]

    with django_assert_num_queries(1):
        callers = SessionAuthenticator().callers(
            [
                Shown(ticket=ticket),
                Shown(token="x"),
                *(Shown(token=each) for each in tokens),
                Shown(ticket=ticket),
            ]
        )

    assert [caller and caller.session for caller in callers] == [
        client.session_row.pk,
        None,
        other.session_row.pk,
        None,
        None,  # a ticket opens one socket
    ]


def test_the_engine_learns_whose_sockets_close(client_of, committed, monkeypatch):
    told = []
    monkeypatch.setattr("common.events._listeners", [told.extend])
    session = client_of(UserFactory()).session_row

    with committed():
        revoke_session(session=session, reason="revoked")

    assert [session_of(each) for each in told] == [session.pk]


def test_the_engine_asks_which_sessions_still_hold(client_of):
    living, ended = (client_of(UserFactory()).session_row for _ in range(2))
    Session.objects.filter(pk=ended.pk).update(revoked_at=timezone.now())

    assert SessionAuthenticator().alive([living.pk, ended.pk]) == {living.pk}
