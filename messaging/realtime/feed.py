"""Who hears which chat."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from common.ids import as_uuid
from common.models import LogEntry
from common.prepared import PreparedRead
from messaging.api.serializers import ChatPlaceSerializer, CheckedChatPlaceSerializer
from messaging.events import ChatAdded, ChatRemoved, ParticipantRemoved, topic_of_chat
from messaging.models import Chat, Participant
from messaging.services import checksums_of
from realtime.registry import Joins, Leaves, Move, Place

from .parted import as_left


def _joined(entry: LogEntry) -> Joins:
    user = entry.topic.partition(":")[2]
    return Joins(topic=topic_of_chat(entry.data["chat"]), after=entry.data["after"], users=frozenset({user}))


def _removed(entry: LogEntry) -> Leaves:
    user = entry.topic.partition(":")[2]
    return Leaves(topic=topic_of_chat(entry.data["chat"]), upto=entry.data["upto"], users=frozenset({user}))


def _left(entry: LogEntry) -> Leaves:
    return Leaves(topic=entry.topic, upto=entry.seq, users=frozenset({entry.data["user"]}))


MOVES: Final[dict[str, Move]] = {
    ChatAdded.type: _joined,
    ChatRemoved.type: _removed,
    ParticipantRemoved.type: _left,
}


def _standing(user: UUID, chats: Sequence[UUID]) -> QuerySet[Chat, Any]:
    """What `resumed` tells, and nothing that a person's settings decide."""
    told: list[Any] = [field.source for field in ChatPlaceSerializer().fields.values()]
    return Chat.objects.counted(User(pk=user)).filter(pk__in=chats).values_list("pk", *told, named=True)


STANDING: Final = PreparedRead(_standing)  # everybody who comes back asks, and all may do so at once


class ChatFeed:
    """`realtime.registry.Feed` of chats."""

    kind = "chat"
    shape = CheckedChatPlaceSerializer

    def places(self, users: Collection[UUID]) -> dict[UUID, dict[str, int]]:
        present = Participant.objects.present().filter(user__in=users, chat__deleted_at=None)
        found: dict[UUID, dict[str, int]] = defaultdict(dict)
        for user, chat, seq in present.values_list("user", "chat", "chat__last_seq"):
            found[user][str(chat)] = seq
        return found

    def stand(self, user: UUID, ids: Sequence[str], *, checksum: bool = False) -> dict[str, Place]:
        wanted = [chat for id_ in ids if (chat := as_uuid(id_)) and str(chat) == id_]
        chats: Sequence[Any]
        if checksum:  # it says more of a chat, and is seldom asked for
            person = User.objects.get(pk=user)
            chats = list(Chat.objects.counted(person).filter(pk__in=wanted))
            checksums = checksums_of(person, chats)
        else:
            chats, checksums = STANDING.rows(user, wanted), {}
        places = {
            str(chat.pk): Place(
                seq=chat.last_seq,
                state=ChatPlaceSerializer.show(chat),
                checksum=checksums.get(chat.pk),
            )
            for chat in chats
        }
        others = [chat for chat in wanted if str(chat) not in places]  # who is in a chat has not left it
        left = Participant.objects.filter(user=user, chat__in=others, left_seq__isnull=False)
        for chat, seq in left.values_list("chat", "left_seq"):
            places[str(chat)] = Place(seq=seq or 0, is_in=False)
        return places

    def as_left(self, entries: Sequence[LogEntry], seq: int) -> list[dict[str, Any]]:
        return as_left(entries, seq)
