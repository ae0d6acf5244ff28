"""Chats, who is in them, and what they say: a module a noun."""

from .chats import Chat, ChatQuerySet
from .contacts import Contact, ContactQuerySet
from .drafts import Draft, DraftCopy
from .files import MessageFile, MessageFileQuerySet
from .folders import Folder, FolderPlace, FolderQuerySet
from .hidden import HiddenMessage
from .invitations import Invitation, InvitationQuerySet, JoinRequest, JoinRequestQuerySet
from .marks import MarkMove, MarkMoveQuerySet, recipients_of, shows_reading, with_times
from .memberships import MembershipChange
from .mentions import Mention
from .messages import Message, MessageQuerySet, a_while_after, a_while_before
from .participants import Participant, ParticipantQuerySet
from .pins import Pin, PinQuerySet
from .presence import Presence
from .reactions import Reaction, ReactionCount, ReactionQuerySet
from .revisions import Revision
from .scheduled import ScheduledMessage
from .threads import ThreadMark

__all__ = [
    "Chat",
    "ChatQuerySet",
    "Contact",
    "ContactQuerySet",
    "Draft",
    "DraftCopy",
    "Folder",
    "FolderPlace",
    "FolderQuerySet",
    "HiddenMessage",
    "Invitation",
    "InvitationQuerySet",
    "JoinRequest",
    "JoinRequestQuerySet",
    "MarkMove",
    "MarkMoveQuerySet",
    "MembershipChange",
    "Mention",
    "Message",
    "MessageFile",
    "MessageFileQuerySet",
    "MessageQuerySet",
    "Participant",
    "ParticipantQuerySet",
    "Pin",
    "PinQuerySet",
    "Presence",
    "Reaction",
    "ReactionCount",
    "ReactionQuerySet",
    "Revision",
    "ScheduledMessage",
    "ThreadMark",
    "a_while_after",
    "a_while_before",
    "recipients_of",
    "shows_reading",
    "with_times",
]
