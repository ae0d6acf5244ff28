"""The operations on chats, a module a noun."""

from .avatars import ChatAvatarView
from .chats import ChatViewSet
from .contacts import ContactViewSet
from .drafts import DraftViewSet
from .edits import MessageHistoryViewSet
from .files import ChatFileViewSet
from .folders import FolderViewSet
from .forwards import ForwardView
from .invitations import (
    AcceptView,
    DeclineView,
    InvitationView,
    InvitationViewSet,
    JoinRequestViewSet,
    MyInvitationViewSet,
)
from .marks import ReadView, ReceiptsView, StatusView, UnreadView
from .messages import ChatMessagesView, MessagesView, MessageView
from .notices import NotificationTraceView
from .outbox import OutboxView
from .participants import ParticipantViewSet
from .permissions import PermissionsView
from .pins import PinViewSet
from .preferences import ArchiveView, MarkUnreadView, MuteView, PreferencesView
from .presence import PresenceView
from .reactions import ReactionViewSet
from .requests import AcceptChatView
from .scheduled import ScheduledViewSet
from .search import ChatSearchView, ChatsSearchViewSet, MessageSearchView, SuggestionsView
from .threads import ChatThreadsViewSet, ThreadFollowView, ThreadReadView, ThreadView
from .typing import TypingView

__all__ = [
    "PresenceView",
    "AcceptChatView",
    "AcceptView",
    "ArchiveView",
    "ChatAvatarView",
    "ChatFileViewSet",
    "ChatMessagesView",
    "ChatSearchView",
    "ChatThreadsViewSet",
    "ChatViewSet",
    "ChatsSearchViewSet",
    "ContactViewSet",
    "DeclineView",
    "DraftViewSet",
    "FolderViewSet",
    "ForwardView",
    "InvitationView",
    "InvitationViewSet",
    "JoinRequestViewSet",
    "MarkUnreadView",
    "MessageHistoryViewSet",
    "MessageSearchView",
    "MessageView",
    "MessagesView",
    "MuteView",
    "MyInvitationViewSet",
    "NotificationTraceView",
    "OutboxView",
    "ParticipantViewSet",
    "PermissionsView",
    "PinViewSet",
    "PreferencesView",
    "ReactionViewSet",
    "ReadView",
    "ReceiptsView",
    "ScheduledViewSet",
    "StatusView",
    "SuggestionsView",
    "ThreadFollowView",
    "ThreadReadView",
    "ThreadView",
    "TypingView",
    "UnreadView",
]
