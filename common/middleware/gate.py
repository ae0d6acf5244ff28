"""Whoever is not served is told so before anything else of theirs is looked at."""

from collections.abc import Callable
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render

from common.api.answers import problem_response
from common.gate import gate
from common.http import OurRequest, request_id_of
from common.problems import AddressDenied

# No rule may keep an orchestrator from seeing that the process is well: it would restart it for ever.
PROBES: Final = {"/api/health/live", "/api/health/ready"}


class GateMiddleware:
    """Behind `ApiDoorMiddleware`, so that a refusal is dressed for its door, and before all that serves."""

    def __init__(self, get_response: Callable[[OurRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: OurRequest) -> HttpResponse:
        if request.path_info in PROBES or gate.admits(request.client_address):
            return self.get_response(request)
        if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
            context = {"request_id": request_id_of(request)}
            return render(request, "common/address_denied.html", context, status=403)
        return problem_response(AddressDenied(), request)
