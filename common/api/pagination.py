import re
from typing import Any, Final

from django.core.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from common.problems import Invalid

BAD_CURSOR: Final = ("cursor", "invalid", "Use a cursor from `next` or `previous`.")


class CursorPages(CursorPagination):
    """Pages by cursor: they stay right while rows come and go. 50 a page, at most 200 by `page_size`."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering: Any = "-id"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not (re.fullmatch(r"[0-9]{1,4}", given) and 1 <= int(given) <= self.max_page_size):
            raise Invalid.field("page_size", "invalid", f"A whole number from 1 to {self.max_page_size}.")
        return int(given)

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except Exception:  # garbage in a cursor can fail anywhere in its reading
            raise Invalid.field(*BAD_CURSOR) from None

    def paginate_queryset(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().paginate_queryset(*args, **kwargs)
        except (ValidationError, ValueError):  # readable, but at a place that the ordering can't have
            raise Invalid.field(*BAD_CURSOR) from None

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "From `next` or `previous` of another page.",
                "schema": {"type": "string"},
            },
            {
                "name": "page_size",
                "in": "query",
                "required": False,
                "description": f"Results a page, {self.page_size} if left out.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                },
            },
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {
            "type": ["string", "null"],
            "format": "uri",
            "description": "The neighbouring page, if there is one.",
            "example": None,
        }
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }
