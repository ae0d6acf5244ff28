"""How processes have done, by what their `/metrics` say: figures, as a page, and against a baseline."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx2 as httpx
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Figures = dict[str, Any]  # as JSON has them: seconds, counts a second, shares of 1

ASKED_WITHIN: Final = 10.0  # seconds
NO_LABELS: Final[Mapping[str, str]] = {}
BETWEEN: Final = ("p50", "p95", "p99")
FEWEST: Final = 100  # requests of a route: its quantiles are a matter of chance before
FLOOR: Final = 0.005  # seconds: the smallest bucket of requests; what is below can't be told apart
FLOOR_OF_STATEMENTS: Final = 0.0005  # seconds: theirs
FAULTS_MORE: Final = 0.01  # share of faults that may come to those of the baseline


class Unreadable(Exception):
    """A process doesn't say what it counts."""


@dataclass(frozen=True)
class Sample:
    """What one process said at one moment."""

    values: Mapping[tuple[str, Labels], float]

    @classmethod
    def parse(cls, text: str) -> "Sample":
        try:
            families = list(text_string_to_metric_families(text))
        except ValueError as error:
            raise Unreadable("what it says is not what Prometheus reads") from error
        return cls(
            {
                (each.name, frozenset(each.labels.items())): each.value
                for one in families
                for each in one.samples
            }
        )

    @classmethod
    def ask(cls, url: str, token: str) -> "Sample":
        """What the process at *url* says now.

        Raises:
            Unreadable: it doesn't answer, or not to us.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = url.rstrip("/").removesuffix("/metrics") + "/metrics"
        try:
            answer = httpx.get(address, headers=headers, timeout=ASKED_WITHIN)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unreadable(f"{url} doesn't answer: {error}") from error
        if answer.status_code in (401, 404):
            raise Unreadable(f"{url} doesn't tell us: METRICS_TOKEN has to be what it is there")
        if answer.status_code != 200:
            raise Unreadable(f"{url} answers {answer.status_code}")
        found = cls.parse(answer.text)
        if not any(name.startswith("serai_") for name, _ in found.values):
            raise Unreadable(f"{url} is none of ours")
        return found

    def since(self, before: "Sample | None") -> "Sample":
        """What has come to *before*. Where a process began anew in between, all that it has counted since."""
        if before is None or self.began != before.began:
            return self
        return Sample({key: value - before.values.get(key, 0.0) for key, value in self.values.items()})

    @property
    def began(self) -> float:
        """Seconds since 1970."""
        return self.values.get(("process_start_time_seconds", frozenset()), 0.0)


class Together:
    """Samples of several processes, as Prometheus would sum them up."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = list(samples)

    def each(self, name: str) -> Iterator[tuple[dict[str, str], float]]:
        for sample in self._samples:
            for (found, labels), value in sample.values.items():
                if found == name:
                    yield dict(labels), value

    def by(
        self, name: str, *labels: str, where: Mapping[str, str] = NO_LABELS, largest: bool = False
    ) -> dict[tuple[str, ...], float]:
        """The sums, or the largest, of those that have the labels of *where*, by the values of *labels*."""
        found: dict[tuple[str, ...], float] = {}
        for having, value in self.each(name):
            if all(having.get(label) == wanted for label, wanted in where.items()):
                key = tuple(having[label] for label in labels)
                found[key] = max(found.get(key, 0.0), value) if largest else found.get(key, 0.0) + value
        return found

    def total(self, name: str, *, where: Mapping[str, str] = NO_LABELS) -> float:
        return self.by(name, where=where).get((), 0.0)

    def times(self, name: str, *, where: Mapping[str, str] = NO_LABELS) -> Figures:
        """A histogram's count and quantiles."""
        found = self.by(f"{name}_bucket", "le", where=where)
        buckets = sorted((float(le), count) for (le,), count in found.items())
        return {
            "count": self.total(f"{name}_count", where=where),
            "seconds": self.total(f"{name}_sum", where=where),
            **{each: quantile(float(each[1:]) / 100, buckets) for each in BETWEEN},
        }


def quantile(share: float, buckets: Sequence[tuple[float, float]]) -> float | None:
    """As `histogram_quantile` of Prometheus: even within a bucket, at most the last finite bound.

    Args:
        buckets: upper bound and how many are at most that, in their order, the last one infinite.

    Returns:
        None if nothing was counted.
    """
    if not buckets or not buckets[-1][1]:
        return None
    rank, lower, below = share * buckets[-1][1], 0.0, 0.0
    for upper, count in buckets:
        if count >= rank:
            if math.isinf(upper):
                return lower
            return lower + (upper - lower) * (rank - below) / (count - below) if count > below else upper
        lower, below = upper, count
    return lower


def measure(
    samples: Sequence[Sample], *, now: float, before: Sequence[Sample] | None = None, since: float = 0.0
) -> Figures:
    """What the processes did since *before*, or since each began.

    Args:
        now: when the samples were taken, in seconds since 1970.
        since: when those before were.
    """
    earlier: Sequence[Sample | None] = before or [None] * len(samples)
    grown = Together(each.since(was) for each, was in zip(samples, earlier, strict=True))
    standing = Together(samples)
    seconds = max(now - (since or min(each.began for each in samples)), 0.001)
    return {"seconds": seconds, "processes": len(samples)} | _figures(grown, standing, seconds)


