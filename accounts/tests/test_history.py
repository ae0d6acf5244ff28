"""What people see of the security of their own account."""

import pytest
import structlog
from django.utils.functional import lazystr
from django.utils.translation import get_language

from accounts.models import AuditEntry
from accounts.services import audit, grant_role, update_profile
from accounts.tests.factories import UserFactory, staff
from common.ids import uuid7

pytestmark = pytest.mark.django_db

HISTORY = "/api/v1/users/me/history"
Category = AuditEntry.Category


def noted(verb="username.changed", *, category=Category.SECURITY, **more):
    return audit.record(category=category, verb=verb, **more)


def test_people_see_what_was_done_to_their_account(layla, client_of):
    client = client_of(layla)
    with structlog.contextvars.bound_contextvars(address="192.0.2.7", session=str(client.session_row.pk)):
        update_profile(actor=layla, user=layla, username="layla-h")

    response = client.get(HISTORY)

    entry = AuditEntry.objects.get(verb="username.changed")
    assert response.status_code == 200
    assert response.json() == {
        "results": [
            {
                "id": str(entry.pk),
                "at": entry.at.isoformat().replace("+00:00", "Z"),
                "verb": "username.changed",
                "text": "Username changed",
                "by_me": True,
                "address": "192.0.2.7",
                "place": None,
                "session": str(client.session_row.pk),
                "current": True,
                "details": {},
            }
        ],
        "next": None,
        "previous": None,
    }


def test_what_was_done_in_another_session_is_not_of_the_present_one(layla, client_of):
    with structlog.contextvars.bound_contextvars(session=str(uuid7())):
        noted(actor=layla, subject=layla)
    noted(actor=layla, subject=layla)

    entries = client_of(layla).get(HISTORY).json()["results"]

    assert [entry["current"] for entry in entries] == [False, False]


def test_of_what_staff_did_nobody_learns_where_they_sit(layla, client_of):
    with structlog.contextvars.bound_contextvars(address="192.0.2.7", session=str(uuid7())):
        grant_role(actor=staff(), user=layla, role="creator")

    (entry,) = client_of(layla).get(HISTORY).json()["results"]

    assert (entry["verb"], entry["details"], entry["by_me"]) == ("role.granted", {"role": "creator"}, False)
    assert (entry["address"], entry["session"]) == (None, None)


def test_an_address_has_a_place_where_a_file_knows_it(layla, client_of, geoip):
    with structlog.contextvars.bound_contextvars(address="203.0.113.7"):
        noted(actor=layla, subject=layla)

    (entry,) = client_of(layla).get(HISTORY).json()["results"]

    assert entry["place"] == "Riyadh, SA"


def test_of_what_strangers_tried_one_learns_where_from(layla, client_of):
    with structlog.contextvars.bound_contextvars(address="192.0.2.7"):
        noted("registration.repeated", actor=None, subject=layla)

    (entry,) = client_of(layla).get(HISTORY).json()["results"]

    assert (entry["by_me"], entry["address"], entry["session"]) == (False, "192.0.2.7", None)


def test_only_the_security_of_ones_own_account_is_there(layla, omar, client_of):
    noted(actor=omar, subject=omar)
    noted(actor=layla, subject=omar)
    noted("role.switched", category=Category.USER, actor=layla, subject=layla)
    noted("console.acted", category=Category.ADMIN, actor=omar, subject=layla)

    assert client_of(layla).get(HISTORY).json()["results"] == []


def test_a_stranger_sees_nothing(client, layla):
    noted(actor=layla, subject=layla)

    response = client.get(HISTORY)

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_it_is_filtered_by_verb_and_time(layla, client_of, time_machine):
    for day in (1, 2, 3):
        time_machine.move_to(f"2026-06-0{day}T12:00:00Z", tick=False)
        noted(actor=layla, subject=layla)
    noted("role.granted", actor=None, subject=layla)
    client = client_of(layla)

    def days(**query):
        return [entry["at"][8:10] for entry in client.get(HISTORY, query).json()["results"]]

    assert days() == ["03", "03", "02", "01"]
    assert days(verb="role.granted") == ["03"]
    assert days(verb="no.such") == []
    assert days(**{"from": "2026-06-02T12:00:00Z", "to": "2026-06-03T12:00:00Z"}) == ["02"]
    assert days(to="2026-06-02T14:00:00+02:00") == ["01"]


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"to": "1"},
        {"to": ""},
        {"to": "2026-06-02T12:00:00"},
        {"verb": "x" * 65},
        {"page_size": "0"},
    ],
)
def test_a_filter_that_is_none_is_refused(query, layla, client_of):
    response = client_of(layla).get(HISTORY, query)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert all(error["code"] for error in response.json()["errors"])


def test_pages_follow_one_another_without_a_gap(layla, client_of):
    for _ in range(5):
        noted(actor=layla, subject=layla)
    client, seen, page = client_of(layla), [], f"{HISTORY}?page_size=2"

    while page:
        body = client.get(page).json()
        seen += [entry["id"] for entry in body["results"]]
        page = body["next"]

    assert seen == [str(pk) for pk in AuditEntry.objects.order_by("-id").values_list("pk", flat=True)]


@pytest.mark.parametrize("entries", [1, 20])
def test_the_list_takes_two_queries(entries, layla, client_of, django_assert_num_queries):
    for _ in range(entries):
        noted(actor=layla, subject=layla)
    client = client_of(layla)

    with django_assert_num_queries(2):  # the session with its user, the entries
        response = client.get(HISTORY)

    assert len(response.json()["results"]) == entries


def test_it_speaks_the_persons_language(client_of, monkeypatch):
    noor = UserFactory(language="ar")
    monkeypatch.setitem(audit.verbs, "username.changed", lazystr(Spoken()))
    noted(actor=noor, subject=noor)

    (entry,) = client_of(noor).get(HISTORY).json()["results"]

    assert entry["text"] == "in ar"


class Spoken:
    def __str__(self) -> str:
        return f"in {get_language()}"


@pytest.mark.parametrize("old", ["/api/user/history", "/api/account/history", "/api/v1/user/history"])
def test_the_older_paths_lead_there(old, layla, client_of):
    response = client_of(layla).get(old)

    assert response.status_code == 200
    assert "Deprecation" in response.headers
