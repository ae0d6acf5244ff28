"""Shapes of messaging, in and out, a module a noun."""

from .chats import (
    ChatChangeInput,
    ChatFrameSerializer,
    ChatInput,
    ChatSerializer,
    ChatSettingsInput,
    ChatSettingsSerializer,
)
from .contacts import ContactChangeInput, ContactInput, ContactQuery, ContactSerializer
from .deletions import DeleteCommandInput, DeleteQuery
from .drafts import DraftInChatInput, DraftInput, DraftQuery, DraftSerializer
from .edits import EditCommandInput, EditInput, RevisionSerializer
from .fields import MAX_SEQ, MAX_USERS, ChatField, PeopleField, PersonField
from .files import ChatFileInput, ChatFileSerializer, FilesField
from .folders import FolderChangeInput, FolderInput, FolderSerializer
from .forwards import ForwardInput
from .invitations import (
    InvitationInput,
    InvitationSerializer,
    JoinRequestSerializer,
    OutcomeSerializer,
    ReceivedInvitationSerializer,
)
from .marks import (
    ChatPlaceSerializer,
    CheckedChatPlaceSerializer,
    DeliveredInChatInput,
    ReadInChatInput,
    ReadInput,
    ReadSerializer,
    ReceiptsSerializer,
    StatusInput,
    UnreadQuery,
    UnreadSerializer,
)
from .messages import (
    HistoryQuery,
    MessageForReaderSerializer,
    MessageInput,
    MessageSerializer,
    MessageToChatInput,
    PageQuery,
    message_at_hand,
    said_just_now,
    status_of,
)
from .outbox import MAX_OUTBOX, OutboxSerializer, WaitingInput
from .participants import ParticipantSerializer, ParticipantsInput, RoleInput
from .permissions import PermissionsQuery, PermissionsSerializer
from .pins import PinInput, PinSerializer
from .preferences import MuteInput, PreferencesInput, PreferencesSerializer
from .presence import (
    OwnPresenceSerializer,
    PeopleHereQuery,
    PeopleHereSerializer,
    PresenceCommandInput,
    PresenceInput,
)
from .reactions import ReactionCommandInput, ReactionInput, ReactionSerializer, ReactionsQuery, counts_of
from .scheduled import ScheduledChangeInput, ScheduledInput, ScheduledSerializer, SendInput, SendToChatInput
from .search import (
    MAX_QUERY,
    FoundMessageSerializer,
    FoundMessagesSerializer,
    MessagesInChatQuery,
    MessagesQuery,
    SearchQuery,
    SuggestionsSerializer,
)
from .threads import ReadThreadInput, ThreadMarkSerializer, ThreadPageSerializer, ThreadSerializer
from .typing import TypingInChatInput, TypingInput

__all__ = [
    "MAX_OUTBOX",
    "MAX_QUERY",
    "MAX_SEQ",
    "MAX_USERS",
    "ChatChangeInput",
    "ChatField",
    "ChatFileInput",
    "ChatFileSerializer",
    "ChatFrameSerializer",
    "ChatInput",
    "ChatPlaceSerializer",
    "ChatSerializer",
    "ChatSettingsInput",
    "ChatSettingsSerializer",
    "CheckedChatPlaceSerializer",
    "ContactChangeInput",
    "ContactInput",
    "ContactQuery",
    "ContactSerializer",
    "DeleteCommandInput",
    "DeleteQuery",
    "DeliveredInChatInput",
    "DraftInChatInput",
    "DraftInput",
    "DraftQuery",
    "DraftSerializer",
    "EditCommandInput",
    "EditInput",
    "FilesField",
    "FolderChangeInput",
    "FolderInput",
    "FolderSerializer",
    "ForwardInput",
    "FoundMessageSerializer",
    "FoundMessagesSerializer",
    "HistoryQuery",
    "InvitationInput",
    "InvitationSerializer",
    "JoinRequestSerializer",
    "MessageForReaderSerializer",
    "MessageInput",
    "MessageSerializer",
    "MessageToChatInput",
    "MessagesInChatQuery",
    "MessagesQuery",
    "MuteInput",
    "OutboxSerializer",
    "OutcomeSerializer",
    "OwnPresenceSerializer",
    "PageQuery",
    "ParticipantSerializer",
    "ParticipantsInput",
    "PeopleField",
    "PeopleHereQuery",
    "PeopleHereSerializer",
    "PermissionsQuery",
    "PermissionsSerializer",
    "PersonField",
    "PinInput",
    "PinSerializer",
    "PreferencesInput",
    "PreferencesSerializer",
    "PresenceCommandInput",
    "PresenceInput",
    "ReactionCommandInput",
    "ReactionInput",
    "ReactionSerializer",
    "ReactionsQuery",
    "ReadInChatInput",
    "ReadInput",
    "ReadSerializer",
    "ReadThreadInput",
    "ReceiptsSerializer",
    "ReceivedInvitationSerializer",
    "RevisionSerializer",
    "RoleInput",
    "ScheduledChangeInput",
    "ScheduledInput",
    "ScheduledSerializer",
    "SearchQuery",
    "SendInput",
    "SendToChatInput",
    "StatusInput",
    "SuggestionsSerializer",
    "ThreadMarkSerializer",
    "ThreadPageSerializer",
    "ThreadSerializer",
    "TypingInChatInput",
    "TypingInput",
    "UnreadQuery",
    "UnreadSerializer",
    "WaitingInput",
    "counts_of",
    "message_at_hand",
    "said_just_now",
    "status_of",
]
