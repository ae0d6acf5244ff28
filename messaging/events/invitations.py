"""Ways into a chat. All of these are for people, in their own streams."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class InvitationReceived(Event):
    """To a person: somebody invites you to a chat."""

    type: ClassVar[str] = "invitation.received"
    public: ClassVar[bool] = True
    invitation: UUID


@dataclass(frozen=True, kw_only=True)
class InvitationClosed(Event):
    """To a person: an invitation to you was taken back, or you declined it on another device."""

    type: ClassVar[str] = "invitation.closed"
    public: ClassVar[bool] = True
    invitation: UUID


@dataclass(frozen=True, kw_only=True)
class JoinRequested(Event):
    """To those who run a chat: somebody asks to be let in."""

    type: ClassVar[str] = "join_request.made"
    public: ClassVar[bool] = True
    chat: UUID
    user: UUID


@dataclass(frozen=True, kw_only=True)
class JoinRejected(Event):
    """To a person: you were not let in."""

    type: ClassVar[str] = "join_request.rejected"
    public: ClassVar[bool] = True
    chat: UUID
