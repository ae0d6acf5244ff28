import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

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
        except (ValidationError, ValueError, OverflowError):  # readable, but no place that the ordering has
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


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Rows of one kind in a list of several.

    Attributes:
        at, key: the columns that order them: a time, and a UUID for rows of the same time.
        show: a row as it stands in the list.
    """

    rows: QuerySet[Any]
    at: str
    key: str
    show: Callable[[Any], Any]


class MergedPages(CursorPages):
    """One list of several kinds of rows, the newest first: a query each, of no more rows than fit a page."""

    def paginate(self, streams: Iterable[Stream], request: Request) -> list[Any]:
        """The rows of the page that *request* asks for."""
        self.page_size = self.get_page_size(request)
        self.base_url = request.build_absolute_uri()
        place, is_back = self._place(request)
        found = sorted(
            (row for stream in streams for row in self._rows(stream, place, is_back=is_back)),
            key=lambda each: each[0],
            reverse=not is_back,
        )
        page, has_more = found[: self.page_size], len(found) > self.page_size
        if is_back:
            page.reverse()
        self._next = page[-1][0] if page and (has_more or is_back) else None
        self._previous = page[0][0] if page and (place and not is_back or is_back and has_more) else None
        return [row for _, row in page]

    def _rows(
        self, stream: Stream, place: tuple[datetime, UUID] | None, *, is_back: bool
    ) -> Iterator[tuple[tuple[datetime, UUID], Any]]:
        rows = stream.rows
        if place:
            side = "gt" if is_back else "lt"
            same = Q(**{stream.at: place[0], f"{stream.key}__{side}": place[1]})
            rows = rows.filter(Q(**{f"{stream.at}__{side}": place[0]}) | same)
        sign = "" if is_back else "-"
        for row in rows.order_by(f"{sign}{stream.at}", f"{sign}{stream.key}")[: self.page_size + 1]:
            yield (getattr(row, stream.at), getattr(row, stream.key)), stream.show(row)

    def _place(self, request: Request) -> tuple[tuple[datetime, UUID] | None, bool]:
        """Where the page begins, and whether it goes back from there, towards what is newer."""
        given = request.query_params.get(self.cursor_query_param)
        if given is None:
            return None, False
        try:
            way, at, key = b64decode(given, altchars=b"-_", validate=True).decode("ascii").split(" ")
            moment = datetime.fromisoformat(at)
            if way not in ("n", "p") or moment.tzinfo is None:
                raise ValueError(given)
            return (moment.astimezone(UTC), UUID(key)), way == "p"
        except (ValueError, OverflowError):
            raise Invalid.field(*BAD_CURSOR) from None

    def _link(self, way: str, place: tuple[datetime, UUID] | None) -> str | None:
        if place is None:
            return None
        cursor = urlsafe_b64encode(f"{way} {place[0].isoformat()} {place[1]}".encode()).decode()
        return replace_query_param(str(self.base_url), self.cursor_query_param, cursor)

    def get_next_link(self) -> str | None:
        return self._link("n", self._next)

    def get_previous_link(self) -> str | None:
        return self._link("p", self._previous)
