"""The OpenAPI document: what drf-spectacular can't know of our manners."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import BaseThrottle

from common.problems import Problem

from .answers import PROBLEM_TYPE

DESCRIPTION: Final = """\
One backend for a whole product. Sign in with `POST /api/v1/auth/login` and send the access token as
`Authorization: Bearer …`.

* **Lists** come in cursor pages: follow `next` and `previous` as they are.
* **Refusals** are `application/problem+json` (RFC 9457); `code` is stable, see
  [all codes](/api/docs/problems).
* **Input** is checked strictly: an unknown field is refused.
* **Terms**: where there is something to accept first, all but `auth`, `legal` and what the law gives
  everybody is `403 terms_not_accepted`, which names it; `POST /api/v1/legal/accept-terms` opens the way.
* **Repeats**: an unsafe request may carry an `Idempotency-Key`. Sent again under it within 24 hours it gets
  the first answer with `Idempotency-Replayed: true` instead of being done again.
* **Limits**: the `RateLimit-*` headers tell of the tightest one; `GET /api/v1/limits` tells of all, and how
  large things may be.
* **Versions**: `/api/v1/…`. Unversioned `/api/…` speaks camelCase for older clients.
* **Live**: the WebSocket at `/ws` carries every change; commands and events are described in the repository's
  `docs/live.md`, and for programs in [AsyncAPI 3](/api/asyncapi).
"""

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Why something was not done (RFC 9457). Some codes carry further members.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Where the code is explained."},
        "title": {"type": "string", "description": "In words for people, translated; never parse it."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What is particular to this case."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "errors": {
            "type": "array",
            "description": "On 400: what is wrong with which field.",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string", "examples": ["participants.0"]},
                    "code": {"type": "string", "examples": ["unknown_field"]},
                    "detail": {"type": "string"},
                },
            },
        },
        "denied_by": {
            "type": "object",
            "description": "On 403, where a role decided: what was to be done, and the caller's role there.",
            "required": ["action", "role"],
            "properties": {
                "action": {"type": "string", "examples": ["participant.remove"]},
                "role": {"type": "string", "examples": ["member"]},
                "rule": {
                    "type": "string",
                    "enum": ["default", "chat", "rank"],
                    "description": "In a chat, what decided: the default, a setting of its own, or the rank "
                    "of whom it was to be done to.",
                },
            },
        },
        "request_id": {"type": "string", "description": "Quote it when you ask for help."},
    },
}

REQUEST_ID: Final = "0198c5b27d447000800000000000000f"

# What any operation may answer, whatever it does: status, code of the example, when.
ALWAYS: Final = [
    ("400", "invalid", "The input is malformed or not valid."),
    ("403", "address_denied", "Requests from this address are not served here."),
    ("404", "not_found", "There is nothing here that the caller can see."),
    ("405", "method_not_allowed", "The path does not take this method."),
    ("406", "not_acceptable", "No acceptable media type or version."),
    ("500", "server_fault", "Our fault; noted under the request id."),
    (
        "503",
        "temporarily_unavailable",
        "What the service stands on is away. Whether it was done is not known: send the same again.",
    ),
]
WITH_BODY: Final = [
    ("413", "body_too_large", "The body is too large."),
    ("415", "unsupported_media_type", "The body is of another media type."),
]
SIGNED_IN: Final = [("401", "not_authenticated", "No valid access token.")]
WITH_KEY: Final = [
    ("409", "idempotency_key_in_use", "The first request under this Idempotency-Key is still running."),
    ("422", "idempotency_key_reused", "This Idempotency-Key was used for something else."),
]
LIMITED: Final = [("429", "limit_reached", "Too many requests.")]

HEADERS: Final[dict[str, Any]] = {
    "X-Request-ID": {
        "description": "The request's id: as sent, or made here.",
        "required": True,
        "schema": {"type": "string"},
    },
    "API-Version": {
        "description": "The version that answered.",
        "required": True,
        "schema": {"type": "string"},
    },
}
RETRY_AFTER: Final = {
    "description": "Seconds to wait.",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
}
KEY_PARAMETER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name of your own for this request, such as a random UUID. The same request under it "
    "gets the first answer for 24 hours; another body is refused.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
REPLAYED: Final = {
    "description": "This is the answer to an earlier request under the same Idempotency-Key.",
    "schema": {"type": "string", "const": "true"},
}
LOCATION: Final = {
    "description": "Where what was made is found.",
    "required": True,
    "schema": {"type": "string", "format": "uri-reference"},
}
LIMIT_HEADERS: Final[dict[str, Any]] = {
    name: {"description": f"{what} Absent where the limit is off.", "schema": {"type": "string"}}
    for name, what in [
        ("RateLimit-Limit", "How many requests the tightest limit allows."),
        ("RateLimit-Remaining", "How many of them are left."),
        ("RateLimit-Reset", "Seconds until they are counted anew."),
    ]
}
CHALLENGE: Final = {
    "description": "How to authenticate.",
    "required": True,
    "schema": {"type": "string"},
}


MORE_HEADERS: Final = {
    "201": {"Location": LOCATION},
    "401": {"WWW-Authenticate": CHALLENGE},
    "409": {"Retry-After": RETRY_AFTER | {"required": False}},
    "429": {"Retry-After": RETRY_AFTER},
    "503": {"Retry-After": RETRY_AFTER | {"required": False}},
}


class Schema(AutoSchema):
    """Marks an operation by what its view asks of callers, for `finish`."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            throttles: Sequence[type[BaseThrottle]] = self.view.throttle_classes
            operation["x-limits"] = [throttle.name for throttle in throttles if hasattr(throttle, "name")]
            takes_key = getattr(self.view, "takes_key", None)  # the documents' own views aren't ours
            if area := getattr(self.view, "scope", None):
                verb = "read" if self.method in SAFE_METHODS else "write"
                operation["description"] += f" Open to API keys with `{area}:{verb}`."
            operation["x-takes-key"] = takes_key is not None and takes_key(self.method)
        return operation


