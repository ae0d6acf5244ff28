"""What is held up."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from .base import ChatEvent


@dataclass(frozen=True, kw_only=True)
class MessagePinned(ChatEvent):
    """It is held up for everyone in the chat, until its time is over if it has one."""

    type: ClassVar[str] = "message.pinned"
    public: ClassVar[bool] = True
    message: UUID
    by: UUID | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class MessageUnpinned(ChatEvent):
    """Somebody took it down, it was deleted, or (by nobody) its time is over."""

    type: ClassVar[str] = "message.unpinned"
    public: ClassVar[bool] = True
    message: UUID
    by: UUID | None
