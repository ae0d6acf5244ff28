"""What the ids of log entries stand for, as it is now."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from accounts.models import User
from common.models import LogEntry
from messaging import policies
from messaging.api.serializers import (
    ChatFrameSerializer,
    ChatSerializer,
    ContactSerializer,
    DraftSerializer,
    FolderSerializer,
    MessageSerializer,
    ParticipantSerializer,
    PreferencesSerializer,
    ReceivedInvitationSerializer,
    ScheduledSerializer,
    counts_of,
    message_at_hand,
)
from messaging.events import (
    ChatAdded,
    ChatUpdated,
    ContactAdded,
    ContactUpdated,
    DraftUpdated,
    FolderUpdated,
    InvitationReceived,
    MessageDeleted,
    MessageSent,
    MessageUpdated,
    ParticipantAdded,
    ParticipantRemoved,
    ParticipantUpdated,
    PreferencesUpdated,
    ReactionAdded,
    ReactionRemoved,
    ScheduledFailed,
    ScheduledUpdated,
)
from messaging.models import (
    Chat,
    Contact,
    Draft,
    Folder,
    Invitation,
    Message,
    Participant,
    Reaction,
    ReactionCount,
    ScheduledMessage,
)
from realtime.registry import Renderer, Shape


def _chat_of(entry: LogEntry) -> UUID:
    return UUID(entry.topic.partition(":")[2])


def messages(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The messages; of one that an operator took out of the database, the id."""
    found = Message.objects.shown().in_bulk([entry.data["message"] for entry in entries])
    return [
        MessageSerializer.show(message)
        if (message := found.get(UUID(entry.data["message"])))
        else {"id": entry.data["message"]}
        for entry in entries
    ]


