"""A version that is required stands in everybody's way until it is accepted, and nowhere else."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from common.actors import SYSTEM
from common.models import KeptAnswer
from common.tests.threads import at_once
from legal.duties import board, kept_out
from legal.models import Version
from legal.services import lift_requirement, publish_version, take_back
from messaging.models import Chat

from .factories import draft, published

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"
ACCEPT = "/api/v1/legal/accept-terms"


@pytest.fixture
def owing(layla: User, client_of: Any) -> APIClient:
    """Layla's client; she has not accepted what is required."""
    client = client_of(layla)
    published("1", required=True)
    return client


def code(response: Any) -> str:
    return "let in" if response.status_code < 400 else str(response.json()["code"])


def test_nobody_goes_on_before_they_have_accepted(owing):
    response = owing.get(ME)

    body = response.json()
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert {name: body[name] for name in ("code", "kind", "version", "url")} == {
        "code": "terms_not_accepted",
        "kind": "terms",
        "version": "1",
        "url": "http://testserver/legal/terms?version=1",
    }


def test_after_accepting_the_way_is_open(owing):
    before = code(owing.get(ME))

    owing.post(ACCEPT, {"version": "1"})

    assert (before, code(owing.get(ME))) == ("terms_not_accepted", "let in")


def test_what_is_refused_is_not_done(owing):
    response = owing.post("/api/v1/chats", {"type": "group", "title": "Petra"})

    assert code(response) == "terms_not_accepted"
    assert not Chat.objects.exists()


def test_a_refusal_is_not_the_answer_to_its_idempotency_key(owing):
    group = {"type": "group", "title": "Petra"}
    key = {"Idempotency-Key": "k1"}
    refused = owing.post("/api/v1/chats", group, headers=key)

    owing.post(ACCEPT, {"version": "1"})
    done = owing.post("/api/v1/chats", group, headers=key)

    assert (code(refused), done.status_code) == ("terms_not_accepted", 201)
    assert KeptAnswer.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/auth/sessions"),
        ("post", "/api/v1/auth/ws-ticket"),
        ("post", "/api/v1/auth/logout"),
        ("get", "/api/auth/sessions"),
        ("get", "/api/v1/legal/documents"),
        ("get", "/api/v1/legal/terms/"),
        ("get", "/api/legal/terms"),
        ("get", "/api/v1/legal/acceptances"),
        ("get", "/api/v1/users/me/consents"),
        ("get", "/api/user/consents"),
        ("get", "/api/v1/limits"),
        ("get", "/api/health"),
        ("get", "/api/schema"),
    ],
)
def test_what_stays_open(method, path, owing):
    assert code(getattr(owing, method)(path)) == "let in"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ME),
        ("patch", ME),
        ("get", "/api/auth/me"),  # an old path of `users/me`
        ("get", "/api/v1/chats"),
        ("get", "/api/messages"),
        ("get", "/api/v1/messages"),
    ],
)
def test_what_does_not(method, path, owing):
    assert code(getattr(owing, method)(path)) == "terms_not_accepted"


def test_signing_in_and_refreshing_go_on(owing, client):
    person = UserFactory()

    signed_in = client.post("/api/v1/auth/login", {"email": person.email, "password": PASSWORD})
    refreshed = client.post("/api/v1/auth/refresh", {"refresh": signed_in.json()["refresh"]})

    assert (signed_in.status_code, refreshed.status_code) == (200, 200)


def test_what_is_not_required_is_in_nobodys_way(layla, client_of):
    published("1")
    draft("2", required=True)
    published("3", required=True, at=timezone.now() + timedelta(days=1))

    assert code(client_of(layla).get(ME)) == "let in"
    assert kept_out({layla.pk}) == set()


def test_who_accepted_at_sign_up_is_let_in(client, client_of):
    published("1", required=True)
    body = {"email": "noor@example.com", "password": PASSWORD, "username": "noor", "accept_terms": True}
    client.post("/api/v1/auth/register", body)
    noor = User.objects.get(username="noor")
    User.objects.update(email_verified_at=timezone.now())

    assert code(client_of(noor).get(ME)) == "let in"


