"""What is counted of sockets. Plain numbers where it is done for every receiver: all of it in one loop."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .frames import Close

if TYPE_CHECKING:
    from .log import Line
    from .topics import Topic

CLOSES: Final = Counter("serai_socket_closes", "Sockets that we closed, by the code of why.", ["code"])
RESUMES: Final = Counter("serai_socket_resumes", "Answered `resume`.", ["outcome"])
FAN_OUT_SECONDS: Final = Histogram(
    "serai_fan_out_delay_seconds",
    "From when something happened until it was given to the sockets of this process.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


class Frames:
    """How many this process took in and gave out."""

    def __init__(self) -> None:
        self.received = self.sent = 0


frames: Final = Frames()


def closed(code: int) -> None:
    """A socket is closed. Of an unknown code the label says so."""
    CLOSES.labels(Close(code).name if code in list(Close) else "other").inc()


def resumed(refused: object) -> None:
    RESUMES.labels("reset" if refused else "whole").inc()


def given(topic: "Topic", lines: list["Line"]) -> None:
    """*lines* were given to whoever is there. What somebody gets later than others doesn't count."""
    now = datetime.now(UTC)
    for line in lines:
        if line.seq > topic.told and line.at:
            FAN_OUT_SECONDS.observe(max(0.0, (now - line.at).total_seconds()))
    if lines:
        topic.told = max(topic.told, lines[-1].seq)


class Sockets(Collector):
    """Those that are open now, and what waits for them."""

    def collect(self) -> Iterable[Metric]:
        from .hub import open_hubs
        from .socketio.engine import connections

        sockets = GaugeMetricFamily("serai_sockets", "Open ones of people who are known.", labels=["kind"])
        waiting = GaugeMetricFamily("serai_socket_queued_frames", "What waits in their queues.")
        longest = GaugeMetricFamily("serai_socket_longest_queue_frames", "The longest of their queues.")
        topics = GaugeMetricFamily("serai_socket_topics", "What somebody here hears.")
        hubs = open_hubs()
        found = [socket for hub in hubs for socket in hub.every_socket()]
        queues = [socket.waiting for socket in found]
        one_topic = sum(socket.only is not None for socket in found)
        sockets.add_metric(["all"], len(found) - one_topic)
        sockets.add_metric(["one_topic"], one_topic)
        waiting.add_metric([], sum(queues))
        longest.add_metric([], max(queues, default=0))
        topics.add_metric([], sum(hub.topics for hub in hubs))
        engine = GaugeMetricFamily(
            "serai_socketio_connections",
            "Clients of Socket.IO, who are among the sockets too.",
            labels=["transport"],
        )
        polls = [connection.polls for connection in list(connections.values())]
        engine.add_metric(["polling"], sum(polls))
        engine.add_metric(["websocket"], len(polls) - sum(polls))
        received = CounterMetricFamily(
            "serai_socket_frames_received", "Frames of clients.", value=frames.received
        )
        sent = CounterMetricFamily("serai_socket_frames_sent", "Frames to clients.", value=frames.sent)
        return [sockets, waiting, longest, topics, engine, received, sent]
