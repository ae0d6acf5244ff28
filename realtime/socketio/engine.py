"""Engine.IO, revision 4 of its protocol: one connection, by polling, by WebSocket, or first so and then so.

https://github.com/socketio/engine.io-protocol. Left out on purpose: binary data, which nobody here sends.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

import structlog
from django.conf import settings

from common.api.answers import encode
from common.problems import LimitReached, Malformed

from ..frames import Close

logger = structlog.get_logger(__name__)

# The first character of a packet.
OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP = "0123456"
PROBE: Final = "probe"  # behind PING and PONG on a WebSocket that a polling client tries
SEPARATOR: Final = "\x1e"  # between the packets of one poll

PING_EVERY: Final = 25.0  # seconds; the protocol's own defaults, which clients are told
PONG_WITHIN: Final = 20.0  # seconds
NOOP_AFTER: Final = 0.1  # seconds that a poll still waits while its client changes to a WebSocket
FAREWELL_WITHIN: Final = 1.0  # seconds for the last packets of a WebSocket that may be full
LINGER: Final = 10.0  # seconds for a client to poll for the last packets
ROOM: Final = 64 * 1024  # characters that wait for a poll; more waits in the native socket
MAX_STRANGERS: Final = 256  # polling connections of one address whose person is not known yet


class Above(Protocol):
    """Who speaks over a connection."""

    async def take(self, text: str) -> None:
        """A message. Raises `Malformed`."""
        ...

    def gone(self) -> None:
        """The client has left."""
        ...

    async def end(self, code: Close) -> None:
        """Take leave of the client, and end the connection."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether enough waits to be taken, so that what the client says is left unread."""
        ...


class Wire:
    """The WebSocket of a connection."""

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._send = send

    async def send(self, packet: str) -> None:
        """Waits while the connection can't take more."""
        await self._send({"type": "websocket.send", "text": packet})

    async def close(self, code: int = 1000) -> None:
        await self._send({"type": "websocket.close", "code": code})


