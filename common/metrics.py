"""What is counted, for Prometheus. Each process counts for itself and is scraped by itself.

Labels are few and known: an address that anybody can write has no place in one.
"""

from collections import Counter as Counted
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone
from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .events import Told
from .models import Job, Mail
from .outages import is_outage

logger = structlog.get_logger(__name__)

METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
NO_ROUTE: Final = "(none)"  # no such path, a static file, refused before anybody looked

REQUESTS: Final = Counter("serai_http_requests", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS: Final = Histogram(
    "serai_http_request_duration_seconds",
    "From the request to the beginning of its answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
QUERY_SECONDS: Final = Histogram(
    "serai_database_query_duration_seconds",
    "Statements, as long as their thread waited.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5),
)
EVENTS: Final = Counter("serai_events", "Events told by this process after their commit.", ["type"])


# What stands under the labels of a request: there are few, and looking one up costs more than counting.
_counted: Final[dict[tuple[str | None, str | None, int], tuple[Counter, Histogram]]] = {}


def request_answered(method: str | None, route: str | None, status: int, seconds: float) -> None:
    count, times = _counted.get((method, route, status)) or _look_up(method, route, status)
    count.inc()
    times.observe(seconds)


def _look_up(method: str | None, route: str | None, status: int) -> tuple[Counter, Histogram]:
    name = method if method in METHODS else "other"
    found = REQUESTS.labels(name, route or NO_ROUTE, status), REQUEST_SECONDS.labels(name, route or NO_ROUTE)
    if name == method:  # whoever makes up methods has none of them kept
        _counted[method, route, status] = found
    return found


def time_queries(connection: Any, **_: Any) -> None:
    """Have *connection* say how long each statement took; of the signal `connection_created`."""
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


def _timed(execute: Callable[..., Any], sql: Any, params: Any, many: Any, context: Any) -> Any:
    start = perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        QUERY_SECONDS.observe(perf_counter() - start)


def count_events(told: Sequence[Told]) -> None:
    for type_, count in Counted(each.type for each in told).items():
        EVENTS.labels(type_).inc(count)


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Work that somebody is yet to do.

    Attributes:
        oldest: since when the first of it waits; None if nothing does.
    """

    count: int
    oldest: datetime | None = None


# What waits, by the name of its label. Looked at with each scrape, so it takes one query at most.
backlogs: Final[dict[str, Callable[[], Backlog | None]]] = {}


def mails() -> Backlog:
    waiting = Mail.objects.waiting().order_by("queued_at").values_list("queued_at", flat=True)
    return _backlog(list(waiting[:COUNTED]))


def jobs() -> Backlog:
    waiting = Job.objects.filter(state=Job.State.QUEUED).order_by("created_at")
    return _backlog(list(waiting.values_list("created_at", flat=True)[:COUNTED]))


def tasks() -> Backlog | None:
    """What waits for a worker; None where the worker is in this process."""
    if not settings.REDIS_URL:
        return None
    import redis

    queue = f"{settings.REDIS_PREFIX}:celery"
    return Backlog(count=int(redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2).llen(queue)))


COUNTED: Final = 10_000  # rows: with more waiting the number is not what matters


def _backlog(times: Sequence[datetime]) -> Backlog:
    return Backlog(count=len(times), oldest=times[0] if times else None)


class Backlogs(Collector):
    """The same in each process: they share the database and the broker.

    A scrape waits for neither: when they are away, or all wait for a connection, the rest matters most.
    """

    def collect(self) -> Iterable[Metric]:
        waiting = GaugeMetricFamily("serai_backlog", "What waits to be done.", labels=["of"])
        oldest = GaugeMetricFamily(
            "serai_backlog_age_seconds", "How long the first of it waits.", labels=["of"]
        )
        now = timezone.now()
        try:
            for name, look in ({} if _is_pool_empty() else backlogs).items():
                if backlog := look():
                    waiting.add_metric([name], backlog.count)
                    since = backlog.oldest
                    oldest.add_metric([name], max(0.0, (now - since).total_seconds()) if since else 0.0)
        except Exception as error:
            if not is_outage(error):
                raise
            logger.warning("backlog_unknown", error=str(error))
        return [waiting, oldest]


def _stats_of_pool() -> dict[str, int] | None:
    """What psycopg's pool says of itself; None on SQLite."""
    if not connections.databases["default"].get("OPTIONS", {}).get("pool"):
        return None
    found: dict[str, int] = connection.pool.get_stats()  # type: ignore[attr-defined]
    return found


def _is_pool_empty() -> bool:
    found = _stats_of_pool()
    return found is not None and found["requests_waiting"] > 0


class Pool(Collector):
    """This process's connections to PostgreSQL; nothing on SQLite."""

    def collect(self) -> Iterable[Metric]:
        if (found := _stats_of_pool()) is None:
            return []
        size = GaugeMetricFamily("serai_database_connections", "Open ones.", labels=["state"])
        size.add_metric(["idle"], found["pool_available"])
        size.add_metric(["used"], found["pool_size"] - found["pool_available"])
        waiting = GaugeMetricFamily(
            "serai_database_connections_awaited",
            "Threads that wait for one.",
            value=found["requests_waiting"],
        )
        return [size, waiting]


def register(collector: Collector) -> None:
    """Have what *collector* finds in every scrape. Nothing is asked before the first."""
    REGISTRY.register(_Undescribed(collector))


class _Undescribed(Collector):
    """Prometheus' client would look already when it is told, before there is a database."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def collect(self) -> Iterable[Metric]:
        return self._collector.collect()

    def describe(self) -> Iterable[Metric]:
        return []
