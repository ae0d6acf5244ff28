"""Pages of chats in several orders: each row's place is all that orders it, so that equals are never lost."""

from base64 import b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from common.api.pagination import BAD_CURSOR, CursorPages
from common.problems import Invalid

FALLS: Final = "-"  # what begins the name of a column that falls


class ChatPages(CursorPages):
    """My chats, rows of `ChatQuerySet.for_reader`, by `ordering`."""

    ORDERS: ClassVar[dict[str, tuple[str, ...]]] = {
        "activity": ("-last_activity_at", "-id"),
        "title": ("name", "id"),
        "unread": ("-has_unread", "-last_activity_at", "-id"),
        "favourites": ("favourites_place", "-last_activity_at", "-id"),
    }

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.page_size = self.get_page_size(request)
        self.base_url = request.build_absolute_uri()
        self.order = request.query_params.get("ordering", "activity")
        if self.order not in self.ORDERS:
            raise Invalid.field("ordering", "invalid_choice", f"One of {', '.join(self.ORDERS)}.")
        self.columns = self.ORDERS[self.order]
        queryset = _with_columns(queryset, self.order, request.user)
        place, is_back = self._place(request)
        try:
            found = self._rows(queryset, place, is_back=is_back)
        except (
            ValidationError,
            ValueError,
            TypeError,
            OverflowError,
            DataError,
        ):  # of another kind than the columns
            raise Invalid.field(*BAD_CURSOR) from None
        page, has_more = found[: self.page_size], len(found) > self.page_size
        if is_back:
            page.reverse()
        self._next = page[-1] if page and (has_more or is_back) else None
        self._previous = page[0] if page and (place and not is_back or is_back and has_more) else None
        return page

    def _rows(self, rows: QuerySet[Any], place: list[Any] | None, *, is_back: bool) -> list[Any]:
        columns = [(column.lstrip(FALLS), column.startswith(FALLS) != is_back) for column in self.columns]
        if place:
            beyond, equal = Q(), Q()
            for (name, falls), value in zip(columns, place, strict=True):
                beyond |= equal & Q(**{f"{name}__{'lt' if falls else 'gt'}": value})
                equal &= Q(**{name: value})
            rows = rows.filter(beyond)
        order = [f"{FALLS if falls else ''}{name}" for name, falls in columns]
        return list(rows.order_by(*order)[: self.page_size + 1])

    def _place(self, request: Request) -> tuple[list[Any] | None, bool]:
        """Where the page begins, and whether it goes back from there."""
        given = request.query_params.get(self.cursor_query_param)
        if given is None:
            return None, False
        try:
            way, order, *place = orjson.loads(b64decode(given, altchars=b"-_", validate=True))
        except (ValueError, TypeError):
            raise Invalid.field(*BAD_CURSOR) from None
        if way not in ("n", "p") or order != self.order or len(place) != len(self.columns):
            raise Invalid.field(*BAD_CURSOR)
        if not all(isinstance(value, str | int) for value in place):
            raise Invalid.field(*BAD_CURSOR)
        return place, way == "p"

    def _link(self, way: str, row: Any) -> str | None:
        if row is None:
            return None
        values = [_plain(getattr(row, column.lstrip(FALLS))) for column in self.columns]
        cursor = urlsafe_b64encode(orjson.dumps([way, self.order, *values])).decode()
        return replace_query_param(str(self.base_url), self.cursor_query_param, cursor)

    def get_next_link(self) -> str | None:
        return self._link("n", self._next)

    def get_previous_link(self) -> str | None:
        return self._link("p", self._previous)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            *super().get_schema_operation_parameters(view),
            {
                "name": "ordering",
                "in": "query",
                "required": False,
                "description": "The most recently active first; by name; those with something unread first; "
                "favourites first.",
                "schema": {"type": "string", "enum": list(self.ORDERS), "default": "activity"},
            },
        ]


def _with_columns(chats: Any, order: str, user: Any) -> Any:
    """What no other order needs costs no other list anything."""
    match order:
        case "title":
            return chats.named(user)
        case "unread":
            return chats.unread_first()
        case "favourites":
            return chats.favourites_first()
        case _:
            return chats


def _plain(value: Any) -> Any:
    return (
        value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
    )
