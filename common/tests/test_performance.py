"""`manage.py performance_report` against processes that say what they are told to."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from rest_framework.test import APIClient

from common import performance
from common.metrics import REQUEST_SECONDS
from common.performance import quantile

CHATS = {"method": "GET", "route": "api/v1/chats"}
TOKEN = "open sesame"


class Process(ThreadingHTTPServer):
    """One that counts what it is told, in the names that ours has; or says *text*."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.text: bytes | None = None
        self.then = lambda: None  # what happens after each time that it was asked
        self.begin_anew()

    def begin_anew(self, began: float = 1_000.0) -> None:
        self.registry = CollectorRegistry()
        of = {"registry": self.registry}
        bounds = tuple(bound for bound in REQUEST_SECONDS._kwargs["buckets"])
        self.requests = Counter("serai_http_requests", "…", ["method", "route", "status"], **of)
        self.seconds = Histogram(
            "serai_http_request_duration_seconds", "…", ["method", "route"], buckets=bounds, **of
        )
        self.backlog = Gauge("serai_backlog", "…", ["of"], **of)
        self.sockets = Gauge("serai_sockets", "…", ["kind"], **of)
        Gauge("process_start_time_seconds", "…", **of).set(began)

    def answer(self, times: int, *, status: str = "200", within: float = 0.003) -> None:
        for _ in range(times):
            self.requests.labels(**CHATS, status=status).inc()
            self.seconds.labels(**CHATS).observe(within)


class Answers(BaseHTTPRequestHandler):
    server: Process

    def do_GET(self) -> None:
        is_ours = self.headers.get("Authorization") == f"Bearer {TOKEN}" and self.path == "/metrics"
        self.send_response(200 if is_ours else 401)
        self.end_headers()
        if is_ours:
            self.wfile.write(self.server.text or generate_latest(self.server.registry))
            self.server.then()

    def log_message(self, *_: object) -> None:
        pass


def process() -> Iterator[Process]:
    with Process() as found:
        threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield found
        found.shutdown()


one = pytest.fixture(process, name="one")
other = pytest.fixture(process, name="other")


@pytest.fixture(autouse=True)
def _token(settings):
    settings.METRICS_TOKEN = TOKEN


def report(*processes: Process, **options: object) -> str:
    said = StringIO()
    call_command(
        "performance_report", url=[each.url for each in processes], stdout=said, stderr=StringIO(), **options
    )
    return said.getvalue()


def row(text: str, name: str) -> list[str]:
    [found] = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", text, re.MULTILINE)
    return [cell.strip() for cell in found.split("|")]


# --- Quantiles ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "counts", "seconds"),
    [
        (0.5, [(0.1, 10), (0.2, 20), (float("inf"), 20)], 0.1),
        (0.75, [(0.1, 10), (0.2, 20), (float("inf"), 20)], 0.15),  # even within a bucket
        (0.99, [(0.1, 10), (0.2, 10), (float("inf"), 20)], 0.2),  # at most the last bound
        (0.5, [(0.1, 0), (0.2, 4), (float("inf"), 4)], 0.15),
        (0.5, [(0.1, 0), (float("inf"), 0)], None),
        (0.5, [], None),
    ],
)
def test_quantiles_are_those_of_prometheus(share, counts, seconds):
    assert quantile(share, counts) == (None if seconds is None else pytest.approx(seconds))


# --- The page -----------------------------------------------------------------------------------------------


def test_processes_are_summed_up_by_route(one, other):
    one.answer(60)
    other.answer(30, within=0.04)
    other.answer(6, status="404")
    other.answer(4, status="500")
    one.sockets.labels("all").set(3)
    other.sockets.labels("all").set(4)

    text = report(one, other)

    requests, _, refused, faults, p50, p95, p99 = row(text, "GET api/v1/chats")
    assert (requests, refused, faults) == ("100", "6.0%", "4.0%")
    assert (p50, p95) == ("3.6 ms", "45.8 ms")  # 50 of 70 in the first 5 ms; 25 of 30 from 25 to 50
    assert p99 == "49.2 ms"
    assert row(text, "**all**")[0] == "100"
    assert row(text, "sockets")[0].startswith("7 open")


