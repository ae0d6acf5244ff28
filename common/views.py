"""Pages and answers that belong to no app."""

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .addresses import parse_address
from .api.answers import problem_response
from .problems import BadRequest, NotAllowed, NotAuthenticated, NotFound, ServerFault, every_problem


def metrics(request: HttpRequest) -> HttpResponse:
    """What this process counts, as Prometheus reads it. Not for the world: it tells how busy we are."""
    if not settings.METRICS_TOKEN:
        if settings.PRODUCTION or not _is_this_machine(request):
            return problem_response(NotFound(), request)
    elif not constant_time_compare(
        request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"
    ):
        return problem_response(NotAuthenticated(headers={"WWW-Authenticate": "Bearer"}), request)
    return HttpResponse(
        generate_latest(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )


def _is_this_machine(request: HttpRequest) -> bool:
    address = parse_address(getattr(request, "client_address", None))
    return address is not None and address.is_loopback


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
