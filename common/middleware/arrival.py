"""What is settled of every request when it arrives: its id, and whom to believe about where it came from."""

import re
from collections.abc import Callable
from typing import Final

import structlog
from django.http import HttpResponse

from common.addresses import client_address, is_our_proxy
from common.http import OurRequest
from common.ids import uuid7

ACCEPTED: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")  # what is safe in a header and in a log line


def request_id_of_header(given: str) -> str:
    """What a request that came with this `X-Request-ID` is called: so, if that is sane, else a new id."""
    return given if ACCEPTED.fullmatch(given) else uuid7().hex


class ArrivalMiddleware:
    """First of all. The id is `X-Request-ID` as the client sent it, if it is sane, else a new one; it is
    returned, and carried into logs and tasks.
    """

    def __init__(self, get_response: Callable[[OurRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: OurRequest) -> HttpResponse:
        # From META: `headers` is cached at first sight, and would keep the new id from whoever asks later.
        request_id = request_id_of_header(request.META.get("HTTP_X_REQUEST_ID", ""))
        request.META["HTTP_X_REQUEST_ID"] = request_id
        peer = request.META.get("REMOTE_ADDR")
        request.client_address = client_address(peer, request.META.get("HTTP_X_FORWARDED_FOR"))
        if not is_our_proxy(peer):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)  # anybody can write it, and Django believes it
        structlog.contextvars.bind_contextvars(request_id=request_id, address=request.client_address)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
