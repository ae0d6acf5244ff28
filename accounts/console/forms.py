"""What is typed at the door of the console."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import BASE_INPUT_CLASSES, UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from accounts.services.factors import PASSKEY, RECOVERY_CODE, TOTP
from accounts.validators import MAX_PASSWORD

WIDE = " ".join(BASE_INPUT_CLASSES)


class CredentialField(forms.JSONField):
    """What `passkeys.js` has filled in. Nobody types it."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def clean(self, value: Any) -> Any:
        given = super().clean(value)
        return given if isinstance(given, dict) else None


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autofocus": True, "autocomplete": "username webauthn", "class": WIDE}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_PASSWORD,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password", "class": WIDE}),
    )


class FactorForm(forms.Form):
    """A second factor: what was typed tells which it is; or a credential."""

    code = forms.CharField(
        label=_("Code"),
        max_length=64,
        required=False,
        help_text=_("The six digits of your authenticator app, or one of your recovery codes."),
        widget=UnfoldAdminTextInputWidget(
            attrs={"autofocus": True, "autocomplete": "one-time-code", "class": WIDE}
        ),
    )
    credential = CredentialField()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not (given.get("code") or given.get("credential")):
            self.add_error("code", forms.ValidationError(_("This field is required."), code="required"))
        return given

    @property
    def factor(self) -> dict[str, Any]:
        """The arguments of `services.prove_factor`."""
        if credential := self.cleaned_data["credential"]:
            return {"method": PASSKEY, "code": credential}
        code = self.cleaned_data["code"]
        is_short = len(code.replace(" ", "")) <= 6
        return {"method": TOTP if is_short else RECOVERY_CODE, "code": code}


class StepUpForm(FactorForm):
    """The password, where there is one, and a second factor, where there is one."""

    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_PASSWORD,
        strip=False,
        required=False,
        widget=UnfoldAdminPasswordWidget(
            attrs={"autofocus": True, "autocomplete": "current-password", "class": WIDE}
        ),
    )
    field_order = ["password", "code", "credential"]

    def __init__(self, *args: Any, asks_password: bool, asks_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_password:
            del self.fields["password"]
        if not asks_code:
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        given = forms.Form.clean(self) or {}
        if not given.get("credential"):
            for name in ("password", "code"):
                if name in self.fields and not given.get(name):
                    self.add_error(name, forms.ValidationError(_("This field is required."), code="required"))
        return given

    @property
    def proof(self) -> dict[str, Any]:
        """The arguments of `services.step_up`."""
        given = self.cleaned_data
        factor = self.factor if given["credential"] or "code" in self.fields else {}
        return factor | ({"password": given["password"]} if given.get("password") else {})


class PasskeyForm(forms.Form):
    credential = CredentialField()
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        required=False,
        help_text=_("To tell it by: the blue key, my laptop."),
        widget=UnfoldAdminTextInputWidget(attrs={"class": WIDE}),
    )


class TotpForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=16,
        help_text=_("The six digits that the app shows now."),
        widget=UnfoldAdminTextInputWidget(
            attrs={"autofocus": True, "autocomplete": "one-time-code", "inputmode": "numeric", "class": WIDE}
        ),
    )
