from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from common.problems import Invalid


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
        if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= self.max_page_size):
            raise Invalid.field("page_size", "invalid", f"A whole number from 1 to {self.max_page_size}.")
        return int(given)

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except Exception:  # garbage in a cursor can fail anywhere in its reading
            raise Invalid.field("cursor", "invalid", "Use a cursor from `next` or `previous`.") from None

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
