"""Filters that take what the schema says and nothing near it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field

from common.ids import as_uuid
from common.problems import Invalid


class YesOrNo(django_filters.CharFilter):
    """`true` or `false`, and nothing near it: the rows that *narrow* gives for that."""

    def __init__(self, narrow: Callable[[Any, bool], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.narrow = narrow
        extend_schema_field({"type": "boolean", "description": kwargs.get("help_text", "")})(self)

    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs
        if value not in ("true", "false"):
            raise Invalid.field(str(self.field_name), "invalid", _("Use true or false."))
        return self.narrow(qs, value == "true")


class IdFormField(forms.UUIDField):
    def clean(self, value: Any) -> UUID | None:
        if value is not None and as_uuid(value) is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return as_uuid(value)


class IdFilter(django_filters.UUIDFilter):
    """An id in its canonical spelling. An empty one is none: who forgot it would be shown everything."""

    field_class = IdFormField


class MomentFormField(IsoDateTimeField):
    def to_python(self, value: Any) -> datetime | None:
        given = super().to_python(value)
        try:
            return given.astimezone(UTC) if given else None
        except OverflowError:  # at the ends of the calendar there is no such time in UTC
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    """A time as ISO 8601 has it."""

    field_class = MomentFormField
