"""The pages of the console's door. They work without the mouse, and without scripts but for passkeys."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import services
from accounts.models import Passkey, Session, User
from accounts.problems import ChallengeInvalid, InvalidCredentials, PasskeyRefused
from accounts.services.passkeys import SIGN_IN, prove_passkey
from accounts.services.sessions import SignedIn
from common.api.limits import take
from common.http import OurRequest
from common.problems import LimitReached, Problem

from .forms import FactorForm, PasskeyForm, SignInForm, StepUpForm, TotpForm
from .sessions import enter, session_at

if TYPE_CHECKING:
    from .site import ConsoleSite

DEVICE_COOKIE: Final = "console_device"  # as `device` at the API: it signs nobody in
DEVICE_KEPT: Final = timedelta(days=180)
CHALLENGE = "challenge"  # in the cookie session: the half of a sign-in that is done


def client_of(request: HttpRequest) -> dict[str, Any]:
    """Who asks, as far as the network tells."""
    return {
        "user_agent": request.headers.get("User-Agent", ""),
        "address": cast(OurRequest, request).client_address,
    }


def device_at(request: HttpRequest) -> str:
    """What this browser was given when staff signed in here before."""
    return request.COOKIES.get(DEVICE_COOKIE, "")


def ask_again(request: HttpRequest) -> HttpResponse | None:
    """The way to the page that asks for a proof, unless there was one within ten minutes."""
    session = session_at(request)
    if session is None or services.is_fresh(session):
        return None
    if request.method == "POST":
        messages.warning(request, _("Nothing was done yet. Prove first that it is you, then do it again."))
    return HttpResponseRedirect(_with_next(reverse("admin:step_up"), request.get_full_path()))


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class Page(View):
    site: "ConsoleSite" = None  # type: ignore[assignment] # given by `as_view`
    template: str

    @property
    def next(self) -> str:
        """Where they wanted to go, on this host."""
        wanted = self.request.POST.get("next") or self.request.GET.get("next") or ""
        hosts, secure = {self.request.get_host()}, self.request.is_secure()
        if url_has_allowed_host_and_scheme(wanted, allowed_hosts=hosts, require_https=secure):
            return wanted
        return reverse("admin:index")

    def show(self, title: str, status: int = 200, **context: Any) -> TemplateResponse:
        request = self.request
        context |= {"title": title, "next": self.next, "app_path": request.get_full_path()}
        context["passkey_json"] = json.dumps(context.get("passkey"))
        return TemplateResponse(
            request, self.template, self.site.each_context(request) | context, status=status
        )

    def let_in(self, opened: SignedIn) -> HttpResponse:
        enter(self.request, opened.session)
        response = HttpResponseRedirect(self.next)
        response.set_cookie(
            DEVICE_COOKIE,
            opened.device,
            max_age=DEVICE_KEPT,
            path=reverse("admin:index"),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Strict",
        )
        return response


class SignInPage(Page):
    template = "console/login.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.site.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        if request.user.is_staff:  # they are in, but need a second factor before anything else
            return HttpResponseRedirect(_with_next(reverse("admin:factors"), self.next))
        return self._show(SignInForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request.POST)
        if not form.is_valid():
            return self._show(form)
        try:
            user = self._prove(form.cleaned_data["username"], form.cleaned_data["password"])
        except Problem as problem:
            form.add_error(None, str(problem.detail or problem.title))
            return self._show(form)
        name, client = _("Staff console"), client_of(request)
        if methods := services.standing_of(user).methods:
            asked = services.ask_second_factor(user=user, methods=methods, device_name=name, **client)
            request.session[CHALLENGE] = asked.challenge
            return HttpResponseRedirect(_with_next(reverse("admin:second_factor"), self.next))
        opened = services.open_session(user=user, device_name=name, device=device_at(request), **client)
        return self.let_in(opened)

    def _prove(self, email: str, password: str) -> User:
        """As at the API: the same limits and checks. Who is no staff hears the same as who is nobody."""
        address = client_of(self.request)["address"] or "unknown"
        for limit, key in (("AUTH_ADDRESS", address), ("AUTH", f"{address} {email.strip().lower()}")):
            counted = take(limit, key)
            if counted and counted[1] < 0:
                raise LimitReached
        user = services.prove_password(
            email=email, password=password, device=device_at(self.request), **client_of(self.request)
        )
        if not user.is_staff:
            raise InvalidCredentials
        return user

    def _show(self, form: forms.Form) -> HttpResponse:
        return self.show(_("Log in"), form=form)


class PasskeyPage(Page):
    """Takes the passkey of the sign-in page's button."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasskeyForm(request.POST)
        try:
            credential = form.cleaned_data["credential"] if form.is_valid() else None
            user = prove_passkey(credential=credential, bound=SIGN_IN)
            if not user.is_staff:
                raise PasskeyRefused
        except PasskeyRefused as problem:
            messages.error(request, str(problem.title))
            return HttpResponseRedirect(_with_next(reverse("admin:login"), self.next))
        opened = services.open_session(
            user=user, device_name=_("Staff console"), device=device_at(request), **client_of(request)
        )
        return self.let_in(opened)


