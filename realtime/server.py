"""Daphne with the manners of our protocol: back-pressure both ways, our ping, our close codes.

Daphne writes whatever it is given into an unbounded buffer, so that a slow reader would hold memory. Here a
send waits while the connection can't take more, and the socket's own bounded queue does the rest. It reads
as fast as a client sends, too; here it stops to read while enough waits for us.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer

from common.api.answers import bare_answer

from .frames import MAX_FRAME, Close
from .hub import close_hub
from .pipes import EXTENSION
from .requests import LiveChannel, problem_of
from .socketio.engine import close_connections

PING_EVERY: Final = 25  # seconds
PONG_WITHIN: Final = 10  # seconds
CLOSE_WITHIN: Final = 10  # seconds for a slow reader to reach the close code behind what is on its way
GONE_WITHIN: Final = 1.0  # seconds for clients to take their leave when the process ends
STOP_WITHIN: Final = 1.0  # seconds for what still runs then
MAX_WAITING: Final = 32  # frames of one client that wait for us, before we stop to read more
MAX_WAITING_SIZE: Final = MAX_FRAME  # the same by size, roughly: what is there by then, and one frame more


class Inbox(asyncio.Queue[dict[str, Any]]):
    """What one client has said and nobody has read yet. While it is full, the connection isn't read."""

    def __init__(self, transport: Any) -> None:
        super().__init__()
        self.is_full = False
        self._transport = transport
        self._length = 0

    def _put(self, item: dict[str, Any]) -> None:
        super()._put(item)
        self._length += _length(item)
        if not self.is_full and (self.qsize() >= MAX_WAITING or self._length >= MAX_WAITING_SIZE):
            self.is_full = True
            self._transport.pauseProducing()

    def _get(self) -> dict[str, Any]:
        item: dict[str, Any] = super()._get()
        self._length -= _length(item)
        if self.is_full and self.qsize() <= MAX_WAITING // 2 and self._length <= MAX_WAITING_SIZE // 2:
            self.is_full = False
            self._transport.resumeProducing()
        return item


def _length(item: dict[str, Any]) -> int:
    return len(item.get("text") or item.get("bytes") or "")


class LivePipe:
    """The `Pipe` of a connection."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: "LiveProtocol") -> None:
        self._protocol = protocol

    @property
    def is_open(self) -> bool:
        return self._protocol.state == LiveProtocol.STATE_OPEN and self._protocol.writable.is_set()

    def write(self, frames: bytes) -> None:
        self._protocol.transport.write(frames)


class LiveProtocol(WebSocketProtocol):
    """A connection that tells when it is full, and closes with our code when its client is dead."""

    def onOpen(self) -> None:  # noqa: N802 (autobahn's name)
        super().onOpen()
        self.writable = asyncio.Event()
        self.writable.set()
        self.transport.unregisterProducer()  # the HTTP channel that the connection began as
        self.transport.registerProducer(self, streaming=True)

    def pauseProducing(self) -> None:  # noqa: N802 (twisted's name)
        self.writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self.writable.set()

    def stopProducing(self) -> None:  # noqa: N802
        self.writable.set()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: FBT001, N802, N803
        if self.state == self.STATE_OPEN:  # what comes behind our close is for nobody
            super().onMessage(payload, isBinary)

    def onAutoPingTimeout(self) -> None:  # noqa: N802
        self.autoPingTimeoutCall = None
        if not self.application_queue.is_full:  # else its pong may be in what we don't read
            self.serverClose(Close.NO_PONG)

    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: Any = None) -> None:  # noqa: N802, N803
        """A socket refused before it opened: in the words of every refusal, under autobahn's status."""
        headers, content = bare_answer(problem_of(code), status=code)
        lines = [f"HTTP/1.1 {code} {reason}".encode(), *(name + b": " + value for name, value in headers)]
        self.sendData(b"\r\n".join([*lines, b"Connection: close", b"", content]))

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802 (daphne's name)
        self._let_go()
        # Not `sendClose`: it refuses 1012, which is for servers to say (RFC 6455 §7.4, IANA's registry).
        self.sendCloseFrame(code=1000 if code is None else int(code))
        # Read on, to throw away: what stays unread resets the connection, and our code is lost on its way.
        self.transport.resumeProducing()

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: FBT001, N802, N803
        self._let_go()
        super().onClose(wasClean, code, reason)

    def _let_go(self) -> None:
        """Nothing more waits for this connection, and the transport may end without a producer's word."""
        if hasattr(self, "writable"):
            self.writable.set()
            self.transport.unregisterProducer()


class LiveServer(Server):
    """A Daphne server for `config.asgi.application`."""

    def __init__(
        self, application: Any, *, host: str, port: int, ready_callable: Callable[[], None], **kwargs: Any
    ) -> None:
        super().__init__(
            application,
            endpoints=[f"tcp:port={port}:interface={host}"],
            ping_interval=PING_EVERY,
            ping_timeout=PONG_WITHIN,
            websocket_timeout=-1,  # a socket lives as long as its session
            websocket_max_message_size=4 * MAX_FRAME,  # bytes; characters are counted by the consumer
            websocket_max_frame_size=4 * MAX_FRAME,
            server_name="serai",
            ready_callable=self._prepare,  # daphne's only word between making its factory and running
            **kwargs,
        )
        self._ready = ready_callable

    def _prepare(self) -> None:
        self.http_factory.protocol = LiveChannel
        self.ws_factory.protocol = LiveProtocol
        self.ws_factory.setProtocolOptions(closeHandshakeTimeout=CLOSE_WITHIN)
        self._ready()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """As Daphne does, for a socket with a bounded inbox."""
        if not isinstance(protocol, LiveProtocol):
            return super().create_application(protocol, scope)
        inbox = Inbox(protocol.transport)
        running = self.application(
            scope=scope | {"asgi": {"version": "3.0"}, "extensions": {EXTENSION: LivePipe(protocol)}},
            receive=inbox.get,
            send=partial(self.handle_reply, protocol),
        )
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(running)
        return inbox

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send" and hasattr(protocol, "writable"):
            await protocol.writable.wait()
        await super().handle_reply(protocol, message)

    def kill_all_applications(self) -> Any:
        """The process ends: sockets are sent away, then whatever still runs is cancelled."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._stop()))

    async def _stop(self) -> None:
        await close_hub()
        await close_connections()
        sockets = [each for each in self.connections if isinstance(each, LiveProtocol)]
        for each in sockets:
            if each.state == each.STATE_OPEN:  # nobody in the hub: still showing who they are
                each.serverClose(Close.GOING_AWAY)
        until = time.monotonic() + GONE_WITHIN
        while any(each.state != each.STATE_CLOSED for each in sockets) and time.monotonic() < until:
            await asyncio.sleep(0.02)
        running = [
            application
            for details in self.connections.values()
            if (application := details.get("application_instance")) and not application.done()
        ]
        for application in running:
            application.cancel()
        if running:
            await asyncio.wait(running, timeout=STOP_WITHIN)
