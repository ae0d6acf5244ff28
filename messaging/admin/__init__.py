"""The staff console of chats and messages, a module a noun."""

from .chats import ChatAdmin
from .invitations import InvitationAdmin
from .messages import MessageAdmin
from .participants import MembershipChangeInline, ParticipantInline, ParticipationInline
from .pins import PinAdmin

__all__ = [
    "ChatAdmin",
    "InvitationAdmin",
    "MembershipChangeInline",
    "MessageAdmin",
    "ParticipantInline",
    "ParticipationInline",
    "PinAdmin",
]
