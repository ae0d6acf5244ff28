"""The door in front of Django."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

import structlog
from django.conf import settings
from django.urls import resolve

from common.metrics import request_answered
from common.usage import agent_of, called

from .requests import MAX_BODY, FastRequest, read_request

# Of the scope that Django gets. The error of a request that failed in the middle: it must not be tried again.
FAILED: Final = "serai.failed"

OF_EACH: Final = frozenset({b"content-length", b"location", b"x-request-id"})  # headers of one answer
OF_LIMITS: Final = b"ratelimit-"
PATIENCE: Final = 1.0  # seconds to wait for Django's first answer of a kind, before asking it, too
ORIGINS_KNOWN: Final = 64  # to a route: clients name them, so there is an end to what is kept

_templates: Final[dict[re.Pattern[str], str]] = {}

Header = tuple[bytes, bytes]
Kind = tuple[str, str]  # of answers: method, and origin of the request
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LOG: Final = "django_structlog.middlewares.request"  # one log of requests
logger = structlog.get_logger(LOG)
heard = logging.getLogger(LOG)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Success, as JSON."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FastRoute:
    """One operation.

    Attributes:
        view: what answers in Django, and says who may ask, and how often.
        pattern: of the path below `/api/v<number>/`.
        status: of success.
        answer: None leaves it to Django, when nothing was done. An error is our fault.
    """

    method: str
    pattern: re.Pattern[str]
    view: Any
    status: int
    answer: Callable[[FastRequest], Awaitable[Answer | None]]


class FastRoutes:
    """An ASGI application around another one, Django.

    An answer has the headers that Django gave the first one of its kind: by which scheme and host it was
    asked. So the first is always Django's, and so is whatever comes by a host that Django refuses.
    """

    def __init__(self, routes: Iterable[FastRoute], application: Any) -> None:
        self._routes = list(routes)
        self._application = application
        self._base = f"/api/v{settings.API_VERSIONS[-1]}/"
        self._manners: dict[Kind, list[Header]] = {}
        self._lessons: dict[Kind, asyncio.Future[None]] = {}  # done once Django has answered

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        start = perf_counter()
        if (found := self._read(scope)) is None:
            await self._application(scope, receive, send)
            return
        route, request = found
        kind = route.method, request.origin
        if kind not in self._manners and (lesson := self._lessons.get(kind)):
            await asyncio.wait([lesson], timeout=PATIENCE)  # of a crowd at a new process one asks Django
        manners = self._manners.get(kind)
        if manners is None:
            await self._learn(route, kind, scope, receive, send)
            return
        came: list[dict[str, Any]] = []
        if await _read_body(request, receive, came) and (answer := await _answered(route, request)):
            await _send(send, route, request, manners, answer)
            template = _template(route, request)
            request_answered(route.method, template, route.status, perf_counter() - start)
            called(route.method, template, route.status, request.door, agent_of(scope))
        else:
            await self._application(scope, _again(came, receive), send)

    def _read(self, scope: Any) -> tuple[FastRoute, FastRequest] | None:
        path = scope["path"]
        if not path.startswith(self._base):
            return None
        below = path.removeprefix(self._base)
        for route in self._routes:
            if route.method == scope["method"] and (found := route.pattern.fullmatch(below)):
                request = read_request(
                    scope,
                    version=settings.API_VERSIONS[-1],
                    path=below,
                    view=route.view,
                    values=found.groupdict(),
                )
                return (route, request) if request else None
        return None

    async def _learn(self, route: FastRoute, kind: Kind, scope: Any, receive: Receive, send: Send) -> None:
        """Have Django answer, and note what all answers of this kind say."""

        async def watch(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and _is_of_its_kind(route, message):
                if len(self._manners) >= ORIGINS_KNOWN:
                    self._manners.clear()
                self._manners[kind] = [
                    (name, value)
                    for name, value in message["headers"]
                    if name.lower() not in OF_EACH and not name.lower().startswith(OF_LIMITS)
                ]
            await send(message)

        lesson = asyncio.get_running_loop().create_future()
        self._lessons.setdefault(kind, lesson)
        try:
            await self._application(scope, receive, watch)
        finally:
            lesson.set_result(None)
            if self._lessons.get(kind) is lesson:
                del self._lessons[kind]


def _is_of_its_kind(route: FastRoute, message: dict[str, Any]) -> bool:
    """Whether an answer is as all others are that succeed: what it says to one client is for no other."""
    is_for_one = any(name.lower() == b"set-cookie" for name, _ in message["headers"])
    return bool(message["status"] == route.status and not is_for_one)


def _template(route: FastRoute, request: FastRequest) -> str:
    """What the path is called in Django's urls, where the same operation stands."""
    if route.pattern not in _templates:
        _templates[route.pattern] = resolve(request.scope["path"]).route
    return _templates[route.pattern]


async def _read_body(request: FastRequest, receive: Receive, came: list[dict[str, Any]]) -> bool:
    """Whether the body came, whole. What came is kept for Django in any case."""
    pieces: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        came.append(message)
        if message["type"] != "http.request":
            return False  # the client is gone
        pieces.append(message.get("body", b""))
        length += len(pieces[-1])
        if length > MAX_BODY:
            return False
        if not message.get("more_body", False):
            request.body = b"".join(pieces)
            return True


async def _answered(route: FastRoute, request: FastRequest) -> Answer | None:
    try:
        return await route.answer(request)
    except Exception as error:  # noqa: BLE001 (raised by the view, so that it is told and noted as any other)
        request.scope[FAILED] = error
        return None


def _again(came: list[dict[str, Any]], receive: Receive) -> Receive:
    """*receive*, beginning with what *came* already."""
    messages = iter(came)

    async def receive_again() -> dict[str, Any]:
        return next(messages, None) or await receive()

    return receive_again


async def _send(
    send: Send, route: FastRoute, request: FastRequest, manners: list[Header], answer: Answer
) -> None:
    own = {
        "Content-Length": str(len(answer.body)),
        "X-Request-ID": request.request_id,
        **(request.limit_headers or {}),
        **answer.headers,
    }
    headers = [*manners, *((name.encode(), value.encode()) for name, value in own.items())]
    _log(route, request)
    await send({"type": "http.response.start", "status": route.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _log(route: FastRoute, request: FastRequest) -> None:
    """The line that every request has."""
    if not heard.isEnabledFor(logging.INFO):
        return  # before it is put together
    logger.info(
        "request_finished",
        code=route.status,
        request=f"{request.method} {request.get_full_path()}",
        request_id=request.request_id,
        address=request.client_address,
        user=str(request.user.pk),
        session=str(request.auth.pk),
    )
