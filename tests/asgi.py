"""A client of an ASGI application, for tests that are a transaction: all it does is done in their thread."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponse
from rest_framework.test import APIClient


class AsgiClient(APIClient):
    """An `APIClient` whose requests go through the whole application, not to Django alone."""

    def __init__(self, application: Any) -> None:
        super().__init__()
        self.application = application
        self.handler = self._ask

    def _ask(self, environ: dict[str, Any]) -> HttpResponse:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answered: list[dict[str, Any]] = []
        with connections_kept():
            async_to_sync(converse)(self.application, scope_of(environ), [body], answered)
        return response_of(answered)


@contextmanager
def connections_kept() -> Iterator[None]:
    """Django takes a connection in a transaction for one that somebody forgot there, and closes it."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


async def converse(
    application: Any, scope: dict[str, Any], pieces: list[bytes], answered: list[dict[str, Any]]
) -> None:
    """One request, its body in *pieces*; then the client waits for the answer."""
    came = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, 1)
    ]

    async def receive() -> dict[str, Any]:
        return came.pop(0) if came else await asyncio.Future()  # it stays

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    await application(scope, receive, send)


def scope_of(environ: dict[str, Any]) -> dict[str, Any]:
    path = environ["PATH_INFO"].encode("latin1")
    headers = {name[5:]: value for name, value in environ.items() if name.startswith("HTTP_") and value}
    headers.setdefault("HOST", environ["SERVER_NAME"])
    headers |= {name: environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    return {
        "type": "http",
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": path.decode(),
        "raw_path": path,
        "root_path": "",
        "query_string": environ.get("QUERY_STRING", "").encode(),
        "headers": [
            (name.lower().replace("_", "-").encode(), str(value).encode("latin1"))
            for name, value in headers.items()
        ],
        "client": (environ["REMOTE_ADDR"], 50000),
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
    }


def response_of(answered: list[dict[str, Any]]) -> Any:
    start, *rest = answered
    response: Any = HttpResponse(b"".join(each.get("body", b"") for each in rest), status=start["status"])
    del response.headers["Content-Type"]
    for name, value in start["headers"]:
        response.headers[name.decode("latin1")] = value.decode("latin1")
    response.wsgi_request = None
    return response


class ThisThread:
    """In place of a gatherer's threads: the thread that waits in `async_to_sync`, in its transaction."""

    def __init__(self) -> None:
        self._at_work: set[asyncio.Task[None]] = set()

    def submit(self, work: Callable[[], None]) -> None:
        task = asyncio.create_task(self._do(work))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    @staticmethod
    async def _do(work: Callable[[], None]) -> None:
        await sync_to_async(work, thread_sensitive=True)()
