"""`/metrics`, read as Prometheus reads it."""

import re
from pathlib import Path
from typing import Any

import pytest
import redis.exceptions
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from common import metrics
from common.events import Told
from common.mail.services import queue_mail
from common.models import Mail

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parent.parent.parent
OF_POSTGRESQL = {"serai_database_connections", "serai_database_connections_awaited"}

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(**headers: str) -> Samples:
    answer = APIClient().get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


def more(before: Samples, name: str, **labels: str) -> float:
    """By how much it has grown since."""
    return value(scraped(), name, **labels) - value(before, name, **labels)


# --- Who sees it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("production", "token", "sent", "address", "status"),
    [
        (False, "", None, "127.0.0.1", 200),
        (False, "", None, "::1", 200),
        (False, "", None, "203.0.113.7", 404),
        (True, "", None, "127.0.0.1", 404),
        (True, "", "Bearer ", "127.0.0.1", 404),
        (True, "open sesame", "Bearer open sesame", "203.0.113.7", 200),
        (True, "open sesame", "Bearer close sesame", "127.0.0.1", 401),
        (True, "open sesame", "Bearer é", "127.0.0.1", 401),
        (True, "open sesame", None, "127.0.0.1", 401),
        (False, "open sesame", None, "127.0.0.1", 401),
    ],
)
def test_it_is_not_for_the_world(production, token, sent, address, status, settings):
    settings.PRODUCTION, settings.METRICS_TOKEN = production, token
    headers = {"Authorization": sent} if sent else {}

    answer = APIClient().get("/metrics", REMOTE_ADDR=address, headers=headers)

    assert answer.status_code == status
    assert (b"serai_http_requests_total" in answer.content) is (status == 200)


def test_a_persons_token_opens_nothing(layla, client_of, settings):
    settings.METRICS_TOKEN = "open sesame"

    assert client_of(layla).get("/metrics").status_code == 401


# --- Requests -----------------------------------------------------------------------------------------------


def test_requests_count_by_the_route_and_not_by_what_stands_in_it(layla, group, client_of):
    before, client = scraped(), client_of(layla)
    client.get(f"/api/v1/chats/{group.pk}")
    client.get(f"/api/chats/{group.pk}/")  # the same by the older door
    client.get("/api/v1/chats/01936c5e-0000-7000-8000-000000000000")

    route = "api/v1/chats/<uuid:pk>"
    assert more(before, "serai_http_requests_total", method="GET", route=route, status="200") == 2
    assert more(before, "serai_http_requests_total", method="GET", route=route, status="404") == 1
    assert more(before, "serai_http_request_duration_seconds_count", method="GET", route=route) == 3


def test_whatever_anybody_makes_up_has_one_label(client):
    before = scraped()
    for number in range(3):
        client.get(f"/wp-login-{number}.php")
    client.generic("BREW", "/api/v1/chats")
    client.generic("SPILL", "/api/v1/chats")

    assert more(before, "serai_http_requests_total", method="GET", route="(none)", status="404") == 3
    told = {dict(labels).get("method") for name, labels in scraped() if name == "serai_http_requests_total"}
    assert told <= metrics.METHODS | {"other"}
    assert {method for method, *_ in metrics._counted} <= metrics.METHODS  # none of them is kept


def test_statements_are_timed():
    before = scraped()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

    assert more(before, "serai_database_query_duration_seconds_count") >= 1


def test_a_connection_is_timed_once_however_often_it_is_opened():
    metrics.time_queries(connection)
    metrics.time_queries(connection)

    assert connection.execute_wrappers.count(metrics._timed) == 1


# --- What happens -------------------------------------------------------------------------------------------


def test_events_count_by_type():
    before = scraped()
    told: Any = Told(topic="chat:1", seq=1, type="message.sent", data={}, at=None)

    metrics.count_events([told, told])

    assert more(before, "serai_events_total", type="message.sent") == 2


def test_what_waits_is_told_with_how_long():
    before = scraped()
    assert value(before, "serai_backlog", of="mails") == 0
    queue_mail(to="layla@example.com", template="verify_email", context={})
    Mail.objects.update(queued_at=Mail.objects.get().queued_at.replace(year=2020))

    after = scraped()

    assert value(after, "serai_backlog", of="mails") == 1
    assert value(after, "serai_backlog_age_seconds", of="mails") > 365 * 86_400
    assert value(after, "serai_backlog", of="jobs") == 0


def test_what_waits_is_left_out_while_redis_or_the_database_is_away(monkeypatch):
    def away() -> None:
        raise redis.exceptions.ConnectionError

    monkeypatch.setitem(metrics.backlogs, "tasks", away)

    assert value(scraped(), "process_open_fds") > 0


def test_a_scrape_waits_for_no_connection_that_others_wait_for(monkeypatch):
    stats = {"requests_waiting": 3, "pool_available": 0, "pool_size": 4}
    monkeypatch.setattr(metrics, "_stats_of_pool", lambda: stats)

    samples = scraped()

    assert value(samples, "serai_database_connections_awaited") == 3
    assert value(samples, "serai_database_connections", state="used") == 4
    assert [name for name, _ in samples if name.startswith("serai_backlog")] == []


def test_the_guide_names_all_of_ours_and_no_other():
    named = set(re.findall(r"^\| `(serai_\w+)` \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE))
    ours = {
        family.name + "_total" * (family.type == "counter")
        for family in text_string_to_metric_families(APIClient().get("/metrics").content.decode())
        if family.name.startswith("serai_") and not family.name.endswith("_created")
    }

    assert named - OF_POSTGRESQL == ours - OF_POSTGRESQL
    assert named >= OF_POSTGRESQL


def test_the_process_is_told_of():
    samples = scraped()

    assert value(samples, "process_resident_memory_bytes") > 1024**2
    assert value(samples, "process_open_fds") > 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no pool")
def test_connections_of_the_pool_are_told():
    samples = scraped()

    open_ones = [value(samples, "serai_database_connections", state=state) for state in ("idle", "used")]
    assert sum(open_ones) >= 1
    assert ("serai_database_connections_awaited", frozenset()) in samples
