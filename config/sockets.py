"""What a socket client hears at a path that has no socket."""

from typing import Any

from channels.routing import URLRouter


class NoSuchSocket:
    """Refuses an unknown path before accepting, instead of failing on it."""

    def __init__(self, router: URLRouter) -> None:
        self.router = router

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].lstrip("/")
        if any(route.pattern.match(path) for route in self.router.routes):  # type: ignore[union-attr]
            await self.router(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})
