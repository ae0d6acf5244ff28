"""Somebody goes for good."""

from collections import Counter
from uuid import UUID

from django.db import transaction
from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from common.actors import SYSTEM
from common.events import emit
from messaging.events import ParticipantUpdated
from messaging.models import Chat, MembershipChange, Message, Participant

from .avatars import let_go_of_avatar
from .participants import remember, take_out
from .reactions import take_all_back


def leave_every_chat(*, user: UUID) -> Counter[str]:
    """Take somebody who is erased out of every chat, a transaction each. Safe to repeat.

    A group of theirs goes to the admin who is there longest, or else to that member; a chat in which nobody
    else ever was is deleted. Their reactions are taken back. What others quote of them is quoted no more.

    Returns:
        The rows that were deleted, by model.

    Emits `ReactionRemoved`, `ParticipantRemoved` and `ParticipantUpdated` to those who stay, `ChatRemoved`.
    """
    Message.objects.filter(reply_to__author=user).exclude(quote="").update(quote="")
    deleted: Counter[str] = Counter()
    for chat in list(Participant.objects.filter(user=user).values_list("chat", flat=True)):
        deleted += _leave(chat, user)
    return deleted


@transaction.atomic
def _leave(pk: UUID, user: UUID) -> Counter[str]:
    chat = Chat.objects.select_for_update().filter(pk=pk).first()
    if chat is None:
        return Counter()
    if not chat.participants.exclude(user=user).exists():
        let_go_of_avatar(chat)
        return Counter({label.lower(): count for label, count in chat.delete()[1].items()})
    deleted = Counter({"messaging.reaction": take_all_back(chat=chat, user=user)})
    me = chat.participants.present().filter(user=user).first()
    if me is not None:
        if me.role == Participant.Role.OWNER:
            _hand_over(chat, me)
        take_out(chat=chat, participant=me, by=SYSTEM)
        if chat.type != Chat.Type.PRIVATE and chat.participant_count == 0:  # as when the last one leaves
            let_go_of_avatar(chat)
            chat.deleted_at = timezone.now()
            chat.save(update_fields=["deleted_at", "avatar"])
    return +deleted


def _hand_over(chat: Chat, owner: Participant) -> None:
    by_rank = Case(
        *(When(role=role, then=Value(-rank)) for role, rank in Participant.RANK.items()),
        output_field=IntegerField(),
    )
    heir = chat.participants.present().exclude(pk=owner.pk).order_by(by_rank, "joined_at", "id").first()
    if heir is None:
        return
    for row, role in ((owner, Participant.Role.ADMIN), (heir, Participant.Role.OWNER)):  # never two owners
        row.role = role
        row.save(update_fields=["role"])
        remember(chat, MembershipChange.Kind.ROLE, {row.user_id: role}, by=SYSTEM)
    emit(ParticipantUpdated(chat=chat.pk, seq=chat.take_seq(), user=heir.user_id, by=None))
    chat.save(update_fields=["last_seq"])
