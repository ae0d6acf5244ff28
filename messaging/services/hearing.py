"""Who was in a chat when something happened in it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from common.events import topic_of_user
from common.ids import first_id_at
from common.models import LogEntry
from messaging.events import ChatAdded, ChatRemoved
from messaging.models import MembershipChange, Participant

APART: Final = timedelta(minutes=10)  # more than the clocks of two machines are

Moves = list[tuple[bool, int]]  # of one person in one chat, in their order: in from behind here, or out after
CAME_OR_WENT: Final = [
    MembershipChange.Kind.ADDED,
    MembershipChange.Kind.LEFT,
    MembershipChange.Kind.REMOVED,
]


def hearers_of(entries: Sequence[LogEntry], among: Collection[UUID]) -> list[set[UUID]]:
    """`notifications.registries.Hearers` of chats: who was in at the position of each, as sockets hear it.

    Whoever came later hears nothing from before, whoever went their own going and nothing behind it. Two
    queries; one more where somebody came or went since the first of these entries.
    """
    chats = {_chat_of(entry) for entry in entries}
    present: defaultdict[UUID, set[UUID]] = defaultdict(set)
    rows = Participant.objects.present().filter(chat__in=chats, user__in=among)
    for chat, user in rows.values_list("chat", "user"):
        present[chat].add(user)
    moves = _moves(chats, among, since=min((entry.at for entry in entries), default=None))
    moved: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for chat, user in moves:
        moved[chat].add(user)
    heard = []
    for entry in entries:
        chat = _chat_of(entry)
        there = present[chat] - moved[chat]
        there |= {
            user for user in moved[chat] if _was_in(entry.seq, moves[chat, user], is_in=user in present[chat])
        }
        heard.append(there)
    return heard


def _chat_of(entry: LogEntry) -> UUID:
    return UUID(entry.topic.partition(":")[2])


def _moves(
    chats: Collection[UUID], among: Collection[UUID], *, since: datetime | None
) -> dict[tuple[UUID, UUID], Moves]:
    """Of those *among* people who came or went *since* then: what their own streams say of these chats."""
    if since is None:
        return {}
    changes = MembershipChange.objects.filter(
        chat__in=chats, user__in=among, kind__in=CAME_OR_WENT, pk__gte=first_id_at(since - APART)
    )
    moves: dict[tuple[UUID, UUID], Moves] = {place: [] for place in changes.values_list("chat", "user")}
    if not moves:
        return {}
    people = {topic_of_user(user): user for _, user in moves}
    told = LogEntry.objects.filter(topic__in=people, type__in=[ChatAdded.type, ChatRemoved.type])
    for topic, type_, data in told.order_by("topic", "seq").values_list("topic", "type", "data"):
        place = UUID(data["chat"]), people[topic]
        if place in moves:
            is_in = type_ == ChatAdded.type
            moves[place].append((is_in, data["after"] if is_in else data["upto"]))
    return moves


def _was_in(seq: int, moves: Moves, *, is_in: bool) -> bool:
    """Whether it was theirs to hear: the first move behind that position says, or else how it is now."""
    return next((not came for came, position in moves if position >= seq), is_in)
