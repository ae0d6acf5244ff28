"""Somebody is writing."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from .base import ChatEvent


@dataclass(frozen=True, kw_only=True)
class TypingStarted(ChatEvent):
    """Without `seq`, as `TypingStopped`: it is kept nowhere, and over by itself.

    Attributes:
        expires_in: milliseconds, for a client whose clock is not ours.
    """

    type: ClassVar[str] = "typing.start"
    user: UUID
    expires_at: datetime
    expires_in: int


@dataclass(frozen=True, kw_only=True)
class TypingStopped(ChatEvent):
    type: ClassVar[str] = "typing.stop"
    user: UUID