def _figures(grown: Together, standing: Together, seconds: float) -> Figures:
    routes = grown.by("serai_http_requests_total", "method", "route")
    statements = grown.times("serai_database_query_duration_seconds")
    return {
        "all": _requests(grown, seconds),
        "routes": {
            f"{method} {route}": _requests(grown, seconds, where={"method": method, "route": route})
            for (method, route), count in sorted(routes.items(), key=lambda each: -each[1])
            if count
        },
        "database": {
            "per_second": statements["count"] / seconds,
            "busy": statements["seconds"] / seconds,
            **{each: statements[each] for each in BETWEEN},
            "connections": _named(standing.by("serai_database_connections", "state")),
            "awaited": standing.total("serai_database_connections_awaited"),
        },
        "backlog": _named(standing.by("serai_backlog", "of", largest=True)),
        "backlog_age": _named(standing.by("serai_backlog_age_seconds", "of", largest=True)),
        "sockets": {
            "open": standing.total("serai_sockets"),
            "queued": standing.total("serai_socket_queued_frames"),
            "received_per_second": grown.total("serai_socket_frames_received_total") / seconds,
            "sent_per_second": grown.total("serai_socket_frames_sent_total") / seconds,
            "closes": _named(grown.by("serai_socket_closes_total", "code")),
            "resumes": _named(grown.by("serai_socket_resumes_total", "outcome")),
        },
        "fan_out": grown.times("serai_fan_out_delay_seconds"),
    }


def _requests(grown: Together, seconds: float, *, where: Mapping[str, str] = NO_LABELS) -> Figures:
    times = grown.times("serai_http_request_duration_seconds", where=where)
    by_status = _named(grown.by("serai_http_requests_total", "status", where=where))
    count = sum(by_status.values())
    return {
        "requests": count,
        "per_second": count / seconds,
        "refused": _share(by_status, "4", count),
        "faults": _share(by_status, "5", count),
        **{each: times[each] for each in BETWEEN},
    }


def _share(by_status: Mapping[str, float], begins: str, count: float) -> float:
    return sum(n for status, n in by_status.items() if status.startswith(begins)) / count if count else 0.0


def _named(found: Mapping[tuple[str, ...], float]) -> dict[str, float]:
    return {name: value for (name,), value in found.items() if value}


# --- Against others -----------------------------------------------------------------------------------------


def regressions(now: Figures, baseline: Figures, *, tolerance: float) -> list[str]:
    """What has become worse, in words.

    Args:
        tolerance: by how much a time may grow, as a share; 0.25 is a quarter. Less than the smallest bucket
            is never told, nor what was asked for less than `FEWEST` times.
    """
    found: list[str] = []
    for route, figures in now["routes"].items():
        known = baseline.get("routes", {}).get(route)
        if known and min(figures["requests"], known["requests"]) >= FEWEST:
            found += _slower(route, figures, known, tolerance, FLOOR)
            if figures["faults"] > known["faults"] + FAULTS_MORE:
                found.append(f"{route}: {figures['faults']:.1%} faults in place of {known['faults']:.1%}")
    parts = {"database": ("statements", FLOOR_OF_STATEMENTS), "fan_out": ("fan-out", FLOOR)}
    for part, (name, floor) in parts.items():
        found += _slower(name, now[part], baseline.get(part, {}), tolerance, floor)
    return found


def _slower(name: str, now: Figures, known: Figures, tolerance: float, floor: float) -> Iterator[str]:
    for each in BETWEEN:
        was, is_ = known.get(each), now[each]
        if was is not None and is_ is not None and is_ > was * (1 + tolerance) and is_ > was + floor:
            yield f"{name}: {each} {_ms(is_)} in place of {_ms(was)}"


# --- As a page ----------------------------------------------------------------------------------------------


def page(figures: Figures) -> str:
    """As Markdown."""
    database, sockets, fan_out = figures["database"], figures["sockets"], figures["fan_out"]
    rows = {"**all**": figures["all"], **figures["routes"]}
    lines = [
        "# Performance",
        "",
        f"{figures['processes']} processes, {figures['seconds']:,.0f} seconds.",
        "",
        "| route | requests | a second | 4xx | 5xx | p50 | p95 | p99 |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *(
            f"| {name} | {each['requests']:,.0f} | {each['per_second']:,.2f} | {each['refused']:.1%} "
            f"| {each['faults']:.1%} | {' | '.join(_ms(each[between]) for between in BETWEEN)} |"
            for name, each in rows.items()
        ),
        "",
        "| | |",
        "|---|---|",
        f"| statements | {database['per_second']:,.1f} a second, {_quantiles(database)} |",
        f"| threads in the database | {database['busy']:.2f} at any time |",
        f"| connections | {_list(database['connections'])}; {database['awaited']:,.0f} threads wait |",
        f"| waits to be done | {_list(figures['backlog'])} |",
        f"| the first waits | {_list(figures['backlog_age'], ' s')} |",
        f"| sockets | {sockets['open']:,.0f} open, {sockets['queued']:,.0f} frames wait for them |",
        f"| frames | {sockets['received_per_second']:,.1f} received and {sockets['sent_per_second']:,.1f} "
        "sent a second |",
        f"| closed by us | {_list(sockets['closes'])} |",
        f"| resumes | {_list(sockets['resumes'])} |",
        f"| fan-out | {fan_out['count']:,.0f} events, {_quantiles(fan_out)} |",
    ]
    return "\n".join(lines)


def _quantiles(figures: Figures) -> str:
    return ", ".join(f"{each} {_ms(figures[each])}" for each in BETWEEN)


def _list(named: Mapping[str, float], unit: str = "") -> str:
    return ", ".join(f"{name} {value:,.0f}{unit}" for name, value in sorted(named.items())) or "none"


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:,.1f} ms"
