"""Who calls what is counted, for nobody in particular, and seen at the console."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.tests.consoles import console_of
from accounts.tests.factories import staff
from common import usage
from common.http import Door
from common.models import Usage
from common.tasks import purge_usage
from common.usage import agent_of, called, client_of, write

pytestmark = pytest.mark.django_db

CHATS = "api/v1/chats"
ROWS = "/admin/common/usage/"


@pytest.fixture(autouse=True)
def _from_nothing():
    for kept in (usage._counts, usage._clients, usage._names):
        kept.clear()
    yield
    usage._counts.clear()


def call(*, agent: str = "SeraiApp/3.2", status: int = 200, version: int = 1, times: int = 1) -> None:
    for _ in range(times):
        called("GET", CHATS, status, Door(version=version), agent)


def row(**given: object) -> Usage:
    plain = {
        "day": timezone.now().date(),
        "method": "GET",
        "route": CHATS,
        "version": 1,
        "client": "SeraiApp/3.2",
    }
    plain |= {"is_unversioned": False, "outcome": "done", "count": 1}
    return Usage.objects.create(**plain | given)


# --- Clients ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("SeraiApp/3.2.17 (iPhone15,3; iOS 26.1; de_DE)", "SeraiApp/3.2"),
        ("python-requests/2.34.2", "python-requests/2.34"),
        ("curl", "curl"),
        ("okhttp/5", "okhttp/5"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36",
            "Chrome",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
            "Edge",
        ),
        (
            "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
            "Safari",
        ),
        ("Mozilla/5.0 (compatible)", "other"),
        ("", "none"),
        ("\x00\x01", "other"),
        ("الجمل/1", "other"),
        ("layla@example.com", "other"),
        ("x" * 5000, "other"),
    ],
)
def test_a_client_is_a_name_and_a_version(agent, client):
    assert client_of(agent) == client


def test_whoever_makes_up_names_gets_a_few_of_them(monkeypatch):
    monkeypatch.setattr(usage, "CLIENTS", 3)
    for number in range(10):
        call(agent=f"made-up/{number}")
    write()

    assert Usage.objects.count() == 4
    assert Usage.objects.get(client="other").count == 7


def test_headers_are_kept_up_to_a_number(monkeypatch):
    monkeypatch.setattr(usage, "AGENTS", 10)
    for number in range(50):
        call(agent=f"SeraiApp/3.2 (phone {number})")

    assert len(usage._clients) <= 10
    assert sum(usage._counts.values()) == 50


def test_a_header_of_a_scope_is_found():
    assert (
        agent_of({"headers": [(b"host", b"serai.example"), (b"user-agent", b"SeraiApp/3.2")]})
        == b"SeraiApp/3.2"
    )
    assert agent_of({"headers": []}) == b""


# --- Counting -----------------------------------------------------------------------------------------------


def test_requests_count_by_client_operation_version_and_outcome(layla, group, client_of):
    client = client_of(layla)
    for path in (f"/api/v1/chats/{group.pk}", f"/api/v1/chats/{group.pk}/", "/api/v1/chats/no-id"):
        client.get(path, headers={"User-Agent": "SeraiApp/3.2.1"})
    client.get("/api/v1/chats/01936c5e-0000-7000-8000-000000000000", headers={"User-Agent": "curl/8.1"})

    assert write() == 2

    assert list(
        Usage.objects.order_by("client").values_list(
            "client", "method", "route", "version", "outcome", "count"
        )
    ) == [
        ("SeraiApp/3.2", "GET", "api/v1/chats/<uuid:pk>", 1, "done", 2),
        ("curl/8.1", "GET", "api/v1/chats/<uuid:pk>", 1, "refused", 1),
    ]


def test_an_old_path_is_told_from_the_present_one(layla, client_of):
    client = client_of(layla)
    for path in ("/api/v1/chats", "/api/chats", "/api/messages"):
        assert client.get(path).status_code == 200
    write()

    found = Usage.objects.order_by("is_unversioned", "alias").values_list("route", "is_unversioned", "alias")
    assert list(found) == [(CHATS, False, ""), (CHATS, True, ""), (CHATS, True, "messages")]


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "done"), (304, "done"), (404, "refused"), (429, "limited"), (503, "failed")]
)
def test_outcomes_are_of_few_kinds(status, outcome):
    call(status=status)
    write()

    assert Usage.objects.get().outcome == outcome


def test_what_is_no_operation_of_the_api_does_not_count(client):
    for path in ("/admin/login/", "/wp-login.php", "/api/v1/no-such-path", "/api/health/live"):
        client.get(path)
    client.generic("BREW", "/api/v1/chats")

    assert write() == 0


def test_a_request_writes_nothing(layla, client_of, django_assert_num_queries):
    client = client_of(layla)
    client.get("/api/v1/users/me")

    assert not Usage.objects.exists()


# --- Writing ------------------------------------------------------------------------------------------------


def test_counts_are_added_to_what_other_processes_wrote():
    row(count=10)
    call(times=5)
    write()
    call(times=2)
    write()

    assert Usage.objects.get().count == 17


def test_each_day_has_its_own_row():
    row(day=timezone.now().date() - timedelta(days=1), count=10)
    call()
    write()

    assert sorted(Usage.objects.values_list("count", flat=True)) == [1, 10]


def test_what_could_not_be_written_is_written_the_next_time(monkeypatch):
    def fail(*_: object) -> None:
        raise DatabaseError

    call(times=3)
    with monkeypatch.context() as patched:
        patched.setattr("common.models.usage.UsageQuerySet.count_more", fail)
        assert write() == 0
    call()

    assert write() == 1
    assert Usage.objects.get().count == 4


def test_what_is_left_is_written_when_a_process_ends():
    with usage.written():
        call(times=2)

    assert Usage.objects.get().count == 2


def test_it_is_kept_for_a_year_and_a_month():
    today = timezone.now().date()
    for days in (399, 402):
        row(day=today - timedelta(days=days))

    assert purge_usage() == 1
    assert Usage.objects.get().day == today - timedelta(days=399)


# --- The console --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [5, 50])
def test_the_list_takes_the_same_queries_however_long(rows, django_assert_max_num_queries):
    console = console_of(staff())
    for number in range(rows):
        row(client=f"SeraiApp/{number}")
    console.get(ROWS)

    with django_assert_max_num_queries(12):
        response = console.get(ROWS)

    assert len(response.context["cl"].result_list) == rows


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "seraiapp"}, {"present"}),
        ({"q": "MESSAGES"}, {"old"}),
        ({"q": "01936c5e-0000-7000-8000-000000000000"}, set()),
        ({"path": "old"}, {"old"}),
        ({"path": "unversioned"}, {"old"}),
        ({"path": "present"}, {"present"}),
        ({"outcome__exact": "failed"}, {"old"}),
    ],
)
def test_rows_are_found_by_client_path_and_outcome(asked, found):
    rows = {
        "present": row(),
        "old": row(client="curl/8.1", alias="messages", is_unversioned=True, outcome="failed"),
    }

    response = console_of(staff()).get(ROWS, asked)

    assert {name for name, each in rows.items() if each in response.context["cl"].result_list} == found


def test_a_row_is_shown_and_changed_by_nobody():
    console, one = console_of(staff()), row()

    assert b"SeraiApp/3.2" in console.get(f"{ROWS}{one.pk}/change/").content
    assert console.post(f"{ROWS}{one.pk}/change/", {"count": 1}).status_code == 403
    assert APIClient().get(ROWS).status_code == 302
