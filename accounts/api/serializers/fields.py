"""Fields and refusals that several shapes share."""

from collections.abc import Iterable
from typing import Any, Final

from django.core.validators import RegexValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.validators import MAX_PASSWORD
from common.api.fields import StringField

SIX_DIGITS: Final = RegexValidator(r"^[0-9]{6}\Z", _("Six digits."), code="invalid_code")


class PasswordField(StringField):
    """Checked by the rules only where one is set; up to 128 characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD, write_only=True, style={"input_type": "password"}, **kwargs)


class NewPasswordField(PasswordField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            help_text="At least 12 characters, hard to guess, not like the names and the address, none of "
            "the last five.",
            **kwargs,
        )


def wrong(fields: Iterable[str], code: str, detail: str | Promise) -> serializers.ValidationError:
    """The same is wrong with each of *fields*."""
    return serializers.ValidationError(
        {field: [serializers.ErrorDetail(str(detail), code=code)] for field in sorted(fields)}
    )
