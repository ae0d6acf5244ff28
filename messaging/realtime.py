"""Chats on the live engine: commands to services, log entries to frames, who hears which chat."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from accounts.models import User
from common.api.serializers import read
from common.models import LogEntry
from realtime.registry import Joins, Leaves, Move, Place, Renderer

from . import services
from .api.serializers import (
    ChatFrameSerializer,
    ChatSerializer,
    MessageForReaderSerializer,
    MessageSerializer,
    MessageToChatInput,
    ParticipantSerializer,
    ReadInChatInput,
)
from .events import (
    ChatAdded,
    ChatRemoved,
    ChatUpdated,
    MessageSent,
    ParticipantAdded,
    ParticipantRemoved,
    ParticipantUpdated,
    topic_of_chat,
)
from .models import Chat, Message, Participant

# --- Commands -----------------------------------------------------------------------------------------------


def send(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(MessageToChatInput, data, chats=Chat.objects.with_marks(actor))
    chat = given.pop("chat")
    message, _ = services.send_message(actor=actor, chat=chat, **given)
    return MessageForReaderSerializer(message, context={"chat": chat, "reader": actor}).data


def mark_read(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(ReadInChatInput, data, chats=Chat.objects.visible_to(actor))
    me = services.mark_read(actor=actor, **given)
    return {
        "chat": me.chat_id,
        "read_seq": me.read_seq,
        "unread_count": Message.objects.unread_by(me).count(),
    }


COMMANDS: Final[dict[str, Callable[[Any, dict[str, Any]], dict[str, Any]]]] = {
    "message.send": send,
    "message.read": mark_read,
}

# --- Frames: what an entry's ids stand for, as it is now ----------------------------------------------------


def _chat_of(entry: LogEntry) -> UUID:
    return UUID(entry.topic.partition(":")[2])


def messages(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The messages; of one that an operator took out of the database, the id."""
    found = Message.objects.with_author().in_bulk([entry.data["message"] for entry in entries])
    return [
        MessageSerializer(message).data
        if (message := found.get(UUID(entry.data["message"])))
        else {"id": entry.data["message"]}
        for entry in entries
    ]


def chats(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    found = Chat.objects.in_bulk({_chat_of(entry) for entry in entries})
    return [
        ChatFrameSerializer(chat).data | entry.data if (chat := found.get(_chat_of(entry))) else entry.data
        for entry in entries
    ]


def participants(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """Who came or changed, as they are now; of somebody who is gone again, the id."""
    rows = Participant.objects.filter(
        chat__in={_chat_of(entry) for entry in entries}, user__in={entry.data["user"] for entry in entries}
    )
    found = {(row.chat_id, str(row.user_id)): row for row in rows.select_related("user")}
    return [
        ParticipantSerializer(row).data | {"by": entry.data["by"]}
        if (row := found.get((_chat_of(entry), entry.data["user"])))
        else entry.data
        for entry in entries
    ]


def chats_of_people(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The chat as the person whose stream it is sees it; of one they are no longer in, the id."""
    seen: dict[tuple[UUID, str], Chat] = {}
    people = User.objects.in_bulk({_chat_of(entry) for entry in entries})  # the topic's id is the person's
    for person in people.values():
        ids = {entry.data["chat"] for entry in entries if _chat_of(entry) == person.pk}
        seen |= {
            (person.pk, str(chat.pk)): chat for chat in Chat.objects.for_reader(person).filter(pk__in=ids)
        }
    return [
        ChatSerializer(chat, context={"reader": people[_chat_of(entry)]}).data
        if (chat := seen.get((_chat_of(entry), entry.data["chat"])))
        else {"id": entry.data["chat"]}
        for entry in entries
    ]


RENDERERS: Final[dict[str, Renderer]] = {
    MessageSent.type: messages,
    ChatUpdated.type: chats,
    ParticipantAdded.type: participants,
    ParticipantUpdated.type: participants,
    ChatAdded.type: chats_of_people,
}

# --- Who hears which chat -----------------------------------------------------------------------------------


def _joined(entry: LogEntry) -> Joins:
    user = entry.topic.partition(":")[2]
    return Joins(topic=topic_of_chat(entry.data["chat"]), after=entry.data["after"], users=frozenset({user}))


def _removed(entry: LogEntry) -> Leaves:
    user = entry.topic.partition(":")[2]
    return Leaves(topic=topic_of_chat(entry.data["chat"]), upto=entry.data["upto"], users=frozenset({user}))


def _left(entry: LogEntry) -> Leaves:
    return Leaves(topic=entry.topic, upto=entry.seq, users=frozenset({entry.data["user"]}))


MOVES: Final[dict[str, Move]] = {
    ChatAdded.type: _joined,
    ChatRemoved.type: _removed,
    ParticipantRemoved.type: _left,
}


class ChatFeed:
    """`realtime.registry.Feed` of chats."""

    kind = "chat"

    def places(self, user: UUID) -> dict[str, int]:
        present = Participant.objects.present().filter(user=user, chat__deleted_at=None)
        return {str(chat): seq for chat, seq in present.values_list("chat", "chat__last_seq")}

    def stand(self, user: UUID, ids: Sequence[str]) -> dict[str, Place]:
        wanted = [UUID(id_) for id_ in ids if _is_uuid(id_)]
        person = User.objects.get(pk=user)
        places = {
            str(chat.pk): Place(
                seq=chat.last_seq,
                state={"read_seq": chat.my_read_seq, "unread_count": chat.unread_count},  # type: ignore[attr-defined]
            )
            for chat in Chat.objects.for_reader(person).filter(pk__in=wanted)
        }
        left = Participant.objects.filter(user=user, chat__in=wanted, left_seq__isnull=False)
        for chat, seq in left.values_list("chat", "left_seq"):
            places[str(chat)] = Place(seq=seq or 0, is_in=False)
        return places


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
