"""Accepting: what is noted, that the first time stands, what can't be accepted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.factories import PASSWORD, UserFactory
from common.tests.threads import at_once
from legal.models import Acceptance

from .factories import ARABIC, ENGLISH, draft, published

pytestmark = pytest.mark.django_db

ACCEPT = "/api/v1/legal/accept-terms"
MINE = "/api/v1/legal/acceptances"
REGISTER = "/api/v1/auth/register"
NOON = (datetime.now(UTC) + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def terms() -> Any:
    return published("2026-11", en=ENGLISH, ar=ARABIC)


def test_an_acceptance_notes_who_what_when_from_where_and_in_which_language(terms, layla, client_of):
    with time_machine.travel(NOON, tick=False):
        client = client_of(layla)
        response = client.post(ACCEPT, {"version": "2026-11"}, headers={"Accept-Language": "ar-SA"})

    assert response.status_code == 200
    assert response.json() == {
        "kind": "terms",
        "version": "2026-11",
        "accepted_at": f"{NOON:%Y-%m-%d}T12:00:00Z",
    }
    acceptance = Acceptance.objects.values().get()
    del acceptance["id"]
    assert acceptance == {
        "user_id": layla.pk,
        "version_id": terms.pk,
        "accepted_at": NOON,
        "address": "127.0.0.1",
        "session": client.session_row.pk,
        "locale": "ar",
    }


def test_the_first_acceptance_stands(terms, layla, client_of):
    client = client_of(layla)
    first = client.post(ACCEPT, {"version": "2026-11"}).json()
    before = Acceptance.objects.values().get()

    with time_machine.travel(NOON):
        again = client_of(layla).post(ACCEPT, {"version": "2026-11"}, headers={"Accept-Language": "ar"})

    assert (again.status_code, again.json()) == (200, first)
    assert Acceptance.objects.values().get() == before
    entry = AuditEntry.objects.get(verb="terms.accepted")
    assert (entry.category, entry.actor, entry.subject) == ("user", layla.pk, layla.pk)
    assert (entry.target, entry.details) == (str(terms.pk), {"kind": "terms", "version": "2026-11"})


def test_another_document_is_accepted_by_its_kind(terms, layla, client_of):
    payout = published("3", kind="payout_terms")

    response = client_of(layla).post(ACCEPT, {"version": "3", "kind": "payout_terms"})

    assert (response.status_code, response.json()["kind"]) == (200, "payout_terms")
    assert Acceptance.objects.get().version == payout


@pytest.mark.parametrize("version", ["9", "2", "3", "2026-11 ", "pp"])
def test_a_version_that_nobody_can_read_is_not_accepted(version, terms, layla, client_of):
    draft("2")
    published("3", at=timezone.now() + timedelta(days=1))
    published("pp", kind="privacy")

    response = client_of(layla).post(ACCEPT, {"version": version})

    assert response.status_code == 400
    assert [(fault["field"], fault["code"]) for fault in response.json()["errors"]] == [
        ("version", "unknown_label")
    ]
    assert not Acceptance.objects.exists()


def test_a_superseded_version_is_refused_with_the_one_in_force(layla, client_of):
    published("1", at=timezone.now() - timedelta(days=1))
    published("2")

    response = client_of(layla).post(ACCEPT, {"version": "1"})

    body = response.json()
    assert (response.status_code, body["code"]) == (409, "version_superseded")
    assert (body["kind"], body["version"]) == ("terms", "2")
    assert body["url"] == "http://testserver/legal/terms?version=2"
    assert not Acceptance.objects.exists()


def test_who_accepted_before_it_was_superseded_hears_of_that(terms, layla, client_of):
    client = client_of(layla)
    first = client.post(ACCEPT, {"version": "2026-11"}).json()
    published("2027-01")

    assert client.post(ACCEPT, {"version": "2026-11"}).json() == first


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "version", "required"),
        ({"version": 1}, "version", "invalid"),
        ({"version": ""}, "version", "blank"),
        ({"version": None}, "version", "null"),
        ({"version": "x" * 33}, "version", "max_length"),
        ({"version": "2026-11", "kind": "nothing"}, "kind", "invalid_choice"),
        ({"version": "2026-11", "user": "x"}, "user", "unknown_field"),
        ([], "body", "invalid"),
    ],
)
def test_a_wrong_body_is_refused(body, field, code, terms, layla, client_of):
    response = client_of(layla).post(ACCEPT, body)

    assert response.status_code == 400
    assert (field, code) in [(fault["field"], fault["code"]) for fault in response.json()["errors"]]
    assert not Acceptance.objects.exists()


def test_a_huge_body_is_refused(layla, client_of):
    assert client_of(layla).post(ACCEPT, {"version": "x" * 1024 * 1024}).status_code == 413


def test_a_stranger_accepts_nothing(terms, client):
    responses = [client.post(ACCEPT, {"version": "2026-11"}), client.get(MINE)]

    assert [response.status_code for response in responses] == [401, 401]
    assert not Acceptance.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_who_accepts_on_many_devices_at_once_accepts_once(layla, client_of):
    published("1")
    clients = [client_of(layla) for _ in range(6)]

    responses = at_once(6, lambda n: clients[n].post(ACCEPT, {"version": "1"}))

    assert [response.status_code for response in responses] == [200] * 6
    assert len({response.json()["accepted_at"] for response in responses}) == 1
    assert Acceptance.objects.count() == 1


# --- the list ---
def test_people_see_what_they_have_accepted_and_nobody_elses(layla, omar, client_of):
    client = client_of(layla)
    published("1")
    client.post(ACCEPT, {"version": "1"})
    client_of(omar).post(ACCEPT, {"version": "1"})
    published("2")
    client.post(ACCEPT, {"version": "2"})

    rows = client.get(MINE).json()["results"]

    second, first = Acceptance.objects.filter(user=layla)
    assert [row["id"] for row in rows] == [str(second.pk), str(first.pk)]
    assert rows[0] == {
        "id": str(second.pk),
        "kind": "terms",
        "version": "2",
        "accepted_at": second.accepted_at.isoformat().replace("+00:00", "Z"),
        "locale": "en",
    }


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_takes_two_queries(rows, layla, client_of, django_assert_num_queries):
    for number in range(rows):
        Acceptance.objects.create(user=layla, version=published(str(number)))
    client = client_of(layla)
    client.get(MINE)

    with django_assert_num_queries(2):  # the session, the acceptances
        response = client.get(MINE)

    assert len(response.json()["results"]) == rows


# --- at sign-up ---
def sign_up(client: Any, **more: Any) -> Any:
    body = {"email": "noor@example.com", "password": PASSWORD, "username": "noor"} | more
    return client.post(REGISTER, body, headers={"Accept-Language": "ar"})


def test_who_accepts_at_sign_up_has_accepted_the_terms_in_force(client, terms):
    published("1", kind="privacy")

    response = sign_up(client, accept_terms=True)

    assert response.status_code == 201
    acceptance = Acceptance.objects.values().get()
    del acceptance["id"], acceptance["accepted_at"]
    assert acceptance == {
        "user_id": User.objects.get(username="noor").pk,
        "version_id": terms.pk,
        "address": "127.0.0.1",
        "session": None,
        "locale": "ar",
    }


@pytest.mark.parametrize("said", [{}, {"accept_terms": False}])
def test_who_does_not_say_so_has_accepted_nothing(said, client, terms):
    assert sign_up(client, **said).status_code == 201
    assert not Acceptance.objects.exists()


def test_where_there_are_no_terms_nothing_is_accepted(client):
    draft("1")

    assert sign_up(client, accept_terms=True).status_code == 201
    assert not Acceptance.objects.exists()


def test_nobody_accepts_for_the_owner_of_an_address(client, terms):
    UserFactory(email="noor@example.com")

    assert sign_up(client, accept_terms=True).status_code == 201
    assert not Acceptance.objects.exists()


def test_a_sign_up_that_is_refused_accepts_nothing(client, terms):
    UserFactory(username="noor")

    assert sign_up(client, accept_terms=True).status_code == 400
    assert not Acceptance.objects.exists()
