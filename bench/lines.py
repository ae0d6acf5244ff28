"""The lines of the table: what is done, what is read off, and against whom."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from .contenders import Server
from .load import Broken, Load, Result, begin_anew, end, read_result

WINDOWS: Final = (1, 8, 32, 128)  # messages in flight in the one chat; the best one counts
WARM_UP: Final = 1  # seconds of requests before those that count

Figures = dict[str, float]


@dataclass(frozen=True)
class Target:
    """What the ratio of ours to a peer's figure has to be.

    Attributes:
        figure: which of a line's figures.
        least: the ratio is at least this; None where less is better.
        most: the ratio is at most this.
    """

    peer: str
    figure: str
    least: float | None = None
    most: float | None = None

    def is_met(self, ratio: float) -> bool:
        return ratio >= self.least if self.least is not None else ratio <= (self.most or 0)

    def __str__(self) -> str:
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


@dataclass(frozen=True)
class Line:
    """One kind of work.

    Attributes:
        measure: does it once to a server, for so many seconds.
        targets: of ratios to peers.
        limits: of ours alone, by figure.
        more: variables of ours beside those of every line.
        is_fresh: each repeat has servers of its own; else they stay up, and warm, through all repeats.
    """

    title: str
    measure: Callable[[Server, Load, int], Figures]
    targets: tuple[Target, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    is_fresh: bool = False

    @property
    def contenders(self) -> list[str]:
        return ["ours", *dict.fromkeys(target.peer for target in self.targets)]


def fan_out(server: Server, load: Load, seconds: int) -> Figures:
    found: list[Figures] = []
    for window in WINDOWS:
        result = load.sockets(server, "busy", crowd="one", sockets=500, w=window, d=seconds)
        found.append(
            {
                "deliveries_per_s": result["delivered"] / result["seconds"],
                "window": window,
                "server_cpu": result["server_cpu_s"] / result["seconds"],
                "client_cpu": result["client_cpu_s"] / result["seconds"],
            }
        )
    return max(found, key=lambda figures: figures["deliveries_per_s"])


def delivery(server: Server, load: Load, seconds: int) -> Figures:
    result = load.sockets(server, "rate", crowd="one", sockets=500, r=10, d=seconds)
    return _delivered(result)


def many_chats(server: Server, load: Load, seconds: int) -> Figures:
    result = load.sockets(server, "rate", crowd="many", sockets=500, r=10, d=seconds)
    return _delivered(result)


def _delivered(result: Result) -> Figures:
    if not result["delivered"]:
        raise Broken("nothing was delivered")
    return {
        "cpu_per_1000_messages": 1000 * result["server_cpu_s"] / (result["delivered"] / _audience(result)),
        "p50_ms": result["p50_ms"],
        "p99_ms": result["p99_ms"],
        "messages_per_s": result["delivered"] / _audience(result) / result["seconds"],
        "server_cpu": result["server_cpu_s"] / result["seconds"],
        "held_back": result["held_back"],
    }


def _audience(result: Result) -> float:
    """Sockets that hear a message."""
    return float(result["sockets"] / result["chats"])


def memory(server: Server, load: Load, seconds: int) -> Figures:
    result = load.sockets(server, "idle", crowd="idle", sockets=1100, d=seconds)
    return {"kb_per_socket": result["kb_per_socket"], "connections_per_s": 1100 / result["connected_s"]}


def post(server: Server, load: Load, seconds: int) -> Figures:
    return _requests(server, load, "POST", crowd="many", seconds=seconds)


def post_to_one_chat(server: Server, load: Load, seconds: int) -> Figures:
    return _requests(server, load, "POST", crowd="one", seconds=seconds, people=32)


def get(server: Server, load: Load, seconds: int) -> Figures:
    return _requests(server, load, "GET", crowd="many", seconds=seconds)


def _requests(
    server: Server, load: Load, method: str, *, crowd: str, seconds: int, people: int = 0
) -> Figures:
    load.requests(server, method, crowd=crowd, connections=32, seconds=WARM_UP, people=people)
    result = load.requests(server, method, crowd=crowd, connections=32, seconds=seconds, people=people)
    if not result["requests"]:
        raise Broken(f"no {method} was answered in {seconds} seconds")
    return {
        "requests_per_cpu_s": result["requests"] / result["server_cpu_s"],
        "requests_per_s": result["requests"] / result["seconds"],
        "p50_ms": result["p50_ms"],
        "p99_ms": result["p99_ms"],
        "server_cpu": result["server_cpu_s"] / result["seconds"],
        "postgres_us_per_request": 1e6 * result["postgres_cpu_s"] / result["requests"],
    }


def send(server: Server, load: Load, seconds: int) -> Figures:
    result = load.sockets(server, "send", crowd="many", sockets=32, d=seconds)
    if not result["acked"]:
        raise Broken(f"nothing was acked in {seconds} seconds")
    return {
        "sends_per_cpu_s": result["acked"] / result["server_cpu_s"],
        "sends_per_s": result["acked"] / result["seconds"],
        "p50_ms": result["p50_ms"],
        "p99_ms": result["p99_ms"],
        "server_cpu": result["server_cpu_s"] / result["seconds"],
    }


def resume(server: Server, load: Load, seconds: int) -> Figures:
    """1,000 come back at once, each to 100 messages, while 100 others talk."""
    quiet = load.sockets(server, "rate", crowd="others", sockets=100, r=10, d=seconds)
    with load.running_sockets(server, "rate", crowd="others", sockets=100, r=10, d=600) as others:
        assert others.stdout
        others.stdout.readline()  # "measuring"
        begin_anew(others)
        storm = load.sockets(server, "resume", crowd="returning", sockets=1000, k=1000, a=0)
        end(others)
        shaken = read_result(others, server)
    if storm["missed"] != 1000 * 100:
        raise Broken(f"{storm['missed']} of 100,000 missed messages came to {storm['resumed']} of 1,000")
    return {
        "seconds": storm["seconds"],
        "others_p99_ms": shaken["p99_ms"],
        "quiet_p99_ms": quiet["p99_ms"],
        "others_p99_ratio": shaken["p99_ms"] / quiet["p99_ms"],
        "retried": storm["retried"],
        "server_cpu": storm["server_cpu_s"] / storm["seconds"],
    }


LINES: Final = {
    "fan-out": Line(
        "fan-out, 500 sockets in one chat, each at its best window",
        fan_out,
        (
            Target("socketio", "deliveries_per_s", least=5),
            Target("channels", "deliveries_per_s", least=15),
        ),
    ),
    "ungathered": Line(
        "the same, no frame waits for others",
        fan_out,
        (Target("socketio", "deliveries_per_s", least=1.3),),
        more={"SOCKET_GATHER": "0"},
    ),
    "delivery": Line(
        "delivery at 10 messages/s to 500 sockets",
        delivery,
        (Target("socketio", "p50_ms", most=1.0), Target("socketio", "p99_ms", most=1.0)),
    ),
    "chats": Line(
        "100 chats of 5, 10 messages/s in each",
        many_chats,
        (Target("adapter", "cpu_per_1000_messages", most=1.0),),
    ),
    "memory": Line("an idle socket", memory, (Target("socketio", "kb_per_socket", most=1.0),), is_fresh=True),
    "post": Line(
        "POST chats/{id}/messages, 32 connections, 100 chats",
        post,
        (
            Target("express", "requests_per_cpu_s", least=1.3),
            Target("whole", "requests_per_cpu_s", least=3),
        ),
    ),
    "send": Line(
        "message.send, 32 sockets in 32 chats",
        send,
        (
            Target("ws", "sends_per_cpu_s", least=0.7),
            Target("whole-socketio", "sends_per_cpu_s", least=2),
        ),
    ),
    "get": Line(
        "GET chats/{id}/messages, the newest 50, 32 connections",
        get,
        (Target("express", "requests_per_cpu_s", least=1.0),),
    ),
    "hot": Line(
        "POST to one chat by 32 senders", post_to_one_chat, (Target("whole", "requests_per_cpu_s", least=3),)
    ),
    "resume": Line(
        "1,000 resume 100 messages each at once",
        resume,
        limits={"seconds": 10, "others_p99_ratio": 2},
    ),
}
