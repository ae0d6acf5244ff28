"""Every request counts, by the route that answered."""

from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponse

from common.http import door_of
from common.metrics import request_answered
from common.usage import called


class MetricsMiddleware:
    """Around all others: what they refuse counts too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = perf_counter()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else None
        request_answered(request.method, route, response.status_code, perf_counter() - start)
        agent = request.META.get("HTTP_USER_AGENT", "")
        called(request.method, route, response.status_code, door_of(request), agent)
        return response
