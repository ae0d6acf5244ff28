"""Daphne with the manners of our protocol: back-pressure, our ping, our close codes.

Daphne writes whatever it is given into an unbounded buffer, so that a slow reader would hold memory. Here a send waits
while the connection can't take more, and the socket's own bounded queue does the rest.
"""

import asyncio
from typing import Any, Final

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol

from .frames import MAX_FRAME, Close

PING_EVERY: Final = 25  # seconds
PONG_WITHIN: Final = 10  # seconds


class LiveProtocol(WebSocketProtocol):
    """A connection that tells when it is full, and closes with our code when its client is dead."""

    def onOpen(self) -> None:  # noqa: N802 (autobahn's name)
        super().onOpen()
        self.writable = asyncio.Event()
        self.writable.set()
        self.transport.registerProducer(self, True)

    def pauseProducing(self) -> None:  # noqa: N802 (twisted's name)
        self.writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self.writable.set()

    def stopProducing(self) -> None:  # noqa: N802
        self.writable.set()

    def onAutoPingTimeout(self) -> None:  # noqa: N802
        self.autoPingTimeoutCall = None
        self.sendClose(code=Close.NO_PONG)

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: N802, N803
        if hasattr(self, "writable"):
            self.writable.set()
        super().onClose(wasClean, code, reason)


class LiveServer(Server):
    """A Daphne server for `config.asgi.application`."""

    def __init__(self, application: Any, *, host: str, port: int, **kwargs: Any) -> None:
        super().__init__(
            application,
            endpoints=[f"tcp:port={port}:interface={host}"],
            ping_interval=PING_EVERY,
            ping_timeout=PONG_WITHIN,
            websocket_timeout=-1,  # a socket lives as long as its session
            websocket_max_message_size=4 * MAX_FRAME,  # bytes; characters are counted by the consumer
            websocket_max_frame_size=4 * MAX_FRAME,
            server_name="serai",
            **kwargs,
        )

    def run(self) -> None:
        ready = self.ready_callable

        def prepare() -> None:
            self.ws_factory.protocol = LiveProtocol
            if ready:
                ready()

        self.ready_callable = prepare
        super().run()

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send" and hasattr(protocol, "writable"):
            await protocol.writable.wait()
        await super().handle_reply(protocol, message)
