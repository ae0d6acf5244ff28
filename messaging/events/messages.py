"""What is said."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event

from .base import ChatEvent


@dataclass(frozen=True, kw_only=True)
class MessageSent(ChatEvent):
    """Somebody said something."""

    type: ClassVar[str] = "message.sent"
    public: ClassVar[bool] = True
    message: UUID


@dataclass(frozen=True, kw_only=True)
class MessageUpdated(ChatEvent):
    """It says something else now: then with the revision that the edit made. Or its files are others."""

    type: ClassVar[str] = "message.updated"
    public: ClassVar[bool] = True
    message: UUID
    revision: int | None


@dataclass(frozen=True, kw_only=True)
class MessageDeleted(ChatEvent):
    """It says nothing any more, to nobody."""

    type: ClassVar[str] = "message.deleted"
    public: ClassVar[bool] = True
    message: UUID


@dataclass(frozen=True, kw_only=True)
class MessageHidden(Event):
    """To a person, for their other devices: you have deleted this message for yourself."""

    type: ClassVar[str] = "message.hidden"
    chat: UUID
    message: UUID
