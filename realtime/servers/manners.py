"""How a server of ours behaves, whichever it is: its bounds, its clocks, its words when it refuses itself."""

import asyncio
import gc
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import unquote

from django.conf import settings

from common.api.answers import bare_answer
from common.problems import BadRequest, NotAllowed, Problem, ServerFault
from common.sizes import body_cap

from ..frames import MAX_FRAME
from ..hub import close_hub
from ..socketio.engine import close_connections

NAME: Final = "serai"  # in the header `Server`

# Sockets.
PING_EVERY: Final = 25.0  # seconds
PONG_WITHIN: Final = 10.0  # seconds
LISTENS_EVERY: Final = 0.5  # seconds of the clock by which we count what a pong may take
CLOSE_WITHIN: Final = 10.0  # seconds for a slow reader to reach the close code behind what is on its way
MAX_MESSAGE: Final = 4 * MAX_FRAME  # bytes; characters are counted by the consumer
MAX_WAITING: Final = 32  # frames of one client that wait for us, before we stop to read more
MAX_WAITING_SIZE: Final = MAX_FRAME  # the same by size, roughly: what is there by then, and one frame more

# Requests.
MAX_HEAD: Final = 16 * 1024  # bytes of a request line and its headers together
MAX_HEADERS: Final = 500
IDLE: Final = 60  # seconds in which nothing comes over a connection that waits for its client
BACKLOG: Final = 2048  # connections that the system holds for us until we take them
BEGIN_AT_ONCE: Final = 8  # connections that are read for the first time in one turn of the loop
LINGER: Final = 5  # seconds for a client to stop sending and read why

# The process.
SWITCH_AFTER: Final = 0.001  # seconds for which a thread keeps the interpreter, while the loop wants it
YOUNG: Final = (700, 10)  # as Python has it: new objects, and looks at those, before the collector looks
OLD: Final = 1000  # the same of all objects: so many that its looks at those are ours to make, once a minute
COLLECTS_EVERY: Final = 60.0  # seconds

# The end of the process.
GONE_WITHIN: Final = 1.0  # seconds for clients of sockets to take their leave
FINISH_WITHIN: Final = 5.0  # seconds for requests to be answered
STOP_WITHIN: Final = 1.0  # seconds for what still runs then


class Listening:
    """Seconds in which this process listened: a clock that stands while its loop is kept from turning.

    A ping may wait behind work of ours, and so may its pong: the time in which we neither sent nor read is no
    silence of the client.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(LISTENS_EVERY, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self.seconds += LISTENS_EVERY
        self.begin(loop)

    def owed(self, since: float) -> float:
        """Seconds that a client still has for its pong to a ping of *since*, by this clock; 0: it is late.

        It counts whole turns and none that is under way, so two of them are not asked for.
        """
        rest = PONG_WITHIN - 2 * LISTENS_EVERY - (self.seconds - since)
        return max(0.0, rest)


listening: Final = Listening()  # one loop in a process


def begin(loop: asyncio.AbstractEventLoop) -> None:
    """The server is about to listen."""
    listening.begin(loop)
    sys.setswitchinterval(SWITCH_AFTER)
    gc.collect()
    gc.freeze()  # what is there by now stays
    gc.set_threshold(*YOUNG, OLD)
    loop.call_later(COLLECTS_EVERY, _collect, loop)


def _collect(loop: asyncio.AbstractEventLoop) -> None:
    """Look for garbage among all there is, if there is enough new: nobody is answered meanwhile.

    Python does so whenever there is a quarter more, so again and again while many come in.
    """
    if gc.get_count()[2] >= YOUNG[1]:
        gc.collect()
    loop.call_later(COLLECTS_EVERY, _collect, loop)


class Turnstile:
    """Newcomers begin a few in each turn of the loop: however many come at once, who is in has their turn."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._left = BEGIN_AT_ONCE
        self._is_turning = False

    def passes(self, begin: Callable[[], None]) -> bool:
        """Whether somebody may begin now; else *begin* is called in one of the next turns."""
        if not self._is_turning:
            self._is_turning = True
            asyncio.get_running_loop().call_soon(self._turn)
        if self._left and not self._waiting:
            self._left -= 1
            return True
        self._waiting.append(begin)
        return False

    def _turn(self) -> None:
        self._is_turning = bool(self._waiting)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        self._left = BEGIN_AT_ONCE
        while self._left and self._waiting:
            self._left -= 1
            self._waiting.popleft()()