class SecondFactorPage(Page):
    template = "console/second_factor.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(FactorForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = FactorForm(request.POST)
        if not form.is_valid():
            return self._show(form)
        try:
            opened = services.answer_challenge(
                challenge=request.session.get(CHALLENGE, ""),
                device=device_at(request),
                **form.factor,
                **client_of(request),
            )
        except ChallengeInvalid as problem:
            return self._begin_again(problem)
        except Problem as problem:
            form.add_error(None, str(problem.detail or problem.title))
            return self._show(form)
        del request.session[CHALLENGE]
        return self.let_in(opened)

    def _show(self, form: forms.Form) -> HttpResponse:
        try:
            options = services.challenge_options(
                challenge=self.request.session.get(CHALLENGE, ""), **client_of(self.request)
            )
        except ChallengeInvalid as problem:
            return self._begin_again(problem)
        passkey = options if options["allowCredentials"] else None
        return self.show(_("Second factor"), form=form, passkey=passkey)

    def _begin_again(self, problem: Problem) -> HttpResponse:
        messages.error(self.request, str(problem.title))
        return HttpResponseRedirect(_with_next(reverse("admin:login"), self.next))


class StaffPage(Page):
    """For staff who are in, with a second factor or not yet."""

    session: Session

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        session = session_at(request)
        if session is None or not session.user.is_staff:
            return HttpResponseRedirect(_with_next(reverse("admin:login"), request.get_full_path()))
        self.session = session
        return super().dispatch(request, *args, **kwargs)


class StepUpPage(StaffPage):
    template = "console/step_up.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(self._form())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form)
        try:
            services.step_up(session=self.session, **form.proof)
        except Problem as problem:
            form.add_error(None, str(problem.detail or problem.title))
            return self._show(form)
        return HttpResponseRedirect(self.next)

    def _form(self, data: Any = None) -> StepUpForm:
        user = self.session.user
        return StepUpForm(
            data,
            asks_password=user.has_usable_password(),
            asks_code=bool(services.standing_of(user).methods),
        )

    def _show(self, form: forms.Form) -> HttpResponse:
        needs = services.step_up_options(session=self.session)
        return self.show(_("Is it you?"), form=form, passkey=needs["public_key"])


class FactorsPage(StaffPage):
    """Their own second factors."""

    template = "console/factors.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return ask_again(request) or self._show()

    def post(self, request: HttpRequest) -> HttpResponse:
        if asked := ask_again(request):
            return asked
        act = {
            "begin": self._begin_totp,
            "confirm": self._confirm_totp,
            "remove_app": self._remove_totp,
            "add": self._add_passkey,
            "remove": self._remove_passkey,
            "codes": self._renew_codes,
        }.get(request.POST.get("do", ""), self._show)
        try:
            return act()
        except Problem as problem:
            messages.error(request, str(problem.detail or problem.title))
            return HttpResponseRedirect(request.get_full_path())

    def _begin_totp(self, form: TotpForm | None = None) -> HttpResponse:
        setup = services.begin_totp(session=self.session)
        return self._show(setup=setup, totp_form=form or TotpForm())

    def _confirm_totp(self) -> HttpResponse:
        form = TotpForm(self.request.POST)
        if form.is_valid():
            try:
                return self._done(services.confirm_totp(session=self.session, **form.cleaned_data))
            except Problem as problem:
                form.add_error("code", str(problem.detail or problem.title))
        return self._begin_totp(form)

    def _remove_totp(self) -> HttpResponse:
        services.remove_totp(session=self.session)
        return self._done()

    def _add_passkey(self) -> HttpResponse:
        form = PasskeyForm(self.request.POST)
        if not form.is_valid() or form.cleaned_data["credential"] is None:
            raise PasskeyRefused
        return self._done(services.add_passkey(session=self.session, **form.cleaned_data)[1])

    def _remove_passkey(self) -> HttpResponse:
        chosen = self.request.POST.get("passkey", "")
        mine: list[Passkey] = [each for each in self.session.user.passkeys.all() if str(each.pk) == chosen]
        for passkey in mine:
            services.remove_passkey(session=self.session, passkey=passkey)
        return self._done()

    def _renew_codes(self) -> HttpResponse:
        return self._done(services.renew_recovery_codes(session=self.session))

    def _done(self, codes: list[str] | None = None) -> HttpResponse:
        """Recovery codes are shown on this very answer, and nowhere again."""
        if codes:
            return self._show(codes=codes)
        messages.success(self.request, _("Done."))
        return HttpResponseRedirect(self.request.get_full_path())

    def _show(self, **context: Any) -> HttpResponse:
        user = self.session.user
        passkeys = list(user.passkeys.all())
        options = services.passkey_options(session=self.session) if len(passkeys) < Passkey.LIMIT else None
        return self.show(
            _("Second factors"),
            is_nav_sidebar_enabled=self.site.has_permission(self.request),  # else it leads nowhere
            standing=services.standing_of(user),
            passkeys=passkeys,
            passkey=options,
            passkey_form=PasskeyForm(),
            **context,
        )


def _with_next(page: str, wanted: str) -> str:
    return f"{page}?{urlencode({'next': wanted})}"
