"""The pages that mailed links open in a browser, where no app of ours takes them.

A GET shows a button and does nothing: scanners of mails open every link.
"""

from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import services
from accounts.problems import CodeInvalid, ResetTokenInvalid, SessionEnded
from accounts.providers.local import make_code
from accounts.validators import MAX_PASSWORD
from common.http import OurRequest
from common.problems import Invalid


class NewPasswordForm(forms.Form):
    password = forms.CharField(
        label=_("New password"),
        max_length=MAX_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class ResetPasswordPage(View):
    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The form, whether the link holds or not: a scanner of mails that opens it uses up nothing."""
        return render(request, "accounts/reset_password.html", {"form": NewPasswordForm()})

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        form = NewPasswordForm(request.POST)
        if not form.is_valid():
            return render(request, "accounts/reset_password.html", {"form": form}, status=400)
        try:
            services.reset_password(token=token, password=form.cleaned_data["password"])
        except Invalid as problem:
            for error in problem.errors or []:
                form.add_error("password", error["detail"])
            return render(request, "accounts/reset_password.html", {"form": form}, status=problem.status)
        except ResetTokenInvalid as problem:
            context = {"problem": problem}
            return render(request, "accounts/reset_password.html", context, status=problem.status)
        return render(request, "accounts/reset_password.html", {"done": True})


class LocalSignInForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autofocus": True}))
    redirect_uri = forms.CharField(max_length=500, widget=forms.HiddenInput)
    state = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    code_challenge = forms.CharField(max_length=128, widget=forms.HiddenInput)


@method_decorator(never_cache, name="dispatch")
class LocalSignInPage(View):
    """The page of the local provider. Only where `LOCAL_SIGN_IN` is on."""

    def get(self, request: HttpRequest) -> HttpResponse:
        form = LocalSignInForm(initial=request.GET.dict())
        return render(request, "accounts/local_sign_in.html", {"form": form})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = LocalSignInForm(request.POST)
        if not form.is_valid():
            return render(request, "accounts/local_sign_in.html", {"form": form}, status=400)
        given = form.cleaned_data
        code = make_code(
            email=given["email"], challenge=given["code_challenge"], redirect_uri=given["redirect_uri"]
        )
        back = urlencode({"code": code, "state": given["state"]})
        joint = "&" if "?" in given["redirect_uri"] else "?"
        # Any address: this provider is nobody's but the developer's, and not there in production.
        return HttpResponse(status=302, headers={"Location": f"{given['redirect_uri']}{joint}{back}"})


@method_decorator(never_cache, name="dispatch")
class LetMeInPage(View):
    """Strangers' failures delay whoever comes anew: from here its owner is let through."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return render(request, "accounts/let_me_in.html")

    def post(self, request: OurRequest, token: str) -> HttpResponse:
        try:
            services.unlock(token=token, address=request.client_address)
        except CodeInvalid as problem:
            return render(request, "accounts/let_me_in.html", {"problem": problem}, status=problem.status)
        return render(request, "accounts/let_me_in.html", {"done": True})


@method_decorator(never_cache, name="dispatch")
class NotMePage(View):
    """Somebody has signed in, and its owner says that it wasn't them."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return render(request, "accounts/not_me.html")

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            services.disown_session(token=token)
        except SessionEnded:
            return render(request, "accounts/not_me.html", {"ended": True}, status=400)
        return render(request, "accounts/not_me.html", {"done": True})


@method_decorator(never_cache, name="dispatch")
class ChangeEmailPage(View):
    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return render(request, "accounts/change_email.html")

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            user = services.confirm_new_email(token=token)
        except CodeInvalid as problem:
            context = {"problem": problem}
            return render(request, "accounts/change_email.html", context, status=problem.status)
        return render(request, "accounts/change_email.html", {"person": user})
