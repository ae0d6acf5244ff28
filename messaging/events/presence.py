"""Somebody came, went, or is here in another way."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class PresenceUpdated(Event):
    """To a person, for their other devices: what they say of themselves.

    Attributes:
        status: `online`, `away`, `busy`, `invisible`.
    """

    type: ClassVar[str] = "presence.updated"
    status: str


@dataclass(frozen=True, kw_only=True)
class UserOnline(Event):
    """To those who look at a chat that they share: somebody is here, or here in another way.

    In no topic, as `UserOffline`: told once to whoever shares several chats with them, and kept nowhere.

    Attributes:
        presence: `online`, `away`, `busy`.
    """

    type: ClassVar[str] = "user.online"
    user: UUID
    presence: str


@dataclass(frozen=True, kw_only=True)
class UserOffline(Event):
    """They are gone, as far as others are to know."""

    type: ClassVar[str] = "user.offline"
    user: UUID
    presence: str = "offline"
