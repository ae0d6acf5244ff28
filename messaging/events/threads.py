"""Where people stand in threads."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class ThreadUpdated(Event):
    """To a person: you follow this thread, or no longer, and have read it up to here."""

    type: ClassVar[str] = "thread.updated"
    chat: UUID
    thread: UUID
    following: bool
    read_seq: int
