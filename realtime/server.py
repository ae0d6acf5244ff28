"""Daphne with the manners of our protocol: back-pressure, our ping, our close codes.

Daphne writes whatever it is given into an unbounded buffer, so that a slow reader would hold memory. Here a
send waits while the connection can't take more, and the socket's own bounded queue does the rest.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer

from .frames import MAX_FRAME, Close
from .hub import close_hub

PING_EVERY: Final = 25  # seconds
PONG_WITHIN: Final = 10  # seconds
CLOSE_WITHIN: Final = 10  # seconds for a slow reader to reach the close code behind what is on its way
GONE_WITHIN: Final = 1.0  # seconds for clients to take their leave when the process ends
STOP_WITHIN: Final = 1.0  # seconds for what still runs then


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

    def onAutoPingTimeout(self) -> None:  # noqa: N802
        self.autoPingTimeoutCall = None
        self.serverClose(Close.NO_PONG)

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802 (daphne's name)
        self._let_go()
        # Not `sendClose`: it refuses 1012, which is for servers to say (RFC 6455 §7.4, IANA's registry).
        self.sendCloseFrame(code=1000 if code is None else int(code))

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
        self.ws_factory.protocol = LiveProtocol
        self.ws_factory.setProtocolOptions(closeHandshakeTimeout=CLOSE_WITHIN)
        self._ready()

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send" and hasattr(protocol, "writable"):
            await protocol.writable.wait()
        await super().handle_reply(protocol, message)

    def kill_all_applications(self) -> Any:
        """The process ends: sockets are sent away, then whatever still runs is cancelled."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._stop()))

    async def _stop(self) -> None:
        await close_hub()
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
