"""How people react."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from .base import ChatEvent


@dataclass(frozen=True, kw_only=True)
class ReactionAdded(ChatEvent):
    type: ClassVar[str] = "reaction.added"
    message: UUID
    user: UUID
    emoji: str


@dataclass(frozen=True, kw_only=True)
class ReactionRemoved(ChatEvent):
    type: ClassVar[str] = "reaction.removed"
    message: UUID
    user: UUID
    emoji: str
