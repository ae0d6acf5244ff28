"""How far what is said has come with people. Nothing here takes the chat's lock."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.events import emit
from common.problems import NotFound
from messaging import policies
from messaging.events import MarkMoved, MessageDelivered, MessageRead
from messaging.models import Chat, MarkMove, Message, Participant, recipients_of, shows_reading, with_times

from .preferences import clear_unread

DELIVERED, READ = MarkMove.Kind.DELIVERED, MarkMove.Kind.READ


def mark_read(*, actor: User, chat: Chat, seq: int) -> Participant:
    """Move the actor's read mark to *seq*, at most to the chat's newest position. It never moves back.

    What is read was delivered. The others hear of it unless the actor hides what they read, or hears nothing
    of them by a block; where nobody is told by name they can only ask.

    Raises:
        NotFound: they are not in the chat, or it was deleted.

    Emits `MarkMoved` to the actor's own devices, if it moved, and `MessageRead` or else `MessageDelivered` to
    the chat.
    """
    return _move(actor, chat, seq, READ)


def mark_delivered(*, actor: User, chat: Chat, seq: int) -> Participant:
    """Move the mark of what has reached a device of the actor's. It never moves back.

    Raises:
        NotFound: they are not in the chat, or it was deleted.

    Emits `MessageDelivered` to the chat, if it moved.
    """
    return _move(actor, chat, seq, DELIVERED)


@transaction.atomic
def _move(actor: User, chat: Chat, seq: int, kind: MarkMove.Kind) -> Participant:
    rows = Participant.objects.present().filter(chat=chat, user=actor, chat__deleted_at=None)
    me = rows.select_related("chat", "user").select_for_update(of=("self",)).first()
    if me is None:
        raise NotFound
    if kind == READ:
        clear_unread(me)
    target = min(seq, me.chat.last_seq)
    has_read, has_arrived = kind == READ and target > me.read_seq, target > me.delivered_seq
    if not (has_read or has_arrived):
        return me
    me.read_seq = target if has_read else me.read_seq
    me.delivered_seq = max(target, me.delivered_seq)
    is_shown = has_read and shows_reading(me.user)
    if policies.are_apart(me.chat, actor):
        is_shown = has_arrived = False
    if is_shown:
        me.shown_seq = target
    me.save(update_fields=["read_seq", "delivered_seq", "shown_seq"])
    if is_shown or has_arrived:
        _tell(me, READ if is_shown else DELIVERED, target)
    if has_read:
        emit(MarkMoved(chat=chat.pk, read_seq=target), audience=[actor.pk])
    return me


def _tell(me: Participant, kind: MarkMove.Kind, seq: int) -> None:
    MarkMove.objects.create(chat=me.chat, user=me.user, kind=kind, seq=seq)
    if not _is_told_by_name(me.chat):
        return
    if kind == DELIVERED:
        emit(MessageDelivered(chat=me.chat_id, user=me.user_id, delivered_seq=seq))
        return
    hiding = me.chat.participants.present().filter(user__settings__values__privacy__read_receipts=False)
    emit(
        MessageRead(chat=me.chat_id, user=me.user_id, read_seq=seq),
        hidden_from=set(hiding.values_list("user", flat=True)),
    )


def _is_told_by_name(chat: Chat) -> bool:
    return chat.participant_count <= MarkMove.DETAIL and policies.is_for_everyone("participant.view", chat)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """How far a message has come with somebody. Times are None where they are not known any more."""

    user: User
    status: str
    delivered_at: datetime | None
    read_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Receipts:
    """How far a message has come.

    Attributes:
        read_count: None for who hides what they have read themselves.
        recipients: None in a chat of more than `MarkMove.DETAIL`, and where not all may know who is in it.
    """

    message: Message
    recipient_count: int
    delivered_count: int
    read_count: int | None
    recipients: list[Receipt] | None


def receipts_of(*, message: Message, chat: Chat, reader: User) -> Receipts:
    """How far *message* has come with whom, as *reader* may know. Two queries, or three counts."""
    recipients, may_see = recipients_of(message), shows_reading(reader)
    if not _is_told_by_name(chat):
        return Receipts(
            message=message,
            recipient_count=recipients.count(),
            delivered_count=recipients.filter(delivered_seq__gte=message.seq).count(),
            read_count=recipients.filter(shown_seq__gte=message.seq).count() if may_see else None,
            recipients=None,
        )
    receipts = [_receipt(row, message, may_see=may_see) for row in with_times(recipients, message)]
    return Receipts(
        message=message,
        recipient_count=len(receipts),
        delivered_count=sum(each.status != "sent" for each in receipts),
        read_count=sum(each.status == "read" for each in receipts) if may_see else None,
        recipients=receipts,
    )


def _receipt(row: Participant, message: Message, *, may_see: bool) -> Receipt:
    has_arrived = row.delivered_seq >= message.seq
    has_read = row.shown_seq >= message.seq and may_see and shows_reading(row.user)
    # Of an old message the first move beyond it is forgotten, and a later one would be no answer.
    is_known = message.created_at >= timezone.now() - MarkMove.KEPT
    read_at: datetime | None = getattr(row, f"moved_at_{READ}")
    moves = [at for at in (getattr(row, f"moved_at_{DELIVERED}"), read_at) if at]
    return Receipt(
        user=row.user,
        status="read" if has_read else "delivered" if has_arrived else "sent",
        delivered_at=min(moves) if has_arrived and is_known and moves else None,
        read_at=read_at if has_read and is_known else None,
    )


def purge_mark_moves() -> int:
    """Forget when marks moved, once that is `MarkMove.KEPT` ago.

    Returns:
        How many moves were forgotten.
    """
    return MarkMove.objects.expired(at=timezone.now()).delete()[0]
