"""What chats are to people."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class PreferencesUpdated(Event):
    """To a person, for their other devices: you archived or muted a chat, marked it, made it a favourite."""

    type: ClassVar[str] = "preferences.updated"
    chat: UUID
