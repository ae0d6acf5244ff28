"""How far what is said has come with people."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event

from .base import ChatEvent


@dataclass(frozen=True, kw_only=True)
class MessageRead(ChatEvent):
    """A read mark moved. Without `seq`: marks only grow, and `resumed` carries the present one."""

    type: ClassVar[str] = "message.read"
    user: UUID
    read_seq: int


@dataclass(frozen=True, kw_only=True)
class MessageDelivered(ChatEvent):
    """What is said has reached a device of somebody's. Without `seq`, as `MessageRead`, which says it too."""

    type: ClassVar[str] = "message.delivered"
    user: UUID
    delivered_seq: int


@dataclass(frozen=True, kw_only=True)
class MarkMoved(Event):
    """To a person, for their other devices: your read mark moved."""

    type: ClassVar[str] = "mark.moved"
    chat: UUID
    read_seq: int