turnstile: Final = Turnstile()


class Inbox:
    """What one client has said and nobody has read yet. While it is full, the connection isn't read.

    An `asyncio.Queue` for one reader, without the three kilobytes that one takes where nothing is in it.
    """

    __slots__ = ("_items", "_length", "_pause", "_reader", "_resume", "is_full")

    def __init__(self, *, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self.is_full = False
        self._pause, self._resume = pause, resume
        self._items: deque[dict[str, Any]] | None = None  # while there is something in it
        self._length = 0
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, item: dict[str, Any]) -> None:
        if self._items is None:
            self._items = deque()
        self._items.append(item)
        self._length += _length(item)
        if not self.is_full and (len(self._items) >= MAX_WAITING or self._length >= MAX_WAITING_SIZE):
            self.is_full = True
            self._pause()
        if self._reader and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> dict[str, Any]:
        """The next; waits for it."""
        while not self._items:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        item = self._items.popleft()
        self._length -= _length(item)
        left = len(self._items)
        if not left:
            self._items = None
        if self.is_full and left <= MAX_WAITING // 2 and self._length <= MAX_WAITING_SIZE // 2:
            self.is_full = False
            self._resume()
        return item


def _length(item: dict[str, Any]) -> int:
    return len(item.get("text") or item.get("bytes") or "")


def is_too_long(target: bytes, length: int) -> bool:
    """Whether a body of *length* is more than its path takes.

    Args:
        target: as it stands in the request line, with the query.
    """
    if length <= settings.MAX_BODY:
        return False
    return length > body_cap(unquote(target.partition(b"?")[0].decode("latin1")))


def problem_of(status: int) -> Problem:
    """What a status says that the server chose by itself."""
    if status >= 500:
        return ServerFault()
    return NotAllowed() if status == 403 else BadRequest()


def refusal(status: int) -> bytes:
    """A whole answer by the server itself, behind which the connection ends."""
    headers, content = bare_answer(problem_of(status), status=status)
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"Server: " + NAME.encode(), b"Connection: close", b"", content])


class OpenSocket(Protocol):
    """A connection of a server that has become a WebSocket."""

    is_gone: bool

    def send_away(self) -> None:
        """Close it with `GOING_AWAY`, unless it is closing."""
        ...


async def take_leave(
    *,
    sockets: Callable[[], Sequence[OpenSocket]],
    is_answering: Callable[[], bool],
    running: Callable[[], list[asyncio.Future[Any]]],
) -> None:
    """The process ends: sockets are sent away, requests finish, then whatever still runs is cancelled.

    Args:
        sockets: those that there are.
        is_answering: whether a request waits for its answer.
        running: the calls of the application that are not done.
    """
    await close_hub()
    await close_connections()
    leaving = sockets()
    for each in leaving:  # of nobody in the hub: they were still showing who they are
        each.send_away()
    await _until(lambda: all(each.is_gone for each in leaving), within=GONE_WITHIN)
    await _until(lambda: not is_answering(), within=FINISH_WITHIN)
    if left := running():
        for call in left:
            call.cancel()
        await asyncio.wait(left, timeout=STOP_WITHIN)


async def _until(condition: Callable[[], bool], *, within: float) -> None:
    until = time.monotonic() + within
    while not condition() and time.monotonic() < until:
        await asyncio.sleep(0.02)
