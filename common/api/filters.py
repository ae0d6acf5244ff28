"""Filters that take what the schema says and nothing near it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError as RefusedByField

from common.ids import as_uuid

from .fields import MomentField, UUIDField


class YesOrNoFormField(forms.CharField):
    def clean(self, value: Any) -> str | None:
        if value not in (None, "true", "false"):  # None: it was left out
            raise ValidationError(_("Use true or false."), code="invalid")
        return value


class YesOrNo(django_filters.CharFilter):
    """`true` or `false`, and nothing near it: the rows that *narrow* gives for that."""

    field_class = YesOrNoFormField

    def __init__(self, narrow: Callable[[Any, bool], Any], *, help_text: str, **kwargs: Any) -> None:
        super().__init__(help_text=help_text, **kwargs)
        self.narrow = narrow
        # What is said by hand of a filter is said with its description, or has none.
        extend_schema_field({"type": "boolean", "description": help_text})(self)

    def filter(self, qs: Any, value: str | None) -> Any:
        return self.narrow(qs, value == "true") if value else qs


class IdFormField(forms.UUIDField):
    """What `UUIDField` takes; a name with nothing behind it (`?chat=`) is no id either."""

    def clean(self, value: Any) -> UUID | None:
        if value is None:  # it was left out
            return None
        if (found := as_uuid(value)) is None:
            raise ValidationError(UUIDField.default_error_messages["invalid"], code="invalid")
        return found


class IdFilter(django_filters.UUIDFilter):
    """An id in its canonical spelling."""

    field_class = IdFormField


class MomentFormField(forms.DateTimeField):
    """What `MomentField` takes; a name with nothing behind it (`?to=`) is no time either."""

    def clean(self, value: Any) -> datetime | None:
        if value is None:  # it was left out
            return None
        try:
            return MomentField().to_internal_value(value)
        except RefusedByField as refused:
            [message] = refused.detail
            raise ValidationError(str(message), code="invalid") from refused


class MomentFilter(django_filters.IsoDateTimeFilter):
    """A time with its offset from UTC."""

    field_class = MomentFormField
