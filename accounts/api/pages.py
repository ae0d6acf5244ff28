"""The page that a mailed link opens in a browser, where no app of ours takes it."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import services
from accounts.problems import ResetTokenInvalid
from accounts.validators import MAX_PASSWORD
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
