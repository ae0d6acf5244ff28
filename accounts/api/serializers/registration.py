"""Signing up, what a mail gave, and passwords."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import validate_username
from common.api.fields import BooleanField, EmailField, StringField
from common.api.serializers import Input

from .fields import SIX_DIGITS, NewPasswordField, PasswordField, wrong
from .profile import UserSerializer


class RegisterInput(Input):
    email = EmailField(max_length=254)
    password = NewPasswordField()
    username = StringField(
        required=False,
        min_length=3,
        max_length=30,
        validators=[validate_username],
        help_text="Made up if left out.",
    )
    display_name = StringField(required=False, max_length=80, trim_whitespace=True)
    first_name = StringField(required=False, allow_blank=True, max_length=80)
    last_name = StringField(required=False, allow_blank=True, max_length=80)
    accept_terms = BooleanField(
        required=False, help_text="True accepts the terms in force: no need to do it again after signing in."
    )


class RegisteredSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    verification_required = serializers.BooleanField()


class MailedInput(Input):
    """What a mail gave: `token`, or `email` and `code`."""

    token = StringField(
        required=False,
        max_length=1000,
        help_text="The last part of the link in the mail; or `email` and `code`.",
    )
    email = EmailField(required=False, max_length=254)
    code = StringField(
        required=False,
        validators=[SIX_DIGITS],
        help_text="The six digits in the mail; ten minutes, five guesses.",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        by_code = given.keys() & {"email", "code"}
        if "token" in given and by_code:
            raise wrong(by_code, "token_or_code", _("Send a token, or an address and a code."))
        if missing := {"email", "code"} - by_code if by_code else {"token"} - given.keys():
            raise wrong(missing, "required", _("This field is required."))
        return given


class VerifyEmailInput(MailedInput):
    """An address is proved by what was mailed to it."""


class ResetPasswordInput(MailedInput):
    password = NewPasswordField()


class ChangePasswordInput(Input):
    current_password = PasswordField()
    password = NewPasswordField()


class EmailInput(Input):
    email = EmailField(max_length=254)


class VerifiedSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    status = serializers.ChoiceField(choices=["verified", "already_verified"])
    user = UserSerializer()
