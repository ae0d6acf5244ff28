"""An outage behind a request of the API, wherever no view of REST framework answers for it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from common.api.answers import problem_response
from common.api.exceptions import as_problem
from common.problems import TemporarilyUnavailable


class OutageMiddleware:
    """Last of all, next to the views: what is dressed for its door goes out through all the others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not request.path.startswith("/api/"):
            return None
        problem = as_problem(error)
        return problem_response(problem, request) if isinstance(problem, TemporarilyUnavailable) else None
