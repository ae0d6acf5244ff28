"""Fields that take what the schema says and nothing near it.

REST framework reads `5` as "5", `"yes"` as true and `1` as a UUID. A client that sends those has a fault,
and hears of it here.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.ids import as_uuid


class StringField(serializers.CharField):
    """A JSON string, kept as it was sent."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class EmailField(serializers.EmailField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ChoiceField(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class IntegerField(serializers.IntegerField):
    """A JSON number without a fraction."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class BooleanField(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class UUIDField(serializers.UUIDField):
    """An id in its canonical spelling (RFC 9562 §4)."""

    default_error_messages = {"invalid": _("Must be an id, such as 0198c5b2-7d44-7000-8000-000000000000.")}

    def to_internal_value(self, data: Any) -> UUID:
        if (found := as_uuid(data)) is None:
            self.fail("invalid", value=data)
        return found


class MomentField(serializers.DateTimeField):
    """A time with its offset from UTC (RFC 3339 §5.6): without one nobody knows when it is."""

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ssZ")
        try:
            given = datetime.fromisoformat(data)
            if given.tzinfo is None:
                raise ValueError(data)
            return given.astimezone(UTC)
        except (ValueError, OverflowError):  # at the ends of the calendar there is no such time in UTC
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ssZ")


class QueryIntegerField(serializers.IntegerField):
    """A whole number in a query, where everything is text."""

    def to_internal_value(self, data: Any) -> int:
        if not (isinstance(data, str) and data.isascii() and data.isdigit()):
            self.fail("invalid")
        return super().to_internal_value(data)
