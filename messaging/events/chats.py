"""Chats and who is in them."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event

from .base import ChatEvent


@dataclass(frozen=True, kw_only=True)
class ChatUpdated(ChatEvent):
    """It says something else of itself now, or others may do other things in it."""

    type: ClassVar[str] = "chat.updated"
    public: ClassVar[bool] = True
    by: UUID | None


@dataclass(frozen=True, kw_only=True)
class ParticipantAdded(ChatEvent):
    """Somebody came in, or was brought in by somebody."""

    type: ClassVar[str] = "participant.added"
    public: ClassVar[bool] = True
    user: UUID
    by: UUID | None


@dataclass(frozen=True, kw_only=True)
class ParticipantUpdated(ChatEvent):
    """Their role changed."""

    type: ClassVar[str] = "participant.updated"
    public: ClassVar[bool] = True
    user: UUID
    by: UUID | None


@dataclass(frozen=True, kw_only=True)
class ParticipantRemoved(ChatEvent):
    """They left, or were removed by somebody else. It is the last they hear of the chat."""

    type: ClassVar[str] = "participant.removed"
    public: ClassVar[bool] = True
    user: UUID
    by: UUID | None


@dataclass(frozen=True, kw_only=True)
class ChatAdded(Event):
    """To a person: you are in this chat now. Its events come from position *after* on."""

    type: ClassVar[str] = "chat.added"
    public: ClassVar[bool] = True
    chat: UUID
    after: int


@dataclass(frozen=True, kw_only=True)
class ChatRemoved(Event):
    """To a person: you are not in this chat any more; position *upto* was the last for you."""

    type: ClassVar[str] = "chat.removed"
    public: ClassVar[bool] = True
    chat: UUID
    upto: int
