"""Where a socket goes."""

from typing import Any

from channels.routing import URLRouter

from common.addresses import address_of_scope
from common.gate import gate
from realtime.threads import reading


class Sockets:
    """Routes sockets, and refuses one at an unknown path, or of an address that is not served, unaccepted."""

    def __init__(self, routes: list[Any]) -> None:
        self.routes = routes
        self.router = URLRouter(routes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].lstrip("/")
        is_known = any(route.pattern.match(path) for route in self.routes)
        if is_known and await reading(gate.admits)(address_of_scope(scope)):
            await self.router(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})
