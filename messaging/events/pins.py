"""What is held up."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from .base import ChatEvent


@dataclass(frozen=True, kw_only=True)
class MessagePinned(ChatEvent):
    type: ClassVar[str] = "message.pinned"
    message: UUID
    by: UUID | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class MessageUnpinned(ChatEvent):
    """Somebody took it down, it was deleted, or (by nobody) its time is over."""

    type: ClassVar[str] = "message.unpinned"
    message: UUID
    by: UUID | None
