"""Whom what happens in chats concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from accounts.models import Block
from common.models import LogEntry
from messaging.events import (
    ChatAdded,
    InvitationReceived,
    JoinRequested,
    MarkMoved,
    MessageSent,
    ReactionAdded,
    ScheduledFailed,
    ThreadUpdated,
    topic_of_chat,
)
from messaging.models import (
    Chat,
    HiddenMessage,
    Invitation,
    Mention,
    Message,
    Participant,
    Reaction,
    ThreadMark,
)
from notifications.kinds import Asked, Call, Caller, Reading
from notifications.reasons import Reason
from notifications.registries import rung

from .kinds import (
    CHAT_ADDED,
    CHAT_REQUEST,
    INVITATION,
    JOIN_REQUEST,
    MENTION,
    MESSAGE,
    REACTION,
    REPLY,
    SCHEDULED_FAILED,
    THREAD_REPLY,
)


def place_of_thread(root: UUID | str) -> str:
    return f"thread:{root}"


def messages_sent(entries: Sequence[LogEntry], asked: Asked) -> list[Sequence[Call]]:
    """Each message is one thing for each person: a call of theirs before a reply before just a message."""
    said = Messages(entries, asked)
    return [said.calls(entry, among) for entry, among in zip(entries, asked, strict=True)]


class Messages:
    """What a few queries find of all these messages."""

    def __init__(self, entries: Sequence[LogEntry], asked: Asked) -> None:
        self._is_asked = None not in asked
        self._asked = set[UUID]().union(*(each for each in asked if each is not None))
        ids = [UUID(entry.data["message"]) for entry in entries]
        rows = Message.objects.filter(pk__in=ids).select_related("reply_to")
        self._messages = {str(row.pk): row for row in rows}
        self._called = self._people(Mention.objects.filter(message__in=ids), "message", "user")
        threads = {row.thread_id for row in self._messages.values() if row.thread_id}
        following = ThreadMark.objects.filter(root__in=threads, is_following=True)
        self._followers = self._people(following, "root", "user") if threads else {}
        self._participants = self._find_participants()
        self._blocks = self._find_blocks()
        self._hidden = self._find_hidden(ids)

    @staticmethod
    def _people(rows: Any, of: str, who: str) -> dict[UUID, set[UUID]]:
        found: dict[UUID, set[UUID]] = defaultdict(set)
        for key, user in rows.values_list(of, who):
            found[key].add(user)
        return found

    def _find_participants(self) -> dict[UUID, list[Participant]]:
        """Whom it may concern, by chat: who is called, replied to or follows, and who can be rung at all."""
        if not self._messages:
            return {}
        said = list(self._messages.values())
        rows = Participant.objects.present().filter(chat__in={row.chat_id for row in said})
        if self._is_asked:
            rows = rows.filter(user__in=self._asked)
        elif not any(row.mentions_all for row in said):
            concerned: set[UUID] = set().union(*self._called.values(), *self._followers.values())
            concerned |= {row.reply_to.author_id for row in said if row.reply_to and row.reply_to.author_id}
            rows = rows.filter(Q(user__in=concerned) | rung("user"))
        found: dict[UUID, list[Participant]] = defaultdict(list)
        for row in rows.select_related("chat"):
            found[row.chat_id].append(row)
        return found

    def _find_blocks(self) -> set[tuple[UUID, UUID]]:
        """Who of them has blocked whom of the authors."""
        people = {row.user_id for rows in self._participants.values() for row in rows}
        authors = {row.author_id for row in self._messages.values() if row.author_id}
        found = Block.objects.filter(blocker__in=people, blocked__in=authors)
        return set(found.values_list("blocker", "blocked")) if people and authors else set()

    def _find_hidden(self, ids: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
        """What they have deleted for themselves since."""
        return set(HiddenMessage.objects.filter(message__in=ids).values_list("message", "user"))

    def calls(self, entry: LogEntry, asked: Collection[UUID] | None) -> list[Call]:
        message = self._messages.get(entry.data["message"])
        calls: list[Call] = []
        if message and message.kind != Message.Kind.SYSTEM:
            there = self._participants.get(message.chat_id, [])
            concerned = [row for row in there if asked is None or row.user_id in asked]
            calls = [call for row in concerned if (call := self._call(entry, message, row))]
        if asked is not None:
            reason = Reason.GONE if message is None or message.deleted_at else Reason.NOT_IN_AUDIENCE
            others = set(asked) - {call.user for call in calls}
            calls += [_refused(MESSAGE, user, entry, reason) for user in others]
        return calls

    def _call(self, entry: LogEntry, message: Message, me: Participant) -> Call | None:
        refusal = self._refusal(entry, message, me)
        if refusal and not self._is_asked:
            return None
        return Call(
            kind=self._kind(message, me.user_id),
            user=me.user_id,
            data={"chat": str(message.chat_id), "message": str(message.pk), "seq": message.seq},
            topic=topic_of_chat(message.chat_id),
            place=place_of_thread(message.thread_id) if message.thread_id else "",
            seq=message.seq,
            muted_until=me.muted_until,
            is_silent=message.silent,
            refusal=refusal,
        )

    def _refusal(self, entry: LogEntry, message: Message, me: Participant) -> Reason | None:
        if message.author_id == me.user_id:
            return Reason.OWN
        if message.deleted_at or (message.pk, me.user_id) in self._hidden:
            return Reason.GONE
        if me.joined_at > entry.at:
            return Reason.NOT_IN_AUDIENCE
        if (me.user_id, message.author_id) in self._blocks:
            return Reason.BLOCKED
        if me.is_request:
            return Reason.REQUEST
        # In a thread it is for those who are called or follow it: the main line says nothing of it.
        is_for_all = message.thread_id is None
        return None if is_for_all or self._kind(message, me.user_id) != MESSAGE else Reason.NOT_IN_AUDIENCE

    def _kind(self, message: Message, user: UUID) -> str:
        if message.mentions_all or user in self._called.get(message.pk, ()):
            return MENTION
        if message.reply_to and message.reply_to.author_id == user:
            return REPLY
        if message.thread_id and user in self._followers.get(message.thread_id, ()):
            return THREAD_REPLY
        return MESSAGE


def reactions_added(entries: Sequence[LogEntry], asked: Asked) -> list[Sequence[Call]]:
    """Whoever said it, of the reactions of others; all of one message together."""
    found = Reaction.objects.filter(pk__in=[entry.data["reaction"] for entry in entries])
    reactions = {str(row.pk): row for row in found.select_related("message")}
    authors = {row.message.author_id for row in reactions.values()}
    there = Participant.objects.present().filter(
        user__in=authors, chat__in={row.message.chat_id for row in reactions.values()}
    )
    present = {(row.user_id, row.chat_id): row for row in there}
    reactors = {row.user_id for row in reactions.values()}
    apart = set(
        Block.objects.filter(blocker__in=authors, blocked__in=reactors).values_list("blocker", "blocked")
    )

    def calls(entry: LogEntry, among: Collection[UUID] | None) -> Iterable[Call]:
        row = reactions.get(entry.data["reaction"])
        author = row.message.author_id if row else None
        if row is None or author is None or (among is not None and author not in among):
            return
        me = present.get((author, row.message.chat_id))
        refusal = None
        if row.user_id == author:
            refusal = Reason.OWN
        elif me is None:
            refusal = Reason.NOT_IN_AUDIENCE
        elif (author, row.user_id) in apart:
            refusal = Reason.BLOCKED
        elif row.message.deleted_at:
            refusal = Reason.GONE
        if refusal and among is None:
            return
        message = row.message
        yield Call(
            kind=REACTION,
            user=author,
            data={"chat": str(message.chat_id), "message": str(message.pk), "reaction": str(row.pk)},
            topic=topic_of_chat(message.chat_id),
            place=f"reactions:{message.pk}",  # reading the chat is not seeing them
            collapse=f"message:{message.pk}",
            muted_until=me.muted_until if me else None,
            refusal=refusal,
        )

    return [list(calls(entry, among)) for entry, among in zip(entries, asked, strict=True)]


def invitations_received(entries: Sequence[LogEntry], asked: Asked) -> list[Sequence[Call]]:
    found = Invitation.objects.in_bulk([entry.data["invitation"] for entry in entries])
    rows = {str(pk): row for pk, row in found.items()}

    def data(entry: LogEntry) -> dict[str, str] | None:
        row = rows.get(entry.data["invitation"])
        return {"invitation": str(row.pk), "chat": str(row.chat_id)} if row else None

    return [
        _to_owner(entry, INVITATION, data(entry), among) for entry, among in zip(entries, asked, strict=True)
    ]


def chats_added(entries: Sequence[LogEntry], asked: Asked) -> list[Sequence[Call]]:
    """Who was brought into a chat by somebody else; a private one, if by a stranger."""
    chats = {entry.data["chat"] for entry in entries}
    people = {_owner(entry) for entry in entries}
    rows = Participant.objects.present().filter(chat__in=chats, user__in=people).select_related("chat")
    present = {(str(row.chat_id), row.user_id): row for row in rows}

    def calls(entry: LogEntry, among: Collection[UUID] | None) -> Sequence[Call]:
        me = present.get((entry.data["chat"], _owner(entry)))
        if me is None or me.added_by_id in (None, me.user_id):
            return []
        if me.chat.type == Chat.Type.PRIVATE and not me.is_request:
            return []  # the first message says it
        kind = CHAT_REQUEST if me.is_request else CHAT_ADDED
        return _to_owner(entry, kind, {"chat": entry.data["chat"], "by": str(me.added_by_id)}, among)

    return [calls(entry, among) for entry, among in zip(entries, asked, strict=True)]


def joins_requested(entries: Sequence[LogEntry], asked: Asked) -> list[Sequence[Call]]:
    return [
        _to_owner(
            entry,
            JOIN_REQUEST,
            {"chat": entry.data["chat"], "user": entry.data["user"]},
            among,
            collapse=topic_of_chat(entry.data["chat"]),
        )
        for entry, among in zip(entries, asked, strict=True)
    ]


def scheduled_failed(entries: Sequence[LogEntry], asked: Asked) -> list[Sequence[Call]]:
    return [
        _to_owner(
            entry,
            SCHEDULED_FAILED,
            {"chat": entry.data["chat"], "scheduled": entry.data["scheduled"]},
            among,
        )
        for entry, among in zip(entries, asked, strict=True)
    ]


def _owner(entry: LogEntry) -> UUID:
    """Whose stream it stands in."""
    return UUID(entry.topic.partition(":")[2])


def _to_owner(
    entry: LogEntry,
    kind: str,
    data: dict[str, str] | None,
    among: Collection[UUID] | None,
    *,
    collapse: str = "",
) -> Sequence[Call]:
    owner = _owner(entry)
    if data is None or (among is not None and owner not in among):
        return []
    topic = topic_of_chat(data["chat"])
    return [
        Call(
            kind=kind,
            user=owner,
            data=data,
            topic=topic,
            place=f"{kind}:{data['chat']}",  # reading the chat is not seeing it
            collapse=collapse,
        )
    ]


def _refused(kind: str, user: UUID, entry: LogEntry, reason: Reason) -> Call:
    return Call(kind=kind, user=user, data=dict(entry.data), topic=entry.topic, refusal=reason)


def marks_moved(entries: Sequence[LogEntry]) -> list[tuple[UUID, str, int]]:
    return [(_owner(entry), topic_of_chat(entry.data["chat"]), entry.data["read_seq"]) for entry in entries]


def threads_read(entries: Sequence[LogEntry]) -> list[tuple[UUID, str, int]]:
    return [
        (_owner(entry), place_of_thread(entry.data["thread"]), entry.data["read_seq"]) for entry in entries
    ]


CALLERS: Final[dict[str, Caller]] = {
    MessageSent.type: messages_sent,
    ReactionAdded.type: reactions_added,
    InvitationReceived.type: invitations_received,
    ChatAdded.type: chats_added,
    JoinRequested.type: joins_requested,
    ScheduledFailed.type: scheduled_failed,
}
READINGS: Final[dict[str, Reading]] = {MarkMoved.type: marks_moved, ThreadUpdated.type: threads_read}
