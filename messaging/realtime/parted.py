"""What a chat's log entries show to somebody who left it: nothing of what happened after that.

Messages, reactions, the chat and its people are told as they were at that position. What the server does not
know of then is left out: a part of it, or all but the ids. Positions decide, not clocks: whatever changes a
chat has an entry of its own, and those behind somebody's leaving are there as long as that itself is.

Content is read first and the log after it, so that no change is in the one and not yet in the other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Max, Q

from common.models import LogEntry
from messaging import policies
from messaging.api.serializers import MessageSerializer, counts_of
from messaging.events import (
    ChatUpdated,
    MessageDeleted,
    MessageSent,
    MessageUpdated,
    ParticipantAdded,
    ParticipantRemoved,
    ParticipantUpdated,
    ReactionAdded,
    ReactionRemoved,
)
from messaging.models import Chat, Message, Reaction, ReactionCount, Revision

from .frames import chats, participants, reactions, removals

OF_MESSAGES: Final = (MessageUpdated.type, ReactionAdded.type, ReactionRemoved.type)
OF_PEOPLE: Final = (ParticipantAdded.type, ParticipantUpdated.type, ParticipantRemoved.type)

AsLeft = Callable[[Sequence[LogEntry], int], list[dict[str, Any]]]


class _Since:
    """What happened behind a position to some messages of a chat.

    Attributes:
        revisions: by message that was edited, the revision that it had before.
        other_files: messages of which the files changed.
        reactions: by message, those that came or went.
        unclear: messages of which that is not known: an entry of before revisions were noted there.
    """

    def __init__(self, topic: str, seq: int, messages: Iterable[UUID]) -> None:
        self.revisions: dict[UUID, int] = {}
        self.other_files: set[UUID] = set()
        self.reactions: dict[UUID, set[UUID]] = defaultdict(set)
        self.unclear: set[UUID] = set()
        behind = LogEntry.objects.after(topic, seq).filter(type__in=OF_MESSAGES)
        for entry in behind.filter(data__message__in=[str(message) for message in messages]):
            message = UUID(entry.data["message"])
            if entry.type != MessageUpdated.type:
                self.reactions[message].add(UUID(entry.data["reaction"]))
            elif "revision" not in entry.data:
                self.unclear.add(message)
            elif entry.data["revision"] is None:
                self.other_files.add(message)
            else:
                self.revisions.setdefault(message, entry.data["revision"] - 1)  # the first edit tells


def _messages(entries: Sequence[LogEntry], seq: int) -> list[dict[str, Any]]:
    ids = {UUID(entry.data["message"]) for entry in entries}
    found = Message.objects.shown().in_bulk(ids)
    answered = [message.reply_to for message in found.values() if message.reply_to]
    shown = [*found.values(), *answered]
    since = _Since(entries[0].topic, seq, {message.pk for message in shown})
    _take_back_edits(shown, since)
    _take_back_replies(found.values(), seq)
    counts = _counts(entries[0].topic, seq, since)
    for message in found.values():
        if message.pk in since.reactions:
            message.shown_reactions = counts[message.pk]
        if message.pk in since.other_files:
            message.shown_files = []
    data = {
        str(message.pk): MessageSerializer(message).data
        for message in found.values()
        if not since.unclear & {message.pk, message.reply_to_id}
    }
    return [data.get(entry.data["message"], {"id": entry.data["message"]}) for entry in entries]


def _take_back_edits(messages: Iterable[Message], since: _Since) -> None:
    """Have them say what they said. One that is deleted says nothing to anybody."""
    edited = [
        message
        for message in messages
        if message.deleted_at is None and message.revision > since.revisions.get(message.pk, message.revision)
    ]
    wanted = Q()
    for message in edited:
        wanted |= Q(message=message.pk, revision=since.revisions[message.pk])
    kept = {row.message_id: row for row in Revision.objects.filter(wanted)} if edited else {}
    for message in edited:
        if (row := kept.get(message.pk)) is None:  # deleted in this moment
            since.unclear.add(message.pk)
            continue
        message.text, message.revision = row.text, row.revision
        message.edited_at = row.created_at if row.revision > 1 else None


def _take_back_replies(messages: Iterable[Message], seq: int) -> None:
    later = {
        message.pk: message
        for message in messages
        if message.last_reply_seq is not None and message.last_reply_seq > seq
    }
    if not later:
        return
    replies = Message.objects.filter(thread__in=later, seq__lte=seq).order_by().values_list("thread")
    counted = replies.annotate(count=Count("pk"), last_seq=Max("seq"), last_at=Max("created_at"))
    for message in later.values():
        message.reply_count, message.last_reply_seq, message.last_reply_at = 0, None, None
    for pk, count, last_seq, last_at in counted:
        message = later[pk]
        message.reply_count, message.last_reply_seq, message.last_reply_at = count, last_seq, last_at


def _counts(topic: str, seq: int, since: _Since) -> dict[UUID, list[ReactionCount]]:
    """Of messages with other reactions since: how many there were of those that are still there."""
    if not since.reactions:
        return {}
    rows = list(Reaction.objects.filter(message__in=since.reactions).order_by("id"))
    others = _Since(topic, seq, since.reactions).reactions  # looked at again, after the rows
    found: dict[UUID, dict[str, ReactionCount]] = {message: {} for message in since.reactions}
    for row in rows:
        if row.pk not in others[row.message_id]:
            of_message = found[row.message_id]
            if row.emoji in of_message:
                of_message[row.emoji].count += 1
            else:
                of_message[row.emoji] = ReactionCount(emoji=row.emoji, count=1)
    return {message: list(counts.values()) for message, counts in found.items()}


def _reactions(entries: Sequence[LogEntry], seq: int) -> list[dict[str, Any]]:
    data = reactions(entries)
    topic = entries[0].topic
    since = _Since(topic, seq, {UUID(entry.data["message"]) for entry in entries})
    counts = _counts(topic, seq, since)
    return [
        shown | {"reactions": counts_of(counts[message])}
        if (message := UUID(entry.data["message"])) in counts
        else shown
        for entry, shown in zip(entries, data, strict=True)
    ]


def _chats(entries: Sequence[LogEntry], seq: int) -> list[dict[str, Any]]:
    """The chat; once more was changed, who did it; once others came or went, not how many there are."""
    data = chats(entries)
    behind = LogEntry.objects.after(entries[0].topic, seq)
    if behind.filter(type=ChatUpdated.type).exists():
        return [entry.data for entry in entries]
    if behind.filter(type__in=OF_PEOPLE).exists():
        return [{name: each[name] for name in each if name != "participant_count"} for each in data]
    return data


def _participants(entries: Sequence[LogEntry], seq: int) -> list[dict[str, Any]]:
    return _people(entries, participants(entries), seq)


def _removals(entries: Sequence[LogEntry], seq: int) -> list[dict[str, Any]]:
    return _people(entries, removals(entries), seq)


def _people(entries: Sequence[LogEntry], data: list[dict[str, Any]], seq: int) -> list[dict[str, Any]]:
    """People whose place changed since by their ids, if everybody might see them.

    Nobody, once the chat was changed: it may be since then that they are seen.
    """
    topic = entries[0].topic
    chat = Chat.objects.filter(pk=topic.partition(":")[2]).first()
    behind = LogEntry.objects.after(topic, seq)
    others = {
        entry.data["user"]
        for entry in behind.filter(type__in=OF_PEOPLE, data__user__in=[each.data["user"] for each in entries])
    }
    are_seen = chat is not None and policies.is_for_everyone("participant.view", chat)
    is_changed = behind.filter(type=ChatUpdated.type).exists()
    nobody = {"user": None, "by": None}
    told = []
    for entry, shown in zip(entries, data, strict=True):
        if entry.seq == seq:
            told.append(shown)  # their own leaving
        elif is_changed:
            told.append(nobody)
        elif entry.data["user"] in others:
            told.append(entry.data if are_seen else nobody)
        else:
            told.append(shown)
    return told


AS_LEFT: Final[dict[str, AsLeft]] = {
    MessageSent.type: _messages,
    MessageUpdated.type: _messages,
    MessageDeleted.type: _messages,
    ReactionAdded.type: _reactions,
    ReactionRemoved.type: _reactions,
    ChatUpdated.type: _chats,
    ParticipantAdded.type: _participants,
    ParticipantUpdated.type: _participants,
    ParticipantRemoved.type: _removals,
}


def _ids(entries: Sequence[LogEntry], seq: int) -> list[dict[str, Any]]:
    return [entry.data for entry in entries]


def as_left(entries: Sequence[LogEntry], seq: int) -> list[dict[str, Any]]:
    """The `data` of the frames of these entries of one chat, in their order, for who left it at *seq*."""
    groups: dict[AsLeft, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        groups[AS_LEFT.get(entry.type, _ids)].append(entry)
    data: dict[int, dict[str, Any]] = {}
    for show, group in groups.items():
        data |= zip((entry.pk for entry in group), show(group, seq), strict=True)
    return [data[entry.pk] for entry in entries]
