"""Chats and who is in them."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event

from .base import ChatEvent


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
