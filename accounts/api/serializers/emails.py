"""Another e-mail address."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import EmailField, StringField
from common.api.serializers import Input

from .fields import SIX_DIGITS, wrong


class ChangeEmailInput(Input):
    email = EmailField(max_length=254, help_text="The new one.")


class NewEmailSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(help_text="As it is now.")


class ConfirmEmailInput(Input):
    token = StringField(
        required=False, max_length=1000, help_text="The last part of the link in the mail; or `code`."
    )
    code = StringField(
        required=False,
        validators=[SIX_DIGITS],
        help_text="The six digits in the mail, of who is signed in; ten minutes, five guesses.",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if len(given) > 1:
            raise wrong(["code"], "token_or_code", _("Send a token or a code."))
        if not given:
            raise wrong(["token"], "required", _("This field is required."))
        return given
