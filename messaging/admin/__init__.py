"""The staff console of chats and messages, a module a noun."""

from .chats import ChatAdmin
from .messages import MessageAdmin
from .participants import ParticipantInline, ParticipationInline
from .pins import PinAdmin

__all__ = ["ChatAdmin", "MessageAdmin", "ParticipantInline", "ParticipationInline", "PinAdmin"]
