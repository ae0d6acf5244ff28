"""What happens to accounts."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event, topic_of_user


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(Event):
    """A session has ended: its sockets close, wherever they are."""

    type: ClassVar[str] = "session.revoked"
    user: UUID
    session: UUID

    @property
    def topic(self) -> str:
        return topic_of_user(self.user)


@dataclass(frozen=True, kw_only=True)
class RoleGranted(Event):
    """To a person: you hold this role now, and may switch to it."""

    type: ClassVar[str] = "role.granted"
    role: str


@dataclass(frozen=True, kw_only=True)
class RoleRevoked(Event):
    """To a person: you hold this role no more; you act as *active*."""

    type: ClassVar[str] = "role.revoked"
    role: str
    active: str


@dataclass(frozen=True, kw_only=True)
class RoleSwitched(Event):
    """To a person, for their other devices: you act as this role now."""

    type: ClassVar[str] = "role.switched"
    role: str


@dataclass(frozen=True, kw_only=True)
class ProfileUpdated(Event):
    """To a person, for their other devices: what you say of yourself has changed."""

    type: ClassVar[str] = "profile.updated"


@dataclass(frozen=True, kw_only=True)
class SettingsUpdated(Event):
    """To a person, for their other devices: your settings have changed."""

    type: ClassVar[str] = "settings.updated"


@dataclass(frozen=True, kw_only=True)
class UserBlocked(Event):
    """To a person, for their other devices: you have blocked somebody."""

    type: ClassVar[str] = "user.blocked"
    user: UUID


@dataclass(frozen=True, kw_only=True)
class UserUnblocked(Event):
    """To a person, for their other devices: you block somebody no longer."""

    type: ClassVar[str] = "user.unblocked"
    user: UUID


@dataclass(frozen=True, kw_only=True)
class SecurityNoticed(Event):
    """To a person: something happened to the safety of your account, by you or by somebody else.

    Attributes:
        what: a verb of the security history, `session.on_new_device` or `session.token_reused`.
    """

    type: ClassVar[str] = "security.noticed"
    what: str
