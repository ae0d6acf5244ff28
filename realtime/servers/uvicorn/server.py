"""Uvicorn with the manners of our protocol."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from uvicorn import Config, Server
from uvicorn.server import HANDLED_SIGNALS

from .. import manners
from ..manners import take_leave
from .requests import LiveRequests
from .sockets import LiveSocket


class LiveServer(Server):
    """A uvicorn server for `config.asgi.application`."""

    def __init__(self, application: Any, *, host: str, port: int, ready_callable: Callable[[], None]) -> None:
        super().__init__(
            Config(
                application,
                host=host,
                port=port,
                loop="uvloop",
                http=LiveRequests,
                ws=LiveSocket,
                ws_max_size=manners.MAX_MESSAGE,
                ws_ping_interval=manners.PING_EVERY,
                ws_ping_timeout=manners.PONG_WITHIN,
                ws_per_message_deflate=False,  # a frame is made once for all sockets
                interface="asgi3",
                lifespan="off",
                log_config=None,  # ours
                access_log=False,  # a request is logged by our middleware
                proxy_headers=False,  # `TRUSTED_PROXIES` knows whom to believe
                headers=[("server", manners.NAME)],
                timeout_keep_alive=manners.IDLE,
                backlog=manners.BACKLOG,
                workers=1,  # not of `WEB_CONCURRENCY`: processes are the operator's to start
            )
        )
        self._ready = ready_callable

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """As it is, but that a signal is an end like any other: uvicorn would raise it again afterwards."""
        loop = asyncio.get_running_loop()
        for each in HANDLED_SIGNALS:
            loop.add_signal_handler(each, self.handle_exit, each, None)
        await self._serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        manners.begin(asyncio.get_running_loop())
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in self.servers:
            each.close()
        for connection in self._connections(LiveRequests):
            connection.shutdown()  # at once, or behind its answer
        await take_leave(
            sockets=lambda: self._connections(LiveSocket),
            is_answering=lambda: bool(self._connections(LiveRequests)),
            running=lambda: list(self.server_state.tasks),
        )

    def _connections(self, kind: type) -> list[Any]:
        return [each for each in self.server_state.connections if isinstance(each, kind)]
