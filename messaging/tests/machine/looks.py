"""What the server shows of all their chats to whoever asks now: at a glance, or read in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from messaging import policies
from messaging.api.serializers import (
    ChatSerializer,
    MessageForReaderSerializer,
    ParticipantSerializer,
    ThreadSerializer,
)
from messaging.models import Chat, Message, Participant, Reaction, ReactionCount
from messaging.services import badges_of
from messaging.services.unread import BADGES

from .copies import ALL, Copy, Note

Explained = dict[str, list[str]]  # the ids of the messages behind each badge


@dataclass
class Seen:
    """A chat as somebody sees it.

    Attributes:
        threads: how much is unread below each message of the main line, followed or not.
        mine, others: how far it was read and received, by the reader and by the slowest of the others.
        statuses, last: of the messages and in the list of chats, as only a full reading tells.
    """

    copy: Copy
    badges: dict[str, int]
    explained: Explained
    threads: dict[str, int] = field(default_factory=dict)
    mine: tuple[int, int] = (0, 0)
    others: tuple[int | None, int | None] = (None, None)
    statuses: dict[str, str] | None = None
    last: str | None = None


# --- At a glance --------------------------------------------------------------------------------------------

SOME_CHAT: Final = UUID(int=1)  # stand in a written query for what each asking gives
SOME_SEQ: Final = 1_000_000_007


class Written:
    """A query that is written once: that takes Django much longer than it takes a database to answer it."""

    def __init__(self, query: QuerySet[Any, Any]) -> None:
        self._compiler = query.query.get_compiler(connection=connection)
        self._sql, self._params = self._compiler.as_sql()

    def __call__(self, *, chat: UUID = SOME_CHAT, seq: int = SOME_SEQ) -> Iterator[tuple[Any, ...]]:
        given = {_plain(SOME_CHAT): _plain(chat), SOME_SEQ: seq}
        params = tuple(given.get(each, each) for each in self._params)
        self._compiler.as_sql = lambda *args, **kwargs: (self._sql, params)
        return self._compiler.results_iter(tuple_expected=True)


def _plain(chat: UUID) -> Any:
    return Chat._meta.pk.get_db_prep_value(chat, connection)


class Glance:
    """The queries of one person's look at everything."""

    def __init__(self, user: User) -> None:
        visible = Message.objects.visible_to(user)
        chats = Chat.objects.for_reader(user).prefetch_related(None).order_by()
        self.chats = Written(
            chats.values_list(
                "id",
                "last_seq",
                "title",
                "my_read_seq",
                "my_delivered_seq",
                "others_read_seq",
                "others_delivered_seq",
                *BADGES,
            )
        )
        self.messages = Written(
            visible.threads_for(user)
            .order_by("seq")
            .values_list(
                "chat",
                "id",
                "seq",
                "author",
                "text",
                "thread",
                "reply_to",
                "reply_to__text",
                "reply_to__deleted_at",
                "mentions",
                "mentions_all",
                "revision",
                "deleted_by",
                "reply_count",
                "last_reply_seq",
                "is_followed",
                "thread_read_seq",
                "thread_unread_count",
            )
        )
        counts = ReactionCount.objects.filter(message__in=visible).order_by("id")
        self.reactions = Written(counts.values_list("message__chat", "message", "emoji", "count"))
        mine = Reaction.objects.filter(user=user, message__in=visible)
        self.mine = Written(mine.values_list("message__chat", "message", "emoji", "id"))
        people = Participant.objects.listed().filter(chat__in=Chat.objects.visible_to(user).values("pk"))
        self.people = Written(people.values_list("chat", "user", "role"))
        someone = Participant(chat_id=SOME_CHAT, user=user, read_seq=SOME_SEQ)
        self.behind = {
            name: Written(rule(someone).order_by("seq").values_list("pk")) for name, rule in BADGES.items()
        }


@cache
def _glance_of(who: UUID, *, shows_reading: bool) -> Glance:  # what somebody shows is part of the queries
    return Glance(User.objects.get(pk=who))


