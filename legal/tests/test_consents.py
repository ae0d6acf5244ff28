"""Consents: given, withdrawn, each change kept."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from accounts.models import AuditEntry
from common.tests.threads import at_once
from legal import purposes
from legal.models import Consent
from legal.purposes import Purpose
from legal.services import has_consent

pytestmark = pytest.mark.django_db

CONSENTS = "/api/v1/users/me/consents"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def given_to(client: Any) -> dict[str, tuple[bool, str | None]]:
    return {row["purpose"]: (row["given"], row["since"]) for row in client.get(CONSENTS).json()["results"]}


def history() -> list[tuple[str, int, bool]]:
    return list(Consent.objects.order_by("number").values_list("purpose", "number", "given"))


def test_who_was_never_asked_has_consented_to_nothing(layla, client_of):
    response = client_of(layla).get(CONSENTS)

    body = response.json()
    assert response.status_code == 200
    assert (body["next"], body["previous"]) == (None, None)
    assert [row["purpose"] for row in body["results"]] == ["marketing", "analytics", "ai_processing"]
    assert body["results"][0] == {
        "purpose": "marketing",
        "title": "Marketing",
        "description": "You may write to me about offers and news.",
        "wording": "1",
        "given": False,
        "since": None,
    }


@pytest.mark.parametrize("method", ["patch", "put"])
def test_consent_is_given_and_the_rest_stays(method, layla, omar, client_of):
    with time_machine.travel(NOON, tick=False):
        client = client_of(layla)
        response = getattr(client, method)(CONSENTS, {"marketing": True, "analytics": False})
        after = client.get(CONSENTS)

    assert response.status_code == 200
    assert response.json() == after.json()
    assert {row["purpose"]: (row["given"], row["since"]) for row in after.json()["results"]} == {
        "marketing": (True, "2026-11-22T12:00:00Z"),
        "analytics": (False, None),
        "ai_processing": (False, None),
    }
    row = Consent.objects.values().get()
    del row["id"]
    assert row == {
        "user_id": layla.pk,
        "purpose": "marketing",
        "number": 1,
        "given": True,
        "wording": "1",
        "at": NOON,
        "address": "127.0.0.1",
        "session": client.session_row.pk,
    }
    assert has_consent(layla, "marketing")
    assert not has_consent(layla, "analytics")
    assert not has_consent(omar, "marketing")


def test_consent_is_withdrawn_and_what_was_is_kept(layla, client_of):
    client = client_of(layla)
    client.patch(CONSENTS, {"marketing": True})

    with time_machine.travel(NOON, tick=False):
        client_of(layla).patch(CONSENTS, {"marketing": False})

    assert given_to(client)["marketing"] == (False, "2026-11-22T12:00:00Z")
    assert history() == [("marketing", 1, True), ("marketing", 2, False)]
    entries = AuditEntry.objects.filter(subject=layla.pk, actor=layla.pk, category="user").order_by("pk")
    assert [(entry.verb, entry.details) for entry in entries] == [
        ("consent.given", {"purpose": "marketing", "wording": "1"}),
        ("consent.withdrawn", {"purpose": "marketing", "wording": "1"}),
    ]
    assert not has_consent(layla, "marketing")


def test_saying_the_same_again_is_not_noted_again(layla, client_of):
    client = client_of(layla)
    client.patch(CONSENTS, {"marketing": True})
    before = given_to(client)

    client.patch(CONSENTS, {"marketing": True, "analytics": False})

    assert given_to(client) == before
    assert history() == [("marketing", 1, True)]


def test_consent_to_other_words_is_no_consent_to_these(layla, client_of, monkeypatch):
    client = client_of(layla)
    client.patch(CONSENTS, {"marketing": True})
    reworded = Purpose(name="marketing", title="Marketing", description="And by phone.", wording="2")
    monkeypatch.setitem(purposes.purposes, "marketing", reworded)

    before = given_to(client)["marketing"]
    consented = has_consent(layla, "marketing")
    client.patch(CONSENTS, {"marketing": True})

    assert (before, consented) == ((False, None), False)
    assert given_to(client)["marketing"][0] is True
    assert list(Consent.objects.order_by("number").values_list("wording", flat=True)) == ["1", "2"]


def test_an_app_adds_a_purpose_of_its_own(layla, client_of, monkeypatch):
    monkeypatch.setattr(purposes, "purposes", dict(purposes.purposes))
    monkeypatch.setattr("legal.services.consents.purposes", purposes.purposes)
    monkeypatch.setattr("legal.api.serializers.purposes", purposes.purposes)
    purposes.register(Purpose(name="voice", title="Voice", description="You may copy my voice.", wording="1"))

    response = client_of(layla).patch(CONSENTS, {"voice": True})

    assert response.status_code == 200
    assert has_consent(layla, "voice")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"marketing": "yes"}, "marketing", "invalid"),
        ({"marketing": 1}, "marketing", "invalid"),
        ({"marketing": None}, "marketing", "null"),
        ({"nothing": True}, "nothing", "unknown_field"),
        ([], "body", "invalid"),
        ("marketing", "body", "invalid"),
    ],
)
@pytest.mark.parametrize("method", ["patch", "put"])
def test_a_wrong_body_changes_nothing(method, body, field, code, layla, client_of):
    if isinstance(body, dict):
        body = {"analytics": True} | body

    response = getattr(client_of(layla), method)(CONSENTS, body)

    assert response.status_code == 400
    assert (field, code) in [(fault["field"], fault["code"]) for fault in response.json()["errors"]]
    assert not Consent.objects.exists()


def test_a_huge_body_is_refused(layla, client_of):
    assert client_of(layla).patch(CONSENTS, {"marketing": "x" * 1024 * 1024}).status_code == 413


def test_a_stranger_consents_to_nothing(client):
    responses = [client.get(CONSENTS), client.patch(CONSENTS, {"marketing": True})]

    assert [response.status_code for response in responses] == [401, 401]
    assert not Consent.objects.exists()


@pytest.mark.parametrize("changes", [1, 20])
def test_reading_takes_two_queries_however_often_one_changed_ones_mind(
    changes, layla, client_of, django_assert_num_queries
):
    client = client_of(layla)
    for number in range(changes):
        client.patch(CONSENTS, {"marketing": number % 2 == 0})

    with django_assert_num_queries(2):  # the session, the last words
        client.get(CONSENTS)
    with django_assert_num_queries(1):
        has_consent(layla, "marketing")


@pytest.mark.django_db(transaction=True)
def test_who_consents_on_many_devices_at_once_consents_once(layla, client_of):
    clients = [client_of(layla) for _ in range(6)]

    responses = at_once(6, lambda n: clients[n].patch(CONSENTS, {"marketing": True}))

    assert [response.status_code for response in responses] == [200] * 6
    assert history() == [("marketing", 1, True)]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_disagree_at_once_one_is_last(layla, client_of):
    clients = [client_of(layla) for _ in range(6)]

    at_once(6, lambda n: clients[n].patch(CONSENTS, {"marketing": n % 2 == 0}))

    rows = history()
    assert [number for _, number, _ in rows] == list(range(1, len(rows) + 1))
    assert [given for _, _, given in rows] == [number % 2 == 1 for _, number, _ in rows]
    assert has_consent(layla, "marketing") is rows[-1][2]