def test_what_waits_is_the_same_in_each_process(one, other):
    for each in (one, other):
        each.backlog.labels("mails").set(12)

    assert row(report(one, other), "waits to be done") == ["mails 12"]


def test_between_two_samples_only_what_came_counts(one):
    one.answer(1000, status="500")
    one.then = lambda: one.answer(10)

    requests, per_second, _, faults, *_ = row(report(one, seconds=0.05), "GET api/v1/chats")

    assert (requests, faults) == ("10", "0.0%")
    assert 10 < float(per_second) <= 200


def test_a_process_that_began_anew_in_between_counts_from_there(one):
    one.answer(1000)

    def restart() -> None:
        one.begin_anew(began=2_000.0)
        one.answer(7)

    one.then = restart

    assert row(report(one, seconds=0.05), "GET api/v1/chats")[0] == "7"


@pytest.mark.django_db
def test_what_a_process_of_ours_says_is_read(one, layla, client_of, settings):
    settings.METRICS_TOKEN = ""
    client_of(layla).get("/api/v1/chats")
    one.text = APIClient().get("/metrics").content
    settings.METRICS_TOKEN = TOKEN
    asked = set(re.findall(r'"(serai_\w+)"', Path(performance.__file__).read_text()))
    told = (Path(performance.__file__).parent.parent / "docs/metrics.md").read_text()

    assert int(row(report(one), "GET api/v1/chats")[0].replace(",", "")) >= 1
    assert len(asked) > 10
    assert [name for name in asked if f"`{name}`" not in told] == []


# --- Against a baseline -------------------------------------------------------------------------------------


def test_what_is_as_before_passes(one, tmp_path):
    one.answer(200)
    report(one, save=tmp_path / "then.json")
    one.answer(200, within=0.0049)  # in the same bucket

    assert "nothing is worse" in report(one, baseline=tmp_path / "then.json")


def test_what_is_slower_or_fails_more_is_named(one, tmp_path):
    one.answer(200)
    report(one, save=tmp_path / "then.json")
    one.answer(200, within=0.2)
    one.answer(10, status="500")

    with pytest.raises(CommandError) as failed:
        report(one, baseline=tmp_path / "then.json")

    said = str(failed.value)
    assert "GET api/v1/chats: p95 " in said
    assert "GET api/v1/chats: 2.4% faults in place of 0.0%" in said
    assert "p50" not in said  # still among the quick half


def test_a_tolerance_is_what_it_says(one, tmp_path):
    one.answer(200, within=0.03)
    report(one, save=tmp_path / "then.json")
    then = json.loads((tmp_path / "then.json").read_text())
    for each in performance.BETWEEN:
        then["routes"]["GET api/v1/chats"][each] /= 1.4
    (tmp_path / "then.json").write_text(json.dumps(then))

    assert report(one, baseline=tmp_path / "then.json", tolerance=0.5)
    with pytest.raises(CommandError, match="p99"):
        report(one, baseline=tmp_path / "then.json", tolerance=0.25)


def test_what_was_asked_for_seldom_is_left_to_chance(one, tmp_path):
    one.answer(performance.FEWEST - 1)
    report(one, save=tmp_path / "then.json")
    one.answer(50, within=2)

    assert report(one, baseline=tmp_path / "then.json")


# --- What goes wrong ----------------------------------------------------------------------------------------


def test_another_token_is_told(one, settings):
    settings.METRICS_TOKEN = "close sesame"

    with pytest.raises(CommandError, match="METRICS_TOKEN"):
        report(one)


def test_a_process_that_is_away_is_named(one):
    one.url = "http://127.0.0.1:9"

    with pytest.raises(CommandError, match="http://127.0.0.1:9 doesn't answer"):
        report(one)


def test_what_is_none_of_ours_is_refused(one):
    one.text = b"go_goroutines 7\n"

    with pytest.raises(CommandError, match="none of ours"):
        report(one)


def test_a_baseline_that_is_none_is_told_before_anything_is_measured(one, tmp_path):
    (tmp_path / "then.json").write_text("a table")

    with pytest.raises(CommandError, match="can't be read"):
        report(one, baseline=tmp_path / "then.json", seconds=3600)
