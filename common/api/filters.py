"""Filters that take what the schema says and nothing near it."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from common.problems import Invalid


@extend_schema_field(OpenApiTypes.BOOL)
class YesOrNo(django_filters.CharFilter):
    """`true` or `false`, and nothing near it: the rows that *narrow* gives for that."""

    def __init__(self, narrow: Callable[[Any, bool], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.narrow = narrow

    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs
        if value not in ("true", "false"):
            raise Invalid.field(str(self.field_name), "invalid", _("Use true or false."))
        return self.narrow(qs, value == "true")
