"""Deletions, in and out."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import ChoiceField
from common.api.serializers import Input

from .fields import OfMessageInput


class DeleteQuery(Input):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        whom = ChoiceField(choices=[("all", _("everybody")), ("me", _("oneself"))], default="all")
        return super().get_fields() | {"for": whom}  # a word of Python's


class DeleteCommandInput(OfMessageInput, DeleteQuery):
    pass
