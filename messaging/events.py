"""What happens in chats.

Events of a chat carry its `seq` where they change what is in it; those for people stand in each person's own
stream.
"""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from common.events import Event


def topic_of_chat(chat: UUID | str) -> str:
    return f"chat:{chat}"


@dataclass(frozen=True, kw_only=True)
class ChatEvent(Event):
    """Everyone in the chat hears it."""

    chat: UUID
    seq: int | None = None

    @property
    def topic(self) -> str:
        return topic_of_chat(self.chat)

    @property
    def position(self) -> int | None:
        return self.seq

    def data(self) -> dict[str, Any]:
        return {name: value for name, value in super().data().items() if name not in ("chat", "seq")}


@dataclass(frozen=True, kw_only=True)
class MessageSent(ChatEvent):
    type: ClassVar[str] = "message.sent"
    message: UUID


@dataclass(frozen=True, kw_only=True)
class MessageRead(ChatEvent):
    """A read mark moved. Without `seq`: marks only grow, and `resumed` carries the present one."""

    type: ClassVar[str] = "message.read"
    user: UUID
    read_seq: int


@dataclass(frozen=True, kw_only=True)
class ChatUpdated(ChatEvent):
    type: ClassVar[str] = "chat.updated"
    by: UUID | None


@dataclass(frozen=True, kw_only=True)
class ParticipantAdded(ChatEvent):
    type: ClassVar[str] = "participant.added"
    user: UUID
    by: UUID | None


@dataclass(frozen=True, kw_only=True)
class ParticipantUpdated(ChatEvent):
    """Their role changed."""

    type: ClassVar[str] = "participant.updated"
    user: UUID
    by: UUID | None


@dataclass(frozen=True, kw_only=True)
class ParticipantRemoved(ChatEvent):
    """They left, or were removed by somebody else. It is the last they hear of the chat."""

    type: ClassVar[str] = "participant.removed"
    user: UUID
    by: UUID | None


@dataclass(frozen=True, kw_only=True)
class ChatAdded(Event):
    """To a person: you are in this chat now. Its events come from position *after* on."""

    type: ClassVar[str] = "chat.added"
    chat: UUID
    after: int


@dataclass(frozen=True, kw_only=True)
class ChatRemoved(Event):
    """To a person: you are not in this chat any more; position *upto* was the last for you."""

    type: ClassVar[str] = "chat.removed"
    chat: UUID
    upto: int


@dataclass(frozen=True, kw_only=True)
class MarkMoved(Event):
    """To a person, for their other devices: your read mark moved."""

    type: ClassVar[str] = "mark.moved"
    chat: UUID
    read_seq: int
