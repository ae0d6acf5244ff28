"""Every write to messaging, a module a subject."""

from .attachments import attach, detach, lose_file, named_files, readable_files, tell_of_file
from .avatars import remove_chat_avatar, set_chat_avatar
from .chats import create_chat, delete_chat, leave_chat, update_chat
from .checksums import checksums_of
from .contacts import add_contact, remove_contact, update_contact
from .content import Content
from .deletions import delete_message, hide_message
from .drafts import discard_copy, save_draft
from .edits import edit_message
from .folders import create_folder, delete_folder, update_folder
from .forwards import forward_message
from .hearing import hearers_of
from .invitations import (
    accept_invitation,
    approve_request,
    create_invitation,
    decline_invitation,
    reject_request,
    require_for,
    revoke_invitation,
)
from .leaving import leave_every_chat
from .marks import Receipt, Receipts, mark_delivered, mark_read, purge_mark_moves, receipts_of
from .mentions import set_mentions
from .outbox import Result, Waiting, send_outbox
from .participants import add_participants, change_role, remove_participant
from .pins import pin_message, unpin_message
from .preferences import Preferences, set_preferences
from .presence import (
    Change,
    Device,
    due_changes,
    end_devices,
    hold_devices,
    keep_last_seen,
    partings,
    presence_of,
    release_changes,
    set_presence,
)
from .reactions import add_reaction, remove_reaction
from .requests import accept_chat, decline_chat
from .scheduled import cancel_scheduled, change_scheduled, schedule_message, send_due_messages
from .sending import Send, Sent, gather, send_message, send_messages
from .sending_files import send_file
from .threads import follow_thread, mark_thread_read
from .typing import tell_typing
from .unread import Badge, badges_of, unread_chats

__all__ = [
    "Badge",
    "Change",
    "Content",
    "Device",
    "Preferences",
    "Receipt",
    "Receipts",
    "Result",
    "Send",
    "Sent",
    "Waiting",
    "accept_chat",
    "accept_invitation",
    "add_contact",
    "add_participants",
    "add_reaction",
    "approve_request",
    "attach",
    "badges_of",
    "cancel_scheduled",
    "change_role",
    "change_scheduled",
    "checksums_of",
    "create_chat",
    "create_folder",
    "create_invitation",
    "decline_chat",
    "decline_invitation",
    "delete_chat",
    "delete_folder",
    "delete_message",
    "detach",
    "discard_copy",
    "due_changes",
    "edit_message",
    "end_devices",
    "follow_thread",
    "forward_message",
    "gather",
    "hearers_of",
    "hide_message",
    "hold_devices",
    "keep_last_seen",
    "leave_chat",
    "leave_every_chat",
    "lose_file",
    "mark_delivered",
    "mark_read",
    "mark_thread_read",
    "named_files",
    "partings",
    "pin_message",
    "presence_of",
    "purge_mark_moves",
    "readable_files",
    "receipts_of",
    "reject_request",
    "release_changes",
    "remove_chat_avatar",
    "remove_contact",
    "remove_participant",
    "remove_reaction",
    "require_for",
    "revoke_invitation",
    "save_draft",
    "schedule_message",
    "send_due_messages",
    "send_file",
    "send_message",
    "send_messages",
    "send_outbox",
    "set_chat_avatar",
    "set_mentions",
    "set_preferences",
    "set_presence",
    "tell_of_file",
    "tell_typing",
    "unpin_message",
    "unread_chats",
    "update_chat",
    "update_contact",
    "update_folder",
]