def glance(who: UUID, *, shows_reading: bool) -> dict[str, Seen]:
    """All chats of somebody, by id, in a few queries of the product's."""
    ask = _glance_of(who, shows_reading=shows_reading)
    seen: dict[UUID, Seen] = {}
    for chat, last, title, read, delivered, others_read, others_delivered, *counts in ask.chats():
        seen[chat] = Seen(
            Copy(last, title, read),
            badges=dict(zip(BADGES, counts, strict=True)),
            explained={
                name: [str(pk) for (pk,) in behind(chat=chat, seq=read)]
                for name, behind in ask.behind.items()
            },
            mine=(read, delivered),
            others=(others_read, others_delivered),
        )
    for row in ask.messages():
        _note(seen[row[0]], *row[1:])
    for chat, message, emoji, count in ask.reactions():
        seen[chat].copy.said[str(message)].reactions[emoji] = count
    for chat, message, emoji, id_ in ask.mine():
        seen[chat].copy.said[str(message)].mine[str(id_)] = emoji
    for chat, person, role in ask.people():
        seen[chat].copy.roles[str(person)] = role
    return {str(chat): each for chat, each in seen.items()}


def _note(
    seen: Seen,
    id_: UUID,
    seq: int,
    author: UUID,
    text: str,
    thread: UUID | None,
    answered: UUID | None,
    says: str,
    answered_deleted_at: Any,
    mentions: list[str],
    mentions_all: bool,  # noqa: FBT001
    revision: int,
    deleted_by: UUID | None,
    count: int,
    last_reply: int | None,
    follows: bool,  # noqa: FBT001
    read: int,
    unread: int,
) -> None:
    key = str(id_)
    seen.copy.said[key] = Note(
        seq=seq,
        author=str(author),
        text=text,
        thread=thread and str(thread),
        answers=answered and (str(answered), says[: Message.EXCERPT], answered_deleted_at is not None),
        mentions=[*mentions, ALL] if mentions_all else mentions,
        revision=revision,
        deleted_by=deleted_by and str(deleted_by),
        replies=(count, last_reply),
    )
    if thread is None:
        seen.threads[key] = unread
        if (follows, read) != (False, seq):
            seen.copy.threads[key] = (follows, read)


# --- In full ------------------------------------------------------------------------------------------------


def reading(user: User) -> dict[str, Seen]:
    """The same as the API's serializers write it."""
    chats = {str(chat.pk): chat for chat in Chat.objects.for_reader(user)}
    rows = {str(row.chat_id): row for row in Participant.objects.present().filter(user=user)}
    return {id_: _read(chat, rows[id_], user) for id_, chat in chats.items()}


def _read(chat: Any, row: Participant, user: User) -> Seen:
    context = {"reader": user, "chat": chat}
    shown: Any = ChatSerializer(chat, context=context).data
    messages = chat.messages.shown_to(user.pk).not_hidden_from(user.pk).order_by("seq")
    said: Any = MessageForReaderSerializer(messages, many=True, context=context).data
    roots = chat.messages.main_line().shown_to(user.pk).not_hidden_from(user.pk).threads_for(user)
    threads: Any = ThreadSerializer(roots, many=True, context=context).data
    people: Any = ParticipantSerializer(policies.people_seen_by(user, chat), many=True).data
    explained = badges_of(row, explain=True)
    copy = Copy(
        seq=shown["last_seq"],
        title=shown["title"],
        read_seq=shown["read_seq"],
        roles={str(person["user"]): person["role"] for person in people},
        said={str(each["id"]): Note.of(each) for each in said},
    )
    for thread in threads:
        copy.stand(str(thread["root"]["id"]), following=thread["following"], read_seq=thread["read_seq"])
    return Seen(
        copy,
        badges={name: shown[name] for name in BADGES},
        explained={name: [str(pk) for pk in badge.ids or ()] for name, badge in explained.items()},
        threads={str(thread["root"]["id"]): thread["unread_count"] for thread in threads},
        mine=(chat.my_read_seq, chat.my_delivered_seq),
        others=(chat.others_read_seq, chat.others_delivered_seq),
        statuses={str(each["id"]): each["status"] for each in said},
        last=shown["last_message"] and str(shown["last_message"]["id"]),
    )
