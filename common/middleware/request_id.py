"""A request id on everything: accepted or made, returned, carried into logs and tasks."""

import re
from collections.abc import Callable
from typing import Final

import structlog
from django.http import HttpResponse

from common.addresses import client_address
from common.http import OurRequest
from common.ids import uuid7

ACCEPTED: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")  # what is safe in a header and in a log line


class RequestIdMiddleware:
    """First of all: `X-Request-ID` as the client sent it, if it is sane, else a new one."""

    def __init__(self, get_response: Callable[[OurRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: OurRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if ACCEPTED.fullmatch(given) else uuid7().hex
        request.META["HTTP_X_REQUEST_ID"] = request_id
        request.client_address = client_address(
            request.META.get("REMOTE_ADDR"), request.headers.get("X-Forwarded-For")
        )
        structlog.contextvars.bind_contextvars(request_id=request_id, address=request.client_address)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