# --- one version after another ---
def test_a_new_required_version_asks_everybody_again(owing):
    owing.post(ACCEPT, {"version": "1"})
    before = code(owing.get(ME))

    published("2", required=True)

    assert (before, owing.get(ME).json()["version"]) == ("let in", "2")


def test_a_correction_asks_nobody_again_and_lets_nobody_in(owing, omar, client_of):
    owing.post(ACCEPT, {"version": "1"})
    other = client_of(omar)

    published("1.1")

    assert code(owing.get(ME)) == "let in"
    assert (code(other.get(ME)), other.get(ME).json()["version"]) == ("terms_not_accepted", "1.1")
    other.post(ACCEPT, {"version": "1.1"})
    assert code(other.get(ME)) == "let in"


def test_of_two_documents_the_first_is_named_then_the_other(owing):
    published("p1", kind="privacy", required=True)

    asked = []
    while (response := owing.get(ME)).status_code == 403:
        body = response.json()
        asked.append((body["kind"], body["version"]))
        owing.post(ACCEPT, {"kind": body["kind"], "version": body["version"]})

    assert asked == [("terms", "1"), ("privacy", "p1")]


def test_a_lifted_requirement_is_in_nobodys_way(owing, committed):
    version = Version.objects.get()
    before = code(owing.get(ME))

    with committed():
        lift_requirement(actor=SYSTEM, version=version)

    assert (before, code(owing.get(ME))) == ("terms_not_accepted", "let in")


def test_a_date_that_comes_binds_by_itself_and_one_taken_back_does_not(layla, client_of, committed):
    date = timezone.now() + timedelta(days=1)
    version = published("1", required=True, at=date)

    with time_machine.travel(date - timedelta(minutes=1), tick=False) as clock:
        client = client_of(layla)
        before = code(client.get(ME))
        clock.move_to(date)
        then = code(client.get(ME))
    with committed():
        take_back(actor=SYSTEM, version=version)
    with time_machine.travel(date):
        after = code(client_of(layla).get(ME))

    assert (before, then, after) == ("let in", "terms_not_accepted", "let in")


# --- what it costs ---
def test_where_nothing_is_required_it_costs_no_query(layla, client_of, django_assert_num_queries):
    published("1")
    client = client_of(layla)
    client.get(ME)

    with django_assert_num_queries(3):  # the session; the roles and the presence that `users/me` tells
        client.get(ME)


def test_who_has_accepted_is_looked_up_once(owing, django_assert_num_queries):
    owing.post(ACCEPT, {"version": "1"})
    board.duties(timezone.now())

    with django_assert_num_queries(4):  # the session, the acceptance, the roles, the presence
        owing.get(ME)
    with django_assert_num_queries(3):
        owing.get(ME)


def test_who_has_not_is_looked_up_each_time(owing, django_assert_num_queries):
    owing.get(ME)

    with django_assert_num_queries(2):
        owing.get(ME)


def test_a_process_looks_again_once_a_second(layla, client_of, settings, django_assert_num_queries):
    client = client_of(layla)
    version = draft("1", required=True)
    publish_version(actor=SYSTEM, version=version)  # as another process does: nobody here is told
    before = code(client.get(ME))
    settings.TERMS_LOOK = 0

    with django_assert_num_queries(3):  # the session, the look, the acceptance
        after = code(client.get(ME))

    assert (before, after) == ("let in", "terms_not_accepted")


@pytest.mark.django_db(transaction=True)
def test_of_many_who_find_the_look_old_one_looks(monkeypatch):
    published("1", required=True)
    looks = []
    know = board.know
    monkeypatch.setattr(board, "know", lambda versions: (looks.append(1), know(versions)))

    found = at_once(6, lambda n: [duty.version.label for duty in board.duties(timezone.now())])

    assert found == [["1"]] * 6
    assert len(looks) == 1
