"""The operations on chats, a module a noun."""

from .chats import ChatViewSet
from .edits import MessageHistoryViewSet
from .messages import ChatMessagesView, MessagesView, MessageView, ReadView
from .outbox import OutboxView
from .participants import ParticipantViewSet

__all__ = [
    "ChatMessagesView",
    "ChatViewSet",
    "MessageHistoryViewSet",
    "MessageView",
    "MessagesView",
    "OutboxView",
    "ParticipantViewSet",
    "ReadView",
]
