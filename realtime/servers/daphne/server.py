"""Daphne with the manners of our protocol: back-pressure both ways, our ping, our close codes.

Daphne writes whatever it is given into an unbounded buffer, so that a slow reader would hold memory. Here a
send waits while the connection can't take more, and the socket's own bounded queue does the rest. It reads
as fast as a client sends, too; here it stops to read while enough waits for us.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer

from ... import metrics
from ...frames import Close
from ...pipes import EXTENSION
from .. import manners
from ..manners import Inbox, refusal, take_leave
from .requests import LiveChannel


class LivePipe:
    """The `Pipe` of a connection."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: "LiveProtocol") -> None:
        self._protocol = protocol

    @property
    def is_open(self) -> bool:
        protocol = self._protocol
        return protocol.room is None and protocol.state == LiveProtocol.STATE_OPEN

    def write(self, frames: bytes) -> None:
        transport = self._protocol.transport
        if not transport.dataBuffer and not transport._tempDataBuffer:
            # Twisted would keep it for the loop's next turn, and wake for it: dearer than the write itself.
            sent = transport.writeSomeData(frames)
            if sent == len(frames):
                return
            if isinstance(sent, int):
                frames = frames[sent:]
        transport.write(frames)  # a connection that broke is noticed there


class LiveProtocol(WebSocketProtocol):
    """A connection that tells when it is full, and closes with our code when its client is dead."""

    room: asyncio.Event | None = None  # while the connection takes no more
    pinged_at = 0.0  # by `manners.listening`
    is_ours = False  # whether the transport asks us to pause, not the HTTP channel that it began with

    def onOpen(self) -> None:  # noqa: N802 (autobahn's name)
        super().onOpen()
        self.is_ours = True
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, streaming=True)

    def pauseProducing(self) -> None:  # noqa: N802 (twisted's name)
        self.room = self.room or asyncio.Event()

    def resumeProducing(self) -> None:  # noqa: N802
        if self.room:
            self.room.set()
            self.room = None

    def stopProducing(self) -> None:  # noqa: N802
        self.resumeProducing()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: FBT001, N802, N803
        if self.state == self.STATE_OPEN:  # what comes behind our close is for nobody
            super().onMessage(payload, isBinary)

    def onPing(self, payload: bytes) -> None:  # noqa: N802
        if self.room is None:  # else its pong would wait here, one of any number that nobody reads
            super().onPing(payload)

    def _sendAutoPing(self) -> None:  # noqa: N802
        self.pinged_at = manners.listening.seconds
        super()._sendAutoPing()

    def onAutoPingTimeout(self) -> None:  # noqa: N802
        self.autoPingTimeoutCall = None
        if owed := manners.listening.owed(self.pinged_at):
            self.autoPingTimeoutCall = self.factory._batched_timer.call_later(owed, self.onAutoPingTimeout)
        elif not self.application_queue.is_full:  # else its pong may be in what we don't read
            self.end_with(Close.NO_PONG)

    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: Any = None) -> None:  # noqa: N802, N803
        """A socket refused before it opened: in the words of every refusal, under autobahn's status."""
        self.sendData(refusal(code))

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802 (daphne's name)
        self._let_go()
        # Not `sendClose`: it refuses 1012, which is for servers to say (RFC 6455 §7.4, IANA's registry).
        self.sendCloseFrame(code=1000 if code is None else int(code))
        # Read on, to throw away: what stays unread resets the connection, and our code is lost on its way.
        self.transport.resumeProducing()

    def end_with(self, code: int) -> None:
        """The same, where it isn't the application that wants it."""
        if self.state == self.STATE_OPEN:
            metrics.closed(code)
            self.serverClose(code)

    def _fail_connection(self, code: int = 1001, reason: str = "") -> None:
        """What came is no frame, or too large."""
        if self.state == self.STATE_OPEN:
            metrics.closed(code)
        super()._fail_connection(code, reason)

    def handle_exception(self, exception: BaseException) -> None:
        """The application failed."""
        if self.state == self.STATE_OPEN:
            metrics.closed(1011)
        super().handle_exception(exception)

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: FBT001, N802, N803
        self._let_go()
        super().onClose(wasClean, code, reason)

    @property
    def is_gone(self) -> bool:
        return bool(self.state == self.STATE_CLOSED)

    def send_away(self) -> None:
        self.end_with(Close.GOING_AWAY)

    def _let_go(self) -> None:
        """Nothing more waits for this connection, and the transport may end without a producer's word."""
        if self.is_ours:
            self.resumeProducing()
            self.transport.unregisterProducer()


class LiveServer(Server):
    """A Daphne server for `config.asgi.application`."""

    def __init__(
        self, application: Any, *, host: str, port: int, ready_callable: Callable[[], None], **kwargs: Any
    ) -> None:
        super().__init__(
            application,
            endpoints=[
                "tcp:port={}:interface={}:backlog={}".format(port, host.replace(":", r"\:"), manners.BACKLOG)
            ],
            ping_interval=manners.PING_EVERY,
            ping_timeout=manners.PONG_WITHIN,
            websocket_timeout=-1,  # a socket lives as long as its session
            websocket_max_message_size=manners.MAX_MESSAGE,
            websocket_max_frame_size=manners.MAX_MESSAGE,
            server_name=manners.NAME,
            ready_callable=self._prepare,  # daphne's only word between making its factory and running
            **kwargs,
        )
        self._ready = ready_callable
        self._ports: list[Any] = []

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)

    def _prepare(self) -> None:
        self.http_factory.protocol = LiveChannel
        self.ws_factory.protocol = LiveProtocol
        self.http_factory.timeOut = manners.IDLE
        self.ws_factory.setProtocolOptions(
            closeHandshakeTimeout=manners.CLOSE_WITHIN,
            failByDrop=False,  # what is no frame is closed by a code that says so
        )
        manners.begin(asyncio.get_event_loop())
        self._ready()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """As Daphne does, for a socket with a bounded inbox."""
        if not isinstance(protocol, LiveProtocol):
            return super().create_application(protocol, scope)
        inbox = Inbox(pause=protocol.transport.pauseProducing, resume=protocol.transport.resumeProducing)
        running = self.application(
            scope=scope | {"asgi": {"version": "3.0"}, "extensions": {EXTENSION: LivePipe(protocol)}},
            receive=inbox.get,
            send=partial(self.handle_reply, protocol),
        )
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(running)
        return inbox

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send":
            while protocol.room:
                await protocol.room.wait()
        await super().handle_reply(protocol, message)

    def kill_all_applications(self) -> Any:
        """The process ends."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._stop()))

    async def _stop(self) -> None:
        for port in self._ports:
            port.stopListening()
        await take_leave(
            sockets=lambda: [each for each in self.connections if isinstance(each, LiveProtocol)],
            is_answering=self._is_answering,
            running=self._running,
        )
        await asyncio.sleep(0.02)  # for what was written last: Twisted drops what it has not sent by then

    def _is_answering(self) -> bool:
        return any(
            isinstance(protocol, WebRequest) and "disconnected" not in details
            for protocol, details in self.connections.items()
        )

    def _running(self) -> list[asyncio.Future[Any]]:
        return [
            application
            for details in self.connections.values()
            if (application := details.get("application_instance")) and not application.done()
        ]
