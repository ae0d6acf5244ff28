"""How people react."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from .base import ChatEvent


@dataclass(frozen=True, kw_only=True)
class ReactionAdded(ChatEvent):
    """The emoji is in the reaction, which goes with the person; the log keeps ids alone."""

    type: ClassVar[str] = "reaction.added"
    public: ClassVar[bool] = True
    message: UUID
    user: UUID
    reaction: UUID


@dataclass(frozen=True, kw_only=True)
class ReactionRemoved(ChatEvent):
    """Somebody took a reaction back."""

    type: ClassVar[str] = "reaction.removed"
    public: ClassVar[bool] = True
    message: UUID
    user: UUID
    reaction: UUID
