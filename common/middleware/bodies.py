"""How much of a body is let in: counted while it comes, so that a larger one is never held anywhere.

`BoundedBodies` stands before Django, which would spool the whole body first, and only notes the excess;
`BodyMiddleware` refuses it in the manners of the door. `manage.py serve` stops reading even earlier
(`realtime/servers`), since Daphne has a body whole before it calls anybody.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from common.api.answers import problem_response
from common.problems import BodyTooLarge
from common.sizes import body_cap

EXCEEDED: Final = "serai.exceeded_body_cap"  # of the scope: the cap that the body is larger than

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]


class BoundedBodies:
    """An ASGI application around another one: what comes beyond the cap is thrown away."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        if (declared := declared_length(scope)) and declared > settings.MAX_BODY:
            note(scope, declared)
        await self.application(scope, bounded(scope, receive), send)


def bounded(scope: dict[str, Any], receive: Receive) -> Receive:
    """*receive*, ending the body where it grows beyond its cap and noting so in *scope*."""
    length, is_over, has_length = 0, False, declared_length(scope) is not None

    async def receive_bounded() -> Message:
        nonlocal length, is_over
        message = await receive()
        if is_over:  # whoever waits for the client to leave must not hear of the rest
            while message["type"] == "http.request":
                message = await receive()
        elif message["type"] == "http.request":
            length += len(message.get("body", b""))
            if length > settings.MAX_BODY:
                note(scope, length)
            is_over = EXCEEDED in scope or not message.get("more_body", False)
            if EXCEEDED in scope:
                return {"type": "http.request", "body": b"", "more_body": False}
            if is_over and length and not has_length:  # in chunks: its readers ask how long it is
                scope["headers"] = [*scope["headers"], (b"content-length", str(length).encode())]
        return message

    return receive_bounded


def note(scope: dict[str, Any], length: int) -> None:
    if length > (cap := body_cap(scope["path"])):
        scope[EXCEEDED] = cap


def declared_length(scope: dict[str, Any]) -> int | None:
    """What `Content-Length` says; None if nothing that is a number."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])  # nobody has more to send, and longer numbers take long to read
    return None


class BodyMiddleware:
    """Behind `ApiDoorMiddleware`, so that the refusal is dressed for its door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        cap: int | None = getattr(request, "scope", {}).get(EXCEEDED)
        if cap is not None:
            return problem_response(BodyTooLarge(limit=cap), request)
        return self.get_response(request)
