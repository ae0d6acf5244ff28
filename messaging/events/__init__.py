"""What happens in chats.

Events of a chat carry its `seq` where they change what is in it; those for people stand in each person's own
stream.
"""

from .base import ChatEvent, topic_of_chat
from .chats import (
    ChatAdded,
    ChatRemoved,
    ChatUpdated,
    ParticipantAdded,
    ParticipantRemoved,
    ParticipantUpdated,
)
from .contacts import ContactAdded, ContactRemoved, ContactUpdated
from .drafts import DraftUpdated
from .folders import FolderDeleted, FolderUpdated
from .invitations import InvitationClosed, InvitationReceived, JoinRejected, JoinRequested
from .marks import MarkMoved, MessageDelivered, MessageRead
from .messages import MessageDeleted, MessageHidden, MessageSent, MessageUpdated
from .pins import MessagePinned, MessageUnpinned
from .preferences import PreferencesUpdated
from .presence import PresenceUpdated, UserOffline, UserOnline
from .reactions import ReactionAdded, ReactionRemoved
from .scheduled import ScheduledFailed, ScheduledRemoved, ScheduledUpdated
from .threads import ThreadUpdated
from .typing import TypingStarted, TypingStopped

__all__ = [
    "ChatAdded",
    "ChatEvent",
    "ChatRemoved",
    "ChatUpdated",
    "ContactAdded",
    "ContactRemoved",
    "ContactUpdated",
    "DraftUpdated",
    "FolderDeleted",
    "FolderUpdated",
    "InvitationClosed",
    "InvitationReceived",
    "JoinRejected",
    "JoinRequested",
    "MarkMoved",
    "MessageDeleted",
    "MessageDelivered",
    "MessageHidden",
    "MessagePinned",
    "MessageRead",
    "MessageSent",
    "MessageUnpinned",
    "MessageUpdated",
    "ParticipantAdded",
    "ParticipantRemoved",
    "ParticipantUpdated",
    "PreferencesUpdated",
    "PresenceUpdated",
    "ReactionAdded",
    "ReactionRemoved",
    "ScheduledFailed",
    "ScheduledRemoved",
    "ScheduledUpdated",
    "ThreadUpdated",
    "TypingStarted",
    "TypingStopped",
    "UserOffline",
    "UserOnline",
    "topic_of_chat",
]
