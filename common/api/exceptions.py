"""The one translation of an error into a refusal, for REST and sockets alike."""

from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from common.http import request_id_of
from common.outages import is_outage
from common.problems import (
    BodyTooLarge,
    Invalid,
    LimitReached,
    Malformed,
    MethodNotAllowed,
    NotAcceptable,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Problem,
    TemporarilyUnavailable,
    UnsupportedMediaType,
)

from .answers import PROBLEM_TYPE

logger = structlog.get_logger(__name__)

OF_THE_FRAMEWORK: dict[type[Exception], type[Problem]] = {
    Http404: NotFound,
    exceptions.NotFound: NotFound,
    PermissionDenied: NotAllowed,
    exceptions.PermissionDenied: NotAllowed,
    exceptions.NotAuthenticated: NotAuthenticated,
    exceptions.AuthenticationFailed: NotAuthenticated,
    exceptions.ParseError: Malformed,
    exceptions.MethodNotAllowed: MethodNotAllowed,
    exceptions.NotAcceptable: NotAcceptable,
    exceptions.UnsupportedMediaType: UnsupportedMediaType,
}


def as_problem(error: Exception) -> Problem | None:
    """The refusal that *error* stands for; None if it stands for none, so that it is our fault."""
    match error:
        case Problem():
            return error
        case exceptions.ValidationError():
            return Invalid(errors=list(_flat(error.detail)))
        case RequestDataTooBig():
            return BodyTooLarge(limit=settings.MAX_BODY)
        case exceptions.Throttled():
            wait = max(1, round(getattr(error, "wait", None) or 1))
            return LimitReached(headers={"Retry-After": str(wait)}, retry_after=wait)
    for kind, problem in OF_THE_FRAMEWORK.items():
        if isinstance(error, kind):
            return problem()
    if is_outage(error):
        logger.error("outage", exc_info=error)  # here, since what becomes a refusal is noted nowhere else
        return TemporarilyUnavailable()
    return None


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler. An error that is our fault goes on to Django's 500."""
    problem = as_problem(error)
    if problem is None:
        return None
    request = context["request"]
    response = Response(
        problem.body() | {"request_id": request_id_of(request)},
        status=problem.status,
        headers=problem.headers,
        content_type=PROBLEM_TYPE,
    )
    if problem.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="serai"'
    if isinstance(error, exceptions.MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    return response


def _flat(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """REST framework's nested details, one row a fault; `participants.0` is the first of that list."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            if path and name == api_settings.NON_FIELD_ERRORS_KEY:  # of an object within: it as a whole
                yield from _flat(inner, path)
            else:
                yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list) and any(isinstance(inner, Mapping | list) for inner in detail):
        for index, inner in enumerate(detail):
            if inner:
                yield from _flat(inner, f"{path}.{index}" if path else str(index))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flat(inner, path)
    else:
        yield {"field": path, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}
