"""The product's paths, and some that go wrong."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.limits import AiLimit, AnalyticsLimit, MultimodalLimit, PaymentLimit, UserLimit, WebhookLimit
from common.api.views import ApiView
from common.problems import LimitReached
from common.tests.outages import database_away
from config.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500"]

SECRET = "the third camel carries the gold"


class FailingView(ApiView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        raise RuntimeError(SECRET)


class RefusingView(FailingView):
    def get(self, request: Request) -> Response:
        raise LimitReached("The caravan rests.", headers={"Retry-After": "7"}, camels=3)


class LimitedView(ApiView):
    """As a room will name its limit: beside that of everybody who is signed in."""

    def get(self, request: Request) -> Response:
        return Response({})


class HookView(ApiView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (WebhookLimit,)

    def post(self, request: Request) -> Response:
        return Response({})


def raising(error: Exception):
    def view(request: HttpRequest, **kwargs: object) -> HttpResponse:
        raise error

    return view


limits = [AiLimit, AnalyticsLimit, MultimodalLimit, PaymentLimit]
urlpatterns = [
    path("api/v1/limited/webhook", HookView.as_view()),
    *(
        path(f"api/v1/limited/{limit.name.lower()}", LimitedView.as_view(throttle_classes=(UserLimit, limit)))
        for limit in limits
    ),
    path("api/v1/fails", FailingView.as_view()),
    path("api/v1/refuses", RefusingView.as_view()),
    path("api/v1/auth/verify-email/<str:token>/fails", raising(RuntimeError(SECRET))),
    path("api/v1/outage", raising(database_away())),
    path("page/outage", raising(database_away())),
    path("page/fails", raising(RuntimeError(SECRET))),
    path("page/forbidden", raising(PermissionDenied(SECRET))),
    path("page/suspicious", raising(SuspiciousOperation(SECRET))),
    *urlpatterns,
]
