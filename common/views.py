"""Pages and answers that belong to no app."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views import defaults

from .api.answers import problem_response
from .problems import BadRequest, NotAllowed, NotFound, ServerFault, every_problem


def problems(request: HttpRequest) -> HttpResponse:
    """Every code a refusal may carry, made from the classes themselves."""
    listed = sorted(
        {problem.code: problem for problem in every_problem()}.values(), key=lambda p: (p.status, p.code)
    )
    return render(request, "common/problems.html", {"problems": listed})


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What Django refuses before any view: a host that is not ours, a suspicious path."""
    is_host = isinstance(exception, DisallowedHost)
    return problem_response(BadRequest(_("This host is not served here.") if is_host else ""), request)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_page(request):
        return defaults.permission_denied(request, exception or PermissionError())
    return problem_response(NotAllowed(), request)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_page(request):
        return defaults.page_not_found(request, exception or LookupError())
    return problem_response(NotFound(), request)


def server_fault(request: HttpRequest) -> HttpResponse:
    if _is_page(request):
        return defaults.server_error(request)
    return problem_response(ServerFault(), request)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token does not fit: sent by another site, or older than the sign-in."""
    if request.path.startswith("/api/"):
        return problem_response(NotAllowed(), request)
    return render(request, "common/forged.html", status=403)


def _is_page(request: HttpRequest) -> bool:
    """Staff in their console get pages; everybody else talks to an API."""
    return request.path.startswith("/admin/")
