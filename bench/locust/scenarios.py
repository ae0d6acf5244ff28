"""The scenarios: which users, what the server is told, and what has to hold."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

POOL: Final = 3  # connections of the server in `pool`
WAITS: Final = 5_000  # milliseconds that anybody may wait for one; at 10,000 the server gives up with 503

Figures = dict[str, Any]  # of a run: `kinds`, `faults`, `told` (people.py), and `watched`


@dataclass(frozen=True)
class Scenario:
    """One run of Locust.

    Attributes:
        file: the users, in this folder.
        users: how many at once.
        wanted: kinds of requests that must have been made.
        more: variables of the server.
        faults: what is wrong with the figures, beside failed requests and requests that were not made.
    """

    title: str
    file: str
    users: int
    wanted: tuple[str, ...]
    more: dict[str, str] = field(default_factory=dict)
    faults: Callable[[Figures], list[str]] = lambda _: []


def _of_sockets(figures: Figures) -> list[str]:
    told = figures["told"]
    return [] if told.get("heard", 0) > told.get("sent", 0) else ["less was heard than sent"]


def _of_the_pool(figures: Figures) -> list[str]:
    watched, found = figures["watched"], []
    longest = max(kind["max"] for kind in figures["kinds"].values())
    if longest > WAITS:
        found.append(f"somebody waited for {longest:.0f} ms")
    if watched["connections"] > POOL:
        found.append(f"{watched['connections']} connections in place of {POOL}")
    if not watched["awaited"]:
        found.append("nobody ever waited for a connection: this has shown nothing")
    return found


REST: Final = (
    "POST auth/login",
    "GET chats",
    "GET chats/{chat}/messages",
    "GET chats/{chat}/messages?before={seq}",
    "POST chats/{chat}/messages",
    "POST chats/{chat}/messages, again",
    "GET search/messages",
)
SCENARIOS: Final = {
    "rest": Scenario("REST", "rest.py", 20, REST),
    "sockets": Scenario(
        "WebSocket",
        "sockets.py",
        20,
        ("WS connect", "WS message.send", "WS delivery", "WS resume"),
        faults=_of_sockets,
    ),
    "pool": Scenario(
        f"{POOL} connections",
        "pool.py",
        20,
        REST,
        more={"DATABASE_POOL_MAX": str(POOL), "DATABASE_POOL_MIN": "1"},
        faults=_of_the_pool,
    ),
    "limits": Scenario(
        "limits",
        "limits.py",
        18,  # as many as `fixed_count` says
        (
            "GET greedy, chats",
            "GET greedy, chats, over the limit",
            "GET modest, chats",
            "GET stranger, legal/documents",
            "GET stranger, legal/documents, over the limit",
            "GET other stranger, legal/documents",
        ),
        more={"LIMIT_USER": "6/10s", "LIMIT_GENERAL": "6/10s", "TRUSTED_PROXIES": "127.0.0.1"},
    ),
}
