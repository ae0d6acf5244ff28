"""Pages of what a search found, by rank and time."""

import re
from base64 import b64decode, urlsafe_b64encode
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from common.api.pagination import BAD_CURSOR
from common.problems import Invalid
from messaging.search import Place, Results

SIZE = 50  # results a page, if the client doesn't say
_CURSOR = re.compile(r"([np]) ([0-9]{1,5}) ([0-9a-f-]{36})")


def place_of(cursor: str | None) -> dict[str, Any]:
    """Where the page begins and which way it goes, as `find_messages` takes it."""
    if cursor is None:
        return {}
    try:
        found = _CURSOR.fullmatch(b64decode(cursor, altchars=b"-_", validate=True).decode("ascii"))
        if found is None:
            raise ValueError(cursor)
        return {"place": (int(found[2]), UUID(found[3])), "is_back": found[1] == "p"}
    except ValueError:
        raise Invalid.field(*BAD_CURSOR) from None


def page_body(found: Results, results: list[Any], request: Request) -> dict[str, Any]:
    """The answer, with links to its neighbours."""
    return {
        "results": results,
        "next": _link(request, "n", found.next),
        "previous": _link(request, "p", found.previous),
    }


def _link(request: Request, way: str, place: Place | None) -> str | None:
    if place is None:
        return None
    cursor = urlsafe_b64encode(f"{way} {place[0]} {place[1]}".encode()).decode()
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor)
