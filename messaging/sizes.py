"""How large chats and what is said in them may be."""

from typing import Final

from django.conf import settings

from common.sizes import characters

from .api.serializers import MAX_OUTBOX, MAX_QUERY, MAX_USERS
from .models import (
    Chat,
    Contact,
    Draft,
    Folder,
    Invitation,
    Message,
    MessageFile,
    Pin,
    Reaction,
    ScheduledMessage,
)
from .services.forwards import MAX_CHATS

LARGE_BODIES: Final = {
    "chats/[^/]+/avatar": Chat.AVATAR_BYTES + settings.MAX_BODY,
    "chats/[^/]+/files": settings.MAX_FILE_SIZE + settings.MAX_BODY,  # as `files/upload`
}
SIZES: Final = {
    "text_characters": Message.MAX_TEXT,
    "mentions": Message.MAX_MENTIONS,
    "quote_characters": characters(Message, "quote"),
    "draft_copies": Draft.MAX_COPIES,
    "scheduled_messages": ScheduledMessage.MAX_PENDING,
    "client_id_characters": characters(Message, "client_id"),
    "chat_title_characters": characters(Chat, "title"),
    "chat_description_characters": characters(Chat, "description"),
    "contacts": Contact.LIMIT,
    "contact_alias_characters": characters(Contact, "alias"),
    "reactions_per_message": Reaction.MAX_DISTINCT,
    "pins_per_chat": Pin.LIMIT,
    "chats_per_forward": MAX_CHATS,
    "chat_folders": Folder.MAX,
    "chats_per_folder": Folder.MAX_CHATS,
    "invitation_days": Invitation.MAX_AGE.days,
    "invitations_per_chat": Invitation.MAX_LIVE,
    "files_per_message": MessageFile.LIMIT,
    "chat_avatar_bytes": Chat.AVATAR_BYTES,
    "voice_seconds": Message.VOICE_SECONDS,
    "video_seconds": Message.VIDEO_SECONDS,
    "participants": Chat.MAX_PARTICIPANTS,
    "participants_per_request": MAX_USERS,
    "outbox_messages": MAX_OUTBOX,
    "search_query_characters": MAX_QUERY,
}
