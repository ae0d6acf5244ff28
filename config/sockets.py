"""Where a socket goes."""

from typing import Any

from channels.routing import URLRouter


class Sockets:
    """Routes sockets, and refuses an unknown path before accepting it instead of failing on it."""

    def __init__(self, routes: list[Any]) -> None:
        self.routes = routes
        self.router = URLRouter(routes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].lstrip("/")
        if any(route.pattern.match(path) for route in self.routes):
            await self.router(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})
