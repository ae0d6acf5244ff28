"""What is unread, and which messages make it so: a badge that can't be explained is a badge that lies."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from common.problems import NotFound
from messaging.events import topic_of_chat
from messaging.models import Chat, Message, MessageQuerySet, Participant

# Every badge of a chat, by the name under which `ChatQuerySet.counted` counts it, and what it counts.
BADGES: Final[dict[str, Callable[[Participant], MessageQuerySet]]] = {
    "unread_count": Message.objects.unread_by,
    "unread_mentions": lambda me: Message.objects.unread_by(me).mentioning(me.user),
    "thread_unread_count": lambda me: Message.objects.unread_in_threads_of(me.user).filter(chat=me.chat_id),
}
EXPLAINED: Final = 1_000  # messages at a time


@dataclass(frozen=True, kw_only=True)
class Badge:
    """A badge and what is behind it.

    Attributes:
        ids: the messages, in the order of `seq`; None if nobody asked.
        next: the position from which on to ask for the rest, if there is more.
    """

    count: int
    ids: list[UUID] | None = None
    next: int | None = None


def badges_of(me: Participant, *, explain: bool = False, after: int = 0) -> dict[str, Badge]:
    """Each badge of a chat as one of its people sees it now, by its name.

    Args:
        explain: whether to name the messages behind it, at most `EXPLAINED` of those beyond position *after*.

    Raises:
        NotFound: they are not in the chat any more.
    """
    counts = Chat.objects.counted(me.user).filter(pk=me.chat_id).values(*BADGES).first()
    if counts is None:
        raise NotFound
    badges = {name: Badge(count=count) for name, count in counts.items()}
    return {name: _explained(badges[name], BADGES[name](me), after) for name in badges} if explain else badges


def unread_chats(people: Collection[UUID]) -> dict[UUID, set[str]]:
    """`notifications.registries.Unread`: topics of chats in which something is unread or that are marked so.

    Not of those that they have muted, or have not accepted yet. One query.
    """
    of_chat = Message.objects.filter(chat=OuterRef("chat"))
    unread = of_chat.unread(by=OuterRef("user"), after=OuterRef("read_seq"))
    is_heard = Q(muted_until=None) | Q(muted_until__lte=timezone.now())
    rows = Participant.objects.present().filter(
        is_heard, user__in=people, is_request=False, chat__deleted_at=None
    )
    rows = rows.filter(Q(marked_unread=True) | Q(Exists(unread), chat__last_seq__gt=F("read_seq")))
    found: dict[UUID, set[str]] = defaultdict(set)
    for user, chat in rows.values_list("user", "chat"):
        found[user].add(topic_of_chat(chat))
    return found


def _explained(badge: Badge, messages: MessageQuerySet, after: int) -> Badge:
    rows = messages.filter(seq__gt=after).order_by("seq").values_list("pk", "seq")
    found = list(rows[: EXPLAINED + 1])
    page, has_more = found[:EXPLAINED], len(found) > EXPLAINED
    return Badge(
        # One look where it is all there: what is said between two looks would make them disagree.
        count=badge.count if has_more or after else len(page),
        ids=[pk for pk, _ in page],
        next=page[-1][1] if has_more else None,
    )
