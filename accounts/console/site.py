"""The staff console: unfold's site behind our own door."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite

from accounts.services import revoke_session
from accounts.services.factors import is_required_of

from .pages import FactorsPage, PasskeyPage, SecondFactorPage, SignInPage, StepUpPage
from .sessions import session_at


class ConsoleSite(UnfoldAdminSite):
    """Shows nothing to staff who must have a second factor and have none, but where they set one up."""

    def has_permission(self, request: HttpRequest) -> bool:
        session = session_at(request)
        if session is None or not super().has_permission(request):
            return False
        return session.has_second_factor or not is_required_of(session.user)

    def extra_urls(self) -> list[URLPattern]:
        return [
            path("logout/", self.logout, name="logout"),  # also for whoever has no permission yet
            path("login/second-factor/", SecondFactorPage.as_view(site=self), name="second_factor"),
            path("login/passkey/", PasskeyPage.as_view(site=self), name="passkey_login"),
            path("factors/", FactorsPage.as_view(site=self), name="factors"),
            path("step-up/", StepUpPage.as_view(site=self), name="step_up"),
        ]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return cast(HttpResponse, SignInPage.as_view(site=self)(request))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if session := session_at(request):
            revoke_session(session=session, reason="logout")
        return cast(HttpResponse, super().logout(request, extra_context))
