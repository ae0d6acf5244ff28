"""What is said."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from .base import ChatEvent


@dataclass(frozen=True, kw_only=True)
class MessageSent(ChatEvent):
    type: ClassVar[str] = "message.sent"
    message: UUID


@dataclass(frozen=True, kw_only=True)
class MessageUpdated(ChatEvent):
    """It says or shows something else now."""

    type: ClassVar[str] = "message.updated"
    message: UUID