def refuses(*problems: Problem | type[Problem]) -> dict[int, OpenApiResponse]:
    """Responses of an operation that may answer *problems*, an example of each: as given, or the bare one."""
    by_status: dict[int, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_status[problem.status].append(problem if isinstance(problem, Problem) else problem())
    return {
        status: OpenApiResponse(
            OpenApiTypes.OBJECT,
            " ".join(str(problem.title) for problem in those),
            [OpenApiExample(problem.code, problem.body() | {"request_id": REQUEST_ID}) for problem in those],
        )
        for status, those in by_status.items()
    }


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: refusals and headers that hold for every operation."""
    result["info"]["description"] = DESCRIPTION
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    for path in result["paths"].values():
        for operation in path.values():
            limits = operation.pop("x-limits", [])
            takes_key = operation.pop("x-takes-key", False)
            responses = operation["responses"]
            rows = [*ALWAYS]
            rows += WITH_BODY if "requestBody" in operation else []
            rows += SIGNED_IN if any(operation.get("security", [])) else []
            rows += LIMITED if limits else []
            if takes_key:
                operation.setdefault("parameters", []).append(KEY_PARAMETER)
                rows += WITH_KEY
            for status, code, description in rows:
                if _has_own_shape(responses.setdefault(status, {"description": description})):
                    continue
                _add_problem(responses[status], int(status), code, description)
            for status, response in responses.items():
                if int(status) >= 400 and not _has_own_shape(response):
                    _add_problem(response, int(status), None, response.get("description", ""))
                response["description"] = response.get("description") or "Done."
                response["headers"] = (
                    HEADERS | (LIMIT_HEADERS if limits else {}) | MORE_HEADERS.get(status, {})
                )
                if takes_key and int(status) < 500 and status != "429":
                    response["headers"]["Idempotency-Replayed"] = REPLAYED
            operation["responses"] = dict(sorted(responses.items()))
    return result


def _has_own_shape(response: dict[str, Any]) -> bool:
    """Whether it is no refusal: `health` says what failed in the shape of its 200."""
    return "$ref" in response.get("content", {}).get("application/json", {}).get("schema", {})


def _add_problem(response: dict[str, Any], status: int, code: str | None, description: str) -> None:
    content = response.get("content", {}).pop("application/json", {})
    media = response.setdefault("content", {}).setdefault(PROBLEM_TYPE, {})
    media["schema"] = {"$ref": "#/components/schemas/Problem"}
    media.setdefault("examples", content.get("examples", {}))
    if code and not media["examples"]:
        media["examples"][code] = {
            "value": {
                "type": f"/api/docs/problems#{code}",
                "title": description,
                "status": status,
                "detail": description,
                "code": code,
                "request_id": REQUEST_ID,
            }
        }
