"""What a server offers beside ASGI, and to whom."""

import asyncio
from typing import Any

from twisted.internet.testing import StringTransport

from realtime.frames import Frame
from realtime.pipes import EXTENSION, pipe_of
from realtime.servers.daphne.server import LiveProtocol, LiveServer
from realtime.socketio.visit import scope_for


def test_daphne_offers_a_pipe_that_is_open_while_its_connection_takes_more():
    scopes: list[dict[str, Any]] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scopes.append(scope)

    async def connect() -> tuple[LiveProtocol, StringTransport]:
        server = LiveServer(application, host="127.0.0.1", port=0, ready_callable=lambda: None)
        protocol, transport = LiveProtocol(), StringTransport()
        protocol.transport = transport
        protocol.state = LiveProtocol.STATE_CONNECTING
        server.connections = {protocol: {}}
        server.create_application(protocol, {"type": "websocket"})
        await server.connections[protocol]["application_instance"]
        return protocol, transport

    protocol, transport = asyncio.run(connect())
    pipe = pipe_of(scopes[0])
    assert pipe is not None
    assert not pipe.is_open  # not accepted yet

    protocol.state = LiveProtocol.STATE_OPEN
    protocol.writable = asyncio.Event()
    protocol.resumeProducing()
    assert pipe.is_open
    pipe.write(Frame("Salam").wire)
    assert transport.value() == b"\x81\x05Salam"

    protocol.pauseProducing()
    assert not pipe.is_open
    protocol.resumeProducing()
    assert pipe.is_open
    protocol.state = LiveProtocol.STATE_CLOSING
    assert not pipe.is_open


def test_no_native_frame_goes_past_socketio():
    scope = {"headers": [], "extensions": {EXTENSION: object()}}

    assert pipe_of(scope_for(scope, {})) is None
