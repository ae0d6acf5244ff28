"""The operations on chats, a module a noun."""

from .chats import ChatViewSet
from .contacts import ContactViewSet
from .drafts import DraftViewSet
from .edits import MessageHistoryViewSet
from .folders import FolderViewSet
from .forwards import ForwardView
from .marks import ReadView, ReceiptsView, StatusView, UnreadView
from .messages import ChatMessagesView, MessagesView, MessageView
from .outbox import OutboxView
from .participants import ParticipantViewSet
from .permissions import PermissionsView
from .preferences import ArchiveView, MarkUnreadView, MuteView, PreferencesView
from .reactions import ReactionViewSet
from .scheduled import ScheduledViewSet
from .threads import ChatThreadsViewSet, ThreadFollowView, ThreadReadView, ThreadView
from .typing import TypingView

__all__ = [
    "ArchiveView",
    "ChatMessagesView",
    "ChatThreadsViewSet",
    "ChatViewSet",
    "ContactViewSet",
    "DraftViewSet",
    "FolderViewSet",
    "ForwardView",
    "MarkUnreadView",
    "MessageHistoryViewSet",
    "MessageView",
    "MessagesView",
    "MuteView",
    "OutboxView",
    "ParticipantViewSet",
    "PermissionsView",
    "PreferencesView",
    "ReactionViewSet",
    "ReadView",
    "ReceiptsView",
    "ScheduledViewSet",
    "StatusView",
    "ThreadFollowView",
    "ThreadReadView",
    "ThreadView",
    "TypingView",
    "UnreadView",
]
