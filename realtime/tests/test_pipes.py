"""What a server offers beside ASGI, and to whom."""

import asyncio
from typing import Any

import pytest
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from uvicorn import Config
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.http11 import Request

from realtime.frames import Frame
from realtime.pipes import EXTENSION, pipe_of
from realtime.servers.daphne.server import LivePipe, LiveProtocol, LiveServer
from realtime.servers.uvicorn.sockets import LiveSocket
from realtime.socketio.visit import scope_for


class Transport(StringTransport):
    """One that keeps nothing back, over a wire that takes so much at once; None: it broke."""

    dataBuffer = b""  # noqa: N815 (twisted's name)
    _tempDataBuffer: tuple[bytes, ...] = ()

    def __init__(self, *, wire: int | None) -> None:
        super().__init__()
        self._wire = wire

    def writeSomeData(self, data: bytes) -> int | Exception:  # noqa: N802
        if self._wire is None:
            return ConnectionLost()
        super().write(data[: self._wire])
        return min(len(data), self._wire)


def pipe_over(transport: Transport) -> LivePipe:
    protocol = LiveProtocol()
    protocol.transport = transport
    return LivePipe(protocol)


@pytest.mark.parametrize("wire", [0, 3, 100, None])
def test_what_daphnes_wire_does_not_take_the_transport_sends_later(wire):
    transport = Transport(wire=wire)

    pipe_over(transport).write(b"Salam")

    assert transport.value() == b"Salam"


def test_nothing_goes_before_what_daphnes_transport_keeps_back():
    transport = Transport(wire=100)
    transport.writeSomeData = None  # type: ignore[assignment] # whoever calls it fails
    transport.dataBuffer = b"earlier"

    pipe_over(transport).write(b"Salam")

    assert transport.value() == b"Salam"


def test_daphne_offers_a_pipe_that_is_open_while_its_connection_takes_more():
    scopes: list[dict[str, Any]] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scopes.append(scope)

    async def connect() -> tuple[LiveProtocol, Transport]:
        server = LiveServer(application, host="127.0.0.1", port=0, ready_callable=lambda: None)
        protocol, transport = LiveProtocol(), Transport(wire=100)
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


class Written(asyncio.Transport):
    """A transport of asyncio that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def test_so_does_uvicorn():
    pipes: list[Any] = []
    headers = Headers({"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"})
    headers["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        pipes.extend([pipe_of(scope), pipe_of(scope).is_open])
        await send({"type": "websocket.accept"})
        await receive()
        await receive()

    async def connect() -> None:
        config = Config(application, interface="asgi3", log_config=None, proxy_headers=False)
        connection, wire = LiveSocket(config, ServerState(), {}), Written()
        connection.connection_made(wire)
        connection.handle_connect(Request("/ws", headers, method="GET", protocol="HTTP/1.1"))
        while not wire.written:
            await asyncio.sleep(0)
        pipe, was_open = pipes
        assert not was_open  # not accepted yet

        assert pipe.is_open
        pipe.write(Frame("Salam").wire)
        assert wire.written[-1] == b"\x81\x05Salam"

        connection.pause_writing()
        assert not pipe.is_open
        connection.resume_writing()
        assert pipe.is_open
        connection.close_with(1012)
        assert not pipe.is_open
        assert wire.written[-1] == b"\x88\x02\x03\xf4"
        connection.connection_lost(None)
        assert not pipe.is_open

    asyncio.run(connect())


def test_no_native_frame_goes_past_socketio():
    scope = {"headers": [], "extensions": {EXTENSION: object()}}

    assert pipe_of(scope_for(scope, {})) is None
