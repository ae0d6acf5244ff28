"""Pages of a chat's messages, by position (api.md §2)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Subquery
from django.db.models.functions import Coalesce
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from accounts.models import User
from common.fast import FastRequest
from messaging.models import Message, MessageQuerySet, a_while_after, a_while_before

LIMIT: Final = 50  # messages, if the client doesn't say
LAST: Final = 2**63 - 1  # no position is behind it


@dataclass(frozen=True)
class Page:
    """Some messages in ascending order of `seq`, and whether there are others before and after.

    Attributes:
        first, last: positions of its ends; of an empty page, around the place where it would have been.
    """

    messages: list[Message]
    first: int
    last: int
    has_before: bool
    has_after: bool


def page_of(messages: MessageQuerySet, asked: dict[str, Any], reader: User) -> Page:
    """The page of *messages* that *asked* (a valid `PageQuery`) names, for *reader*.

    At most four queries and what `shown_to` takes, however long the chat.
    """
    there = messages.shown_to(reader.pk).not_hidden_from(reader.pk)
    found = _near(there.between(asked.get("from"), asked.get("to")), messages, asked)
    limit = asked.get("limit", LIMIT)
    if "around" in asked:
        older = _newest(found.filter(seq__lt=asked["around"]), limit // 2)
        page = [*older, *found.filter(seq__gte=asked["around"]).order_by("seq")[: limit - len(older)]]
    elif "after" in asked:
        page = list(found.filter(seq__gt=asked["after"]).order_by("seq")[:limit])
    elif "before" in asked:
        page = _newest(found.filter(seq__lt=asked["before"]), limit)
    else:
        page = _newest(found, limit)
    first, last = _bounds(page, asked)
    return Page(
        messages=page,
        first=first,
        last=last,
        has_before=_is_any(found.filter(seq__lt=first).order_by("-seq")),
        has_after=_is_any(found.filter(seq__gt=last).order_by("seq")),
    )


def page_body(page: Page, results: Collection[Any], request: Request | FastRequest) -> dict[str, Any]:
    """The answer of a history page, with links to its neighbours."""
    return {
        "results": results,
        "has_before": page.has_before,
        "has_after": page.has_after,
        "next": _link(request, "after", page.last) if page.has_after else None,
        "previous": _link(request, "before", page.first) if page.has_before else None,
    }


def _near(found: MessageQuerySet, messages: MessageQuerySet, asked: dict[str, Any]) -> MessageQuerySet:
    """The same as *found*, between positions as well: in their order a database would pass by all that was
    said outside the dates to come to what was said between them.
    """
    if start := asked.get("from"):
        before = messages.filter(created_at__lt=a_while_before(start)).order_by("-created_at")
        found = found.filter(seq__gt=Coalesce(Subquery(before.values("seq")[:1]), -1))
    if end := asked.get("to"):
        behind = messages.filter(created_at__gte=a_while_after(end)).order_by("created_at")
        found = found.filter(seq__lt=Coalesce(Subquery(behind.values("seq")[:1]), LAST))
    return found


def _newest(found: MessageQuerySet, limit: int) -> list[Message]:
    return list(found.order_by("-seq")[:limit])[::-1]


def _is_any(found: MessageQuerySet) -> bool:
    """As `exists`, but in the order of an index: of a large chat PostgreSQL would look through the table,
    hoping to come across a message soon.
    """
    return bool(found.values_list("pk")[:1])


def _bounds(messages: list[Message], asked: dict[str, Any]) -> tuple[int, int]:
    if messages:
        return messages[0].seq, messages[-1].seq
    if "before" in asked:
        return asked["before"], max(asked["before"] - 1, 0)
    anchor = asked.get("after", asked.get("around", 0))
    return anchor + 1, anchor


def _link(request: Request | FastRequest, anchor: str, seq: int) -> str:
    url = request.build_absolute_uri()
    for name in ("before", "after", "around"):
        url = remove_query_param(url, name)
    return replace_query_param(url, anchor, seq)