class Connection:
    """One client.

    Args:
        address: where it comes from, as far as that can be believed.
        wire: its WebSocket; it polls if None.

    Attributes:
        sid: its name. Whoever knows it may speak as this client, so nobody else is told.
        above: who speaks over it.
        is_upgrading: a polling client is trying a WebSocket.
        is_over: it is ended, though its last packets may still wait for a poll.
    """

    above: Above

    def __init__(self, *, address: str | None, wire: Wire | None = None) -> None:
        node = settings.SOCKETIO_NODE
        self.sid = f"{node}.{secrets.token_urlsafe(18)}" if node else secrets.token_urlsafe(18)
        self.address = address
        self.is_upgrading = False
        self.is_over = False
        self._wire = wire
        self._waiting: deque[str] = deque()
        self._length = 0
        self._filled = asyncio.Event()
        self._has_room = asyncio.Event()
        self._is_polled = self._is_posted = False
        self._is_asked = False
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.call_later(PING_EVERY, self._ask)
        self._errands: set[asyncio.Task[None]] = set()
        connections[self.sid] = self

    @property
    def polls(self) -> bool:
        """Whether it has no WebSocket, or not yet."""
        return self._wire is None

    def handshake(self) -> str:
        """The packet that opens it."""
        told = {
            "sid": self.sid,
            "upgrades": ["websocket"] if self.polls else [],
            "pingInterval": round(PING_EVERY * 1000),
            "pingTimeout": round(PONG_WITHIN * 1000),
            "maxPayload": settings.MAX_BODY,
        }
        return OPEN + encode(told).decode()

    # --- To the client --------------------------------------------------------------------------------------

    async def put(self, packet: str) -> None:
        """Send a packet; waits while the client takes no more."""
        while self._wire is None and self._length >= ROOM and not self.is_over:
            self._has_room.clear()
            await self._has_room.wait()
        if self.is_over:
            return
        if self._wire:
            await self._wire.send(packet)
        else:
            self._wait(packet)

    def _wait(self, packet: str) -> None:
        self._waiting.append(packet)
        self._length += len(packet)
        self._filled.set()

    async def poll(self) -> str:
        """All that waits, as one payload; waits until there is something. The end comes in a poll of its own:
        clients act on it before they look at what came along with it.

        Raises:
            Malformed: it is being polled already, or has a WebSocket.
        """
        if self._is_polled or self._wire:
            raise Malformed("A connection has one poll at a time.")
        self._is_polled = True
        try:
            while not self._waiting and not self.is_over:
                self._filled.clear()
                if self._wire:
                    return NOOP
                try:
                    async with asyncio.timeout(NOOP_AFTER if self.is_upgrading else None):
                        await self._filled.wait()
                except TimeoutError:
                    return NOOP
            if not self._waiting:
                self.forget()
                return CLOSE
            payload = SEPARATOR.join(self._waiting)
            self._waiting.clear()
            self._length = 0
            self._has_room.set()
            return payload
        finally:
            self._is_polled = False

    def nudge(self) -> None:
        """Have an open poll look again."""
        self._filled.set()

    async def use(self, wire: Wire) -> None:
        """Go on over a WebSocket, behind what waits."""
        while self._waiting:
            packet = self._waiting.popleft()
            self._length -= len(packet)
            await wire.send(packet)
        self._wire = wire
        self._has_room.set()
        self.nudge()

    async def end(self, code: int, farewell: Sequence[str]) -> None:
        """Send these last packets and close: a WebSocket with *code*, a poll by a packet. Once."""
        if self.is_over:
            return
        self._stop()
        if self._wire:
            self.forget()
            try:
                async with asyncio.timeout(FAREWELL_WITHIN):
                    for packet in farewell:
                        await self._wire.send(packet)
            except Exception:  # it takes nothing more, or broke
                logger.debug("connection_without_farewell", exc_info=True)
            await self._wire.close(code)
        else:
            for packet in farewell:
                self._wait(packet)
            self.nudge()
            self._loop.call_later(LINGER, self.forget)

    # --- From the client ------------------------------------------------------------------------------------

    async def take_all(self, payload: str) -> None:
        """The packets of a POST. Raises `Malformed`."""
        if self._is_posted or self._wire:
            raise Malformed("A connection has one POST at a time.")
        self._is_posted = True
        try:
            for packet in payload.split(SEPARATOR):
                await self.take(packet)
        finally:
            self._is_posted = False

    async def take(self, packet: str) -> None:
        """One packet. Raises `Malformed`."""
        if self.is_over:
            return
        if packet.startswith(MESSAGE):
            await self.above.take(packet[1:])
        elif packet == PONG and self._is_asked:  # more than we asked for would keep us busy for nothing
            self._is_asked = False
            self._clock.cancel()
            self._clock = self._loop.call_later(PING_EVERY, self._ask)
        elif packet == CLOSE:
            self.lost()
        else:
            raise Malformed("This is no packet that a client may send.")

    def lost(self) -> None:
        """The client is gone."""
        if not self.is_over:
            self._stop()
            self.forget()
            self.above.gone()

    # --- Its life -------------------------------------------------------------------------------------------

    def known(self) -> None:
        """The person at the other end is known now."""
        strangers.discard(self)

    def forget(self) -> None:
        connections.pop(self.sid, None)
        strangers.discard(self)

    def _stop(self) -> None:
        self.is_over = True
        self._clock.cancel()
        self._has_room.set()  # nobody waits for it any more

    def _ask(self) -> None:
        self._is_asked = True
        self._clock = self._loop.call_later(PONG_WITHIN, self._unanswered)
        self.errand(self.put(PING))

    def _unanswered(self) -> None:
        if self.above.is_behind:  # its pong may be in what we don't read
            self._clock = self._loop.call_later(PONG_WITHIN, self._unanswered)
        else:
            self.errand(self.above.end(Close.NO_PONG))

    def errand(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside what else goes on."""
        task = self._loop.create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)

    def _errand_done(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.debug("connection_broke", exc_info=error)  # whoever reads from it hears that too


connections: Final[dict[str, Connection]] = {}  # of this process, by their `sid`
strangers: Final[set[Connection]] = set()  # that poll, so that no open socket of theirs bounds their number


def open_by_polling(address: str | None) -> Connection:
    """A connection for a client that polls.

    Raises:
        LimitReached: `MAX_STRANGERS` of the same address have not said yet who they are.
    """
    if sum(each.address == address for each in strangers) >= MAX_STRANGERS:
        raise LimitReached(headers={"Retry-After": str(round(LINGER))})
    connection = Connection(address=address)
    strangers.add(connection)
    return connection


async def close_connections() -> None:
    """End all that the hub did not: the process ends, and nobody knew yet who they are."""
    for connection in list(connections.values()):
        await connection.above.end(Close.GOING_AWAY)