def reactions(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """Who reacted with what (null: it was taken back), and all there are now: nobody has to count."""
    rows = Reaction.objects.in_bulk([entry.data["reaction"] for entry in entries])
    counts: dict[str, list[ReactionCount]] = defaultdict(list)
    ids = {entry.data["message"] for entry in entries}
    for count in ReactionCount.objects.filter(message__in=ids):
        counts[str(count.message_id)].append(count)
    return [
        entry.data
        | {
            "emoji": row.emoji if (row := rows.get(UUID(entry.data["reaction"]))) else None,
            "reactions": counts_of(counts[entry.data["message"]]),
        }
        for entry in entries
    ]


def chats(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    found = Chat.objects.in_bulk({_chat_of(entry) for entry in entries})
    return [
        ChatFrameSerializer(chat).data | entry.data if (chat := found.get(_chat_of(entry))) else entry.data
        for entry in entries
    ]


def _is_told(row: Participant) -> bool:
    """Whether everybody in the chat may know of them: a frame is the same for all."""
    return row.role != Participant.Role.MEMBER or policies.is_for_everyone("participant.view", row.chat)


def participants(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """Who came or changed, as they are now; of somebody who is gone again, the id.

    Of a member whom not everybody may see, nobody: admins ask for the list.
    """
    return _of_people(entries, lambda row: ParticipantSerializer(row).data)


def removals(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """Whose last frame of the chat it is; of a member whom not everybody may see, nobody."""
    return _of_people(entries, lambda row: {"user": str(row.user_id)})


def _of_people(
    entries: Sequence[LogEntry], show: Callable[[Participant], dict[str, Any]]
) -> list[dict[str, Any]]:
    rows = Participant.objects.filter(
        chat__in={_chat_of(entry) for entry in entries}, user__in={entry.data["user"] for entry in entries}
    )
    found = {(row.chat_id, str(row.user_id)): row for row in rows.select_related("user", "chat")}
    return [
        (show(row) | {"by": entry.data["by"]} if _is_told(row) else {"user": None, "by": None})
        if (row := found.get((_chat_of(entry), entry.data["user"])))
        else entry.data
        for entry in entries
    ]


def chats_of_people(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The chat as the person whose stream it is sees it; of one they are no longer in, the id."""
    return _of_chats(entries, ChatSerializer, "id")


def preferences(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """What the chat is to the person whose stream it is; of one they are no longer in, the id."""
    return _of_chats(entries, PreferencesSerializer, "chat")


def received_invitations(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The invitation as it is now, for the one whom it names; of one that is gone, the id.

    And of one between people of whom one has blocked the other since.
    """
    found = (
        Invitation.objects.between_friends().listed().in_bulk([entry.data["invitation"] for entry in entries])
    )
    return [
        ReceivedInvitationSerializer(invitation).data
        if (invitation := found.get(UUID(entry.data["invitation"])))
        else {"id": entry.data["invitation"]}
        for entry in entries
    ]


def folders(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The folder as it is now; of one that is gone, the id."""
    found = Folder.objects.listed().in_bulk([entry.data["folder"] for entry in entries])
    return [
        FolderSerializer(folder).data
        if (folder := found.get(UUID(entry.data["folder"])))
        else {"id": entry.data["folder"]}
        for entry in entries
    ]


def _of_chats(
    entries: Sequence[LogEntry], shape: type[ChatSerializer | PreferencesSerializer], id_: str
) -> list[dict[str, Any]]:
    seen: dict[tuple[UUID, str], Chat] = {}
    people = User.objects.in_bulk({_chat_of(entry) for entry in entries})  # the topic's id is the person's
    for person in people.values():
        ids = {entry.data["chat"] for entry in entries if _chat_of(entry) == person.pk}
        seen |= {
            (person.pk, str(chat.pk)): chat for chat in Chat.objects.for_reader(person).filter(pk__in=ids)
        }
    return [
        shape(chat, context={"reader": people[_chat_of(entry)]}).data
        if (chat := seen.get((_chat_of(entry), entry.data["chat"])))
        else {id_: entry.data["chat"]}
        for entry in entries
    ]


def contacts(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """Contacts as the person whose stream it is sees them now; of one who is gone, the ids."""
    ids = [entry.data["contact"] for entry in entries]
    seen: dict[tuple[UUID, str], Contact] = {}
    for person in User.objects.in_bulk({_chat_of(entry) for entry in entries}).values():
        rows = Contact.objects.seen_by(person).filter(pk__in=ids)
        seen |= {(person.pk, str(row.pk)): row for row in rows}
    return [
        ContactSerializer(row).data
        if (row := seen.get((_chat_of(entry), entry.data["contact"])))
        else {"id": entry.data["contact"], "user": {"id": entry.data["user"]}}
        for entry in entries
    ]


def drafts(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The drafts as they are now; of one that is gone with its chat or thread, the ids."""
    found = Draft.objects.shown().in_bulk([entry.data["draft"] for entry in entries])
    return [
        DraftSerializer(draft).data if (draft := found.get(UUID(entry.data["draft"]))) else entry.data
        for entry in entries
    ]


def scheduled(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """Scheduled messages as they are now; of one that is gone, the ids."""
    found = ScheduledMessage.objects.in_bulk([entry.data["scheduled"] for entry in entries])
    return [
        ScheduledSerializer(row).data if (row := found.get(UUID(entry.data["scheduled"]))) else entry.data
        for entry in entries
    ]


SHAPES: Final[dict[str, Shape]] = {MessageSent.type: message_at_hand}

RENDERERS: Final[dict[str, Renderer]] = {
    MessageSent.type: messages,
    MessageUpdated.type: messages,
    MessageDeleted.type: messages,
    ReactionAdded.type: reactions,
    ReactionRemoved.type: reactions,
    ChatUpdated.type: chats,
    ParticipantAdded.type: participants,
    ParticipantUpdated.type: participants,
    ParticipantRemoved.type: removals,
    ChatAdded.type: chats_of_people,
    ContactAdded.type: contacts,
    ContactUpdated.type: contacts,
    PreferencesUpdated.type: preferences,
    DraftUpdated.type: drafts,
    ScheduledUpdated.type: scheduled,
    ScheduledFailed.type: scheduled,
    FolderUpdated.type: folders,
    InvitationReceived.type: received_invitations,
}
