"""Search over messages: only those that the reader may see, in one query of the index."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Exists, Func, IntegerField, OuterRef, QuerySet, Value, When

from accounts.models import User
from messaging.models import Chat, Message, MessageFile

from .backends import backend
from .queries import Query

RANKED: Final = 1000  # of the newest that match: a common word is in more than anybody reads

Place = tuple[int, UUID]  # a message in a list of results: its rank and its id, which is its time


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for, and where.

    Attributes:
        chat, author, kind: only in it, by them, of it.
        has_file: only with, or only without files.
        start, end: only sent from then on, or before then.
        ordering: `relevance`, `newest` or `oldest`.
    """

    query: Query
    chat: Chat | None = None
    author: UUID | None = None
    kind: str | None = None
    has_file: bool | None = None
    start: datetime | None = None
    end: datetime | None = None
    ordering: str = "relevance"


@dataclass(frozen=True)
class Results:
    """A page of them, and the places at its ends beyond which there are more; None where there are not."""

    messages: list[Message] = field(default_factory=list)
    next: Place | None = None
    previous: Place | None = None


def find_messages(
    *, reader: User, search: Search, size: int, place: Place | None = None, is_back: bool = False
) -> Results:
    """A page of the messages that *reader* may see and that match.

    By relevance, messages with the words as they were typed come before those in which they are a part of
    other words, and of each the newest first; of more than `RANKED` matches the newest are ranked.

    Args:
        size: results a page.
        place: begin behind it, or, going back, before it.
    """
    if not search.query.terms:
        return Results()
    if search.ordering == "relevance":
        places = _ranked(_matching(reader, search), search.query)
    else:
        places = _in_order_of_time(reader, search, size, place, is_back=is_back)
    return _page(reader, places, search.ordering, size, place, is_back=is_back)


def _matching(reader: User, search: Search) -> QuerySet[Message]:
    chats = Chat.objects.visible_to(reader)
    there = Message.objects.filter(deleted_at=None).not_hidden_from(reader.pk)
    found: Any = there.between(search.start, search.end).made_about(search.start, search.end)
    if search.chat is not None:
        chats = chats.filter(pk=search.chat.pk)
    if search.author is not None:
        found = found.filter(author=search.author)
    if search.kind is not None:
        found = found.filter(kind=search.kind)
    if search.has_file is not None:
        files = Exists(MessageFile.objects.filter(message=OuterRef("pk")))
        found = found.filter(files if search.has_file else ~files)
    if search.has_file:  # text alone has none, and the other kinds are found by an index
        found = found.exclude(kind=Message.Kind.TEXT)
    return backend().matching(backend().within(found, chats), search.query)


def _ranked(found: QuerySet[Message], query: Query) -> list[Place]:
    newest = found.alias(said=backend().words()).annotate(rank=_rank(query)).order_by("-pk")
    return sorted(newest.values_list("rank", "pk")[:RANKED], reverse=True)


def _rank(query: Query) -> Func:
    """Three for a word, two for the beginning of one, one for a part; three more for all of it in a row."""
    parts = [
        Case(
            When(said__contains=term.whole, then=Value(3)),
            When(said__contains=term.beginning, then=Value(2)),
            default=Value(1),
        )
        for term in query.terms
    ]
    if len(query.terms) > 1:
        parts.append(Case(When(said__contains=query.phrase, then=Value(3)), default=Value(0)))
    # Side by side: as sums of sums SQLite's parser could not hold them.
    return Func(*parts, template="(%(expressions)s)", arg_joiner=" + ", output_field=IntegerField())


def _in_order_of_time(
    reader: User, search: Search, size: int, place: Place | None, *, is_back: bool
) -> list[Place]:
    """As many as decide over a page, in the order of the list."""
    is_descending = (search.ordering == "newest") is not is_back
    found = _matching(reader, search)
    if place:
        found = found.filter(pk__lt=place[1]) if is_descending else found.filter(pk__gt=place[1])
    ids = found.order_by("-pk" if is_descending else "pk").values_list("pk", flat=True)[: size + 1]
    return [(0, pk) for pk in (reversed(ids) if is_back else ids)]


def _page(
    reader: User,
    places: Sequence[Place],
    ordering: str,
    size: int,
    place: Place | None,
    *,
    is_back: bool,
) -> Results:
    """The page of *places*, which are in the order of the list."""
    if place:
        goes_down = (ordering != "oldest") is not is_back
        places = [each for each in places if (each < place if goes_down else each > place)]
    shown = places[-size:] if is_back else places[:size]
    has_more = len(places) > size
    messages = Message.objects.shown_to(reader.pk).in_bulk([pk for _, pk in shown])
    return Results(
        messages=[messages[pk] for _, pk in shown if pk in messages],
        next=shown[-1] if shown and (has_more or is_back) else None,
        previous=shown[0] if shown and (place and not is_back or is_back and has_more) else None,
    )
