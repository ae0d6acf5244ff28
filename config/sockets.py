"""Where a socket goes."""

from typing import Any

from channels.routing import URLRouter

from common.addresses import address_of_scope
from common.api.answers import bare_answer
from common.gate import gate
from common.problems import AddressDenied
from realtime.socketio.doors import query_of
from realtime.threads import entering


async def admits(address: str | None) -> bool:
    """Whether *address* is served: in a thread only where that takes a look at the database."""
    verdict = gate.verdict(address)
    return await entering(gate.admits)(address) if verdict is None else verdict


class Sockets:
    """Routes sockets, and refuses one at an unknown path, or of an address that is not served, unaccepted."""

    def __init__(self, routes: list[Any]) -> None:
        self.routes = routes
        self.router = URLRouter(routes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].lstrip("/")
        is_known = any(route.pattern.match(path) for route in self.routes)
        if is_known and await admits(address_of_scope(scope)):
            await self.router(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})


class Polls:
    """An HTTP application around another one: what clients of Socket.IO poll for is not Django's.

    A poll waits for half a minute, and Django would hold a thread for it.
    """

    def __init__(self, routes: list[Any], application: Any) -> None:
        self.routes = routes
        self.router = URLRouter(routes)
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self._is_poll(scope):
            await self.application(scope, receive, send)
        elif await admits(address_of_scope(scope)):
            await self.router(scope, receive, send)
        else:
            headers, content = bare_answer(AddressDenied())
            await send({"type": "http.response.start", "status": AddressDenied.status, "headers": headers})
            await send({"type": "http.response.body", "body": content})

    def _is_poll(self, scope: Any) -> bool:
        if b"EIO" not in scope["query_string"]:
            return False  # most are none
        path = scope["path"].lstrip("/")
        return any(route.pattern.match(path) for route in self.routes) and "EIO" in query_of(scope)
