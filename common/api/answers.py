"""Answers as bytes, dressed for the door they leave through."""

from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from common.http import door_of, request_id_of
from common.problems import Problem

from .casing import rename, to_camel

PROBLEM_TYPE = "application/problem+json"

# What goes out past Django says at least this: nothing here is ever a page.
BARE_HEADERS: Final = {
    "Content-Type": PROBLEM_TYPE,
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def encode(data: Any) -> bytes:
    """JSON, as bytes: times in UTC with a `Z`, ids and translations as text."""
    return orjson.dumps(data, default=_text, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def dress(data: Any, request: Any, *, status: int) -> Any:
    """*data* in the manners of the request's door (api.md §1)."""
    door = door_of(request)
    if door.is_older and isinstance(data, dict):
        data = {"success": status < 400, **data}
        if status >= 400:
            data["error"] = data.get("title")
        elif door.owes_token and "mfa_required" not in data:
            data["token"] = data.get("access")
    return _in_camel_case(data) if door.is_camel else data


def _in_camel_case(data: Any) -> Any:
    """Keys, and the names of fields in a refusal's `errors`, which are keys of what was sent."""
    data = rename(data, to_camel)
    if isinstance(data, dict) and isinstance(data.get("errors"), list):
        data["errors"] = [fault | {"field": to_camel(fault["field"])} for fault in data["errors"]]
    return data


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    """*problem* over HTTP, for refusals from outside a view."""
    body = problem.body() | {"request_id": request_id_of(request)}
    return HttpResponse(
        encode(dress(body, request, status=problem.status)),
        status=problem.status,
        content_type=PROBLEM_TYPE,
        headers=problem.headers,
    )


def bare_answer(problem: Problem, *, status: int | None = None) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of *problem* where the server refuses by itself, before Django sees the request.

    Args:
        status: the server's own, if it is nearer than the problem's.
    """
    content = encode(problem.body() | {"status": status or problem.status})
    headers = BARE_HEADERS | {"Content-Length": str(len(content))} | problem.headers
    return [(name.encode(), value.encode()) for name, value in headers.items()], content


def _text(value: Any) -> str:
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
