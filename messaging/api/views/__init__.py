"""The operations on chats, a module a noun."""

from .chats import ChatViewSet
from .contacts import ContactViewSet
from .edits import MessageHistoryViewSet
from .messages import ChatMessagesView, MessagesView, MessageView, ReadView
from .outbox import OutboxView
from .participants import ParticipantViewSet
from .permissions import PermissionsView
from .threads import ChatThreadsViewSet, ThreadFollowView, ThreadReadView, ThreadView

__all__ = [
    "ChatMessagesView",
    "ChatThreadsViewSet",
    "ChatViewSet",
    "MessageHistoryViewSet",
    "ContactViewSet",
    "MessageView",
    "MessagesView",
    "OutboxView",
    "ParticipantViewSet",
    "PermissionsView",
    "ReadView",
    "ThreadFollowView",
    "ThreadReadView",
    "ThreadView",
]
