"""A client of Socket.IO as a native socket, which lets it in, holds it to limits and sends it away."""

import asyncio
import secrets
from typing import Any, Final
from urllib.parse import urlencode

import structlog

from common.problems import Malformed, NotAllowed, NotAuthenticated, Problem

from .. import metrics
from ..consumers import credentials
from ..frames import Close
from . import packets
from .engine import Connection

logger = structlog.get_logger(__name__)

CONNECT_WITHIN: Final = 10.0  # seconds for a client to say who it is
MAX_WAITING: Final = 8  # frames of a client that wait for the native socket, before we take no more
MAX_NAMESPACES: Final = 10  # that a client may try in vain

REFUSALS: Final[dict[int, type[Problem]]] = {
    Close.NOT_AUTHENTICATED: NotAuthenticated,
    Close.NOT_ALLOWED: NotAllowed,
}
# After these a client should not come back as it is, so it is told that we disconnect it.
FOR_GOOD: Final = {Close.BAD_FRAME, Close.NOT_AUTHENTICATED, Close.NOT_ALLOWED}

GONE: Final = {"type": "websocket.disconnect", "code": 1000}


class Visit:
    """From `CONNECT` to the end, in the one namespace there is.

    Args:
        native: the ASGI application of native sockets at this path.
        scope: of the request that opened the connection.
    """

    def __init__(self, connection: Connection, *, native: Any, scope: dict[str, Any]) -> None:
        connection.above = self
        self._connection = connection
        self._application = native
        self._scope = scope
        self._native: asyncio.Task[None] | None = None
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._has_room = asyncio.Event()
        self._is_in = self._is_gone = False
        self._namespaces = 0
        self._clock = asyncio.get_running_loop().call_later(
            CONNECT_WITHIN, lambda: connection.errand(self.end(Close.NOT_AUTHENTICATED))
        )

    # --- From the client ------------------------------------------------------------------------------------

    async def take(self, text: str) -> None:
        packet = packets.read(text)
        if packet.namespace != packets.HERE:
            await self._refuse_namespace(packet)
            return
        match packet.kind:
            case packets.CONNECT if self._native is None:
                await self._begin(packet.data)
            case packets.EVENT if self._native:
                await self._hand_on(packets.frame_of(packet))
            case packets.DISCONNECT:
                self.gone()
                await self._connection.end(1000, [])
            case _:
                raise Malformed("This is not what a client may say now.")

    async def _refuse_namespace(self, packet: packets.Packet) -> None:
        self._namespaces += 1
        if packet.kind != packets.CONNECT or self._namespaces > MAX_NAMESPACES:
            raise Malformed("There is one namespace.")
        await self._connection.put(packets.unknown_namespace(packet.namespace))

    async def _begin(self, auth: Any) -> None:
        """Let the native socket look at who it is."""
        self._clock.cancel()
        scope = scope_for(self._scope, auth if isinstance(auth, dict) else {})
        if credentials(scope) == (None, None):
            await self.end(Close.NOT_AUTHENTICATED)
            return
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._native = asyncio.create_task(self._run(scope))

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self._application(scope, self._receive, self._send)
        except Exception:  # as a server does whose application fails
            logger.exception("socketio_failed")
        finally:
            self.gone()
            await self._connection.end(1011, [])

    async def _receive(self) -> dict[str, Any]:
        message = await self._inbox.get()
        self._has_room.set()
        return message

    async def _hand_on(self, frame: str) -> None:
        while self.is_behind and not self._is_gone:
            self._has_room.clear()
            await self._has_room.wait()
        self._inbox.put_nowait({"type": "websocket.receive", "text": frame})

    @property
    def is_behind(self) -> bool:
        return self._inbox.qsize() >= MAX_WAITING

    def gone(self) -> None:
        self._is_gone = True
        self._clock.cancel()
        self._inbox.put_nowait(GONE)
        self._has_room.set()  # nobody waits for it any more

    # --- To the client --------------------------------------------------------------------------------------

    async def _send(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "websocket.send":
                if not self._is_in:  # its first frame is `hello`
                    self._is_in = True
                    self._connection.known()
                    await self._connection.put(packets.connected(secrets.token_urlsafe(15)))
                if packet := packets.packet_of(message["text"]):
                    await self._connection.put(packet)
            case "websocket.close":  # it has counted that
                await self._leave(Close(message["code"]))

    async def end(self, code: Close) -> None:
        """Say why, and close."""
        if not self._connection.is_over:
            metrics.closed(code)
        await self._leave(code)

    async def _leave(self, code: Close) -> None:
        self.gone()
        if self._is_in:
            farewell = [packets.closing(code)] + [packets.DISCONNECTED] * (code in FOR_GOOD)
        else:
            farewell = [packets.refused(REFUSALS[code]())] if code in REFUSALS else []
        await self._connection.end(code, farewell)


def scope_for(scope: dict[str, Any], auth: dict[str, Any]) -> dict[str, Any]:
    """The scope of a native socket that signs in with `auth`, or else with what its first request carried."""
    # No extension: what the server offers speaks for the connection below, past Socket.IO.
    native = scope | {"type": "websocket", "subprotocols": [], "extensions": {}}
    token, ticket = auth.get("token"), auth.get("ticket")
    others = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    if isinstance(token, str) and token:
        return native | {"headers": [*others, (b"authorization", b"Bearer " + token.encode())]}
    if isinstance(ticket, str) and ticket:
        return native | {"headers": others, "query_string": urlencode({"ticket": ticket}).encode()}
    return native
