"""Where clients of Engine.IO come in: over HTTP, and over a WebSocket."""

import asyncio
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qsl

from django.conf import settings

from common.addresses import address_of_scope
from common.api.answers import BARE_HEADERS, bare_answer
from common.middleware.bodies import declared_length
from common.problems import BadRequest, BodyTooLarge, Malformed, MethodNotAllowed, NotAllowed, Problem

from ..consumers import origin_is_welcome
from ..frames import Close
from . import engine
from .engine import Connection, Wire, connections
from .visit import Visit

REVISION: Final = "4"  # of Engine.IO, as `EIO` in the query
UPGRADE_WITHIN: Final = 10.0  # seconds for a polling client to change to its WebSocket
METHODS: Final = "GET, POST"


def query_of(scope: dict[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(scope.get("query_string", b"").decode("latin1")))


class EngineIo:
    """An ASGI application for HTTP and WebSockets.

    Args:
        native: the application of native sockets, which hears what is said here in its own words.
    """

    def __init__(self, native: Any) -> None:
        self.native = native

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    def _visited(self, connection: Connection, scope: dict[str, Any]) -> Connection:
        Visit(connection, native=self.native, scope=scope)
        return connection

    # --- Polling --------------------------------------------------------------------------------------------

    async def _request(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            content = (await self._answer(scope, receive)).encode()
            given = BARE_HEADERS | {
                "Content-Type": "text/plain; charset=UTF-8",
                "Content-Length": str(len(content)),
            }
            status, headers = 200, [(name.encode(), value.encode()) for name, value in given.items()]
        except Problem as problem:
            status, (headers, content) = problem.status, bare_answer(problem)
        headers += cors_headers(scope)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: dict[str, Any], receive: Any) -> str:
        query = query_of(scope)
        if not origin_is_welcome(scope):
            raise NotAllowed
        if scope["method"] == "OPTIONS":
            return ""  # a preflight: its answer is in the headers
        if scope["method"] not in ("GET", "POST"):
            raise MethodNotAllowed(headers={"Allow": METHODS})
        if query.get("EIO") != REVISION:
            raise BadRequest("Engine.IO 4 is spoken here: EIO=4.")
        if query.get("transport") != "polling":
            raise BadRequest("Over HTTP the transport is polling.")
        if "sid" not in query and scope["method"] == "GET":
            connection = engine.open_by_polling(address_of_scope(scope))
            return self._visited(connection, scope).handshake()
        if (found := connections.get(query.get("sid", ""))) is None:
            raise BadRequest("There is no connection with this sid here.")
        try:
            return await (poll if scope["method"] == "GET" else take)(found, scope, receive)
        except (Malformed, BodyTooLarge):
            await found.above.end(Close.BAD_FRAME)
            raise

    # --- WebSocket ------------------------------------------------------------------------------------------

    async def _socket(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()  # `websocket.connect`
        query, wire = query_of(scope), Wire(send)
        polling = connections.get(query["sid"]) if "sid" in query else None
        may_upgrade = polling is not None and polling.polls and not polling.is_upgrading
        if (
            not origin_is_welcome(scope)
            or query.get("EIO") != REVISION
            or ("sid" in query and not may_upgrade)
        ):
            await send({"type": "websocket.close"})  # before accepting: HTTP 403
            return
        await send({"type": "websocket.accept"})
        if polling is None:
            connection = self._visited(Connection(address=address_of_scope(scope), wire=wire), scope)
            await wire.send(connection.handshake())
        elif await upgrade(polling, receive, wire):
            connection = polling
        else:
            with suppress(Exception):  # it may be gone by itself
                await wire.close()
            return
        try:
            while (message := await receive())["type"] == "websocket.receive":
                try:
                    await connection.take(message.get("text") or "")
                except Malformed:
                    await connection.above.end(Close.BAD_FRAME)
        finally:
            connection.lost()


def both(native: Any) -> Any:
    """For a path where both kinds of client connect: those of Socket.IO have `EIO` in the query."""
    engine_io = EngineIo(native)

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await (engine_io if "EIO" in query_of(scope) else native)(scope, receive, send)

    return application


async def poll(connection: Connection, scope: dict[str, Any], receive: Any) -> str:
    """The answer to a GET. A client that leaves it unanswered is gone."""
    polling = asyncio.create_task(connection.poll())
    leaving = asyncio.create_task(until_left(receive))
    try:
        await asyncio.wait([polling, leaving], return_when=asyncio.FIRST_COMPLETED)
        if not polling.done():
            connection.lost()
            return ""
        return polling.result()
    finally:
        polling.cancel()
        leaving.cancel()


async def until_left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def take(connection: Connection, scope: dict[str, Any], receive: Any) -> str:
    """The answer to a POST, once all of it is taken."""
    cap = settings.MAX_BODY
    if (declared_length(scope) or 0) > cap:  # `manage.py serve` has read none of it
        raise BodyTooLarge(limit=cap)
    body, has_more = b"", True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("The body broke off.")
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
        if len(body) > cap:
            raise BodyTooLarge(limit=cap)
    try:
        payload = body.decode()
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    await connection.take_all(payload)
    return "ok"


async def upgrade(connection: Connection, receive: Any, wire: Wire) -> bool:
    """Have a polling client change to its WebSocket; whether it did. If not, it goes on polling."""
    connection.is_upgrading = True
    try:
        async with asyncio.timeout(UPGRADE_WITHIN):
            if (await receive()).get("text") != engine.PING + engine.PROBE:
                return False
            await wire.send(engine.PONG + engine.PROBE)
            connection.nudge()
            if (await receive()).get("text") != engine.UPGRADE:
                return False
    except TimeoutError:
        return False
    finally:
        connection.is_upgrading = False
    await connection.use(wire)
    return not connection.is_over  # it may have been ended meanwhile


def cors_headers(scope: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """What a browser of a listed origin must see, as for REST; a preflight sees what it may send."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin1")
    told = {"Vary": "origin"}
    if origin in settings.CORS_ALLOWED_ORIGINS:
        told["Access-Control-Allow-Origin"] = origin
        if b"access-control-request-method" in headers:
            told |= {
                "Access-Control-Allow-Methods": METHODS,
                "Access-Control-Allow-Headers": ", ".join(settings.CORS_ALLOW_HEADERS),
                "Access-Control-Max-Age": str(settings.CORS_PREFLIGHT_MAX_AGE),
            }
    return [(name.encode(), value.encode("latin1")) for name, value in told.items()]
