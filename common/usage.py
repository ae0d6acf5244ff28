"""Who calls what: counted in memory for each request, written down once a minute and when the process ends.

A client is what its `User-Agent` begins with, such as `SeraiApp/3.2`, or a browser's name: never a person.
Whoever makes up names gets a few of them kept apart, and then all are `other`.
"""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Final

import structlog
from django.db import DatabaseError, connection, transaction

from .http import Door
from .metrics import METHODS
from .models import Usage

EVERY: Final = 60.0  # seconds
CLIENTS: Final = 200  # names that a process keeps apart in a day
AGENTS: Final = 1000  # headers whose client is known by heart
NONE: Final = "none"  # no header
OTHER: Final = "other"

# RFC 9110 §10.1.5: a product, its version. Anything else that somebody writes there may be about a person.
PRODUCT: Final = re.compile(r"([A-Za-z][\w.+-]{0,39})(?=[/\s(;]|$)(?:/(\d{1,4}(?:\.\d{1,4})?))?", re.ASCII)
BROWSERS: Final = {  # by what only they say, the more particular first
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "Chrome/": "Chrome",
    "CriOS/": "Chrome",
    "Safari/": "Safari",
}

logger = structlog.get_logger(__name__)

_lock: Final = threading.Lock()
_counts: Final[Counter[tuple[Any, ...]]] = Counter()
_clients: Final[dict[str | bytes, str]] = {}  # by header
_names: Final[set[str]] = set()  # of `_day`
_day = date.min
_outcomes: Final = {status: Usage.Outcome.of(status).value for status in range(100, 600)}


def called(method: str | None, route: str | None, status: int, door: Door, agent: str | bytes) -> None:
    """A request of the API was answered.

    Args:
        route: the pattern of the path; anything but the API's doesn't count.
        agent: the header `User-Agent`, empty if there was none.
    """
    if method not in METHODS or not route or not route.startswith("api/v"):
        return
    client = _clients.get(agent) or _remember(agent)
    alias = door.alias.pattern if door.alias else ""
    key = method, route, door.version, door.is_older, alias, client, _outcomes[status]
    with _lock:
        _counts[key] += 1


def agent_of(scope: Any) -> bytes:
    """The header `User-Agent` of an ASGI scope."""
    for name, value in scope["headers"]:
        if name == b"user-agent":
            return bytes(value)
    return b""


def client_of(agent: str) -> str:
    """The kind of client that says so."""
    if not agent:
        return NONE
    if agent.startswith("Mozilla/"):
        return next((name for word, name in BROWSERS.items() if word in agent), OTHER)
    if not (found := PRODUCT.match(agent)):
        return OTHER
    return f"{found[1]}/{found[2]}" if found[2] else found[1]


def _remember(agent: str | bytes) -> str:
    client = client_of(agent.decode("latin1") if isinstance(agent, bytes) else agent)
    with _lock:
        if client not in _names and len(_names) >= CLIENTS:
            return OTHER  # not by heart: tomorrow it may have a name
        _names.add(client)
        if len(_clients) >= AGENTS:
            _clients.clear()
        _clients[agent] = client
    return client


def write() -> int:
    """Add what was counted to what is written. What can't be written now is kept for the next time.

    Returns:
        How many rows it was.
    """
    global _day  # noqa: PLW0603 (one process, one count)
    today = datetime.now(UTC).date()
    with _lock:
        counted = dict(_counts)
        _counts.clear()
        if today != _day:
            _day = today
            _names.clear()
            _clients.clear()
    if not counted:
        return 0
    try:
        with transaction.atomic():
            Usage.objects.count_more(today, [(*key, count) for key, count in counted.items()])
    except DatabaseError:
        logger.warning("usage_not_written", rows=len(counted), exc_info=True)
        with _lock:
            _counts.update(counted)
        return 0
    return len(counted)


@contextmanager
def written() -> Iterator[None]:
    """Meanwhile what this process counts is written every minute; and at the end what is left."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(EVERY):
            write()
            connection.close()

    thread = threading.Thread(target=work, name="usage", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)
        write()
