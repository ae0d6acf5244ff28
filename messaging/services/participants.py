"""Who is in a chat, and as what."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.actors import System
from common.events import emit
from common.problems import NotFound
from messaging import policies
from messaging.events import ChatAdded, ChatRemoved, ParticipantAdded, ParticipantRemoved, ParticipantUpdated
from messaging.models import Chat, MembershipChange, Participant, ThreadMark
from messaging.problems import CannotActOnEqual, ChatFull, OwnerMustHandOver

from .locking import lock_chat
from .openness import require_open, strangers

MARKS: Final = ("read_seq", "delivered_seq", "shown_seq")
OWNER, ADMIN, MEMBER = Participant.Role.OWNER, Participant.Role.ADMIN, Participant.Role.MEMBER


# What begins anew for who comes back; what the chat is to them otherwise, they find again.
ANEW: Final = [
    "role",
    "left_seq",
    "joined_at",
    "archived_seq",
    "marked_unread",
    "was_removed",
    "is_request",
    "added_by",
    *MARKS,
]


@transaction.atomic
def add_participants(
    *, actor: User | System, chat: Chat, users: Sequence[User], role: str = MEMBER
) -> list[Participant]:
    """Bring people into a group. Who is in it already stays as they are.

    Returns:
        The rows of all *users*.

    Raises:
        NotAllowed: the policy `participant.add` says no.
        CannotActOnEqual: *role* is not below the actor's own.
        NotFound: one of *users* has blocked the actor.
        NotOpenToYou: one of them lets nobody bring them into a group, or the actor blocks them.
        ChatFull

    Emits `ParticipantAdded` for each, and `ChatAdded` to each.
    """
    chat = lock_chat(chat)
    me = policies.require(actor, "participant.add", chat)
    if me and role != MEMBER and Participant.RANK[role] >= Participant.RANK[me.role]:
        raise CannotActOnEqual(denied_by=policies.outranked("participant.add", me))
    present = set(chat.participants.present().filter(user__in=users).values_list("user", flat=True))
    require_open(actor, [user for user in users if user.pk not in present], in_group=True)
    bring_in(chat=chat, users=users, role=role, by=actor)
    return list(chat.participants.listed().filter(user__in=users))


@transaction.atomic
def change_role(*, actor: User | System, chat: Chat, user: User, role: str) -> Participant:
    """Give somebody another role. A new owner takes the place of the present one, who becomes an admin.

    Raises:
        NotAllowed: the policy `participant.change_role` says no.
        NotFound: they are not in the chat.
        CannotActOnEqual: they are of the actor's rank or higher, or the new role is above it.
        OwnerMustHandOver: the owner can't just step down.

    Emits `ParticipantUpdated` for whoever changed.
    """
    chat = lock_chat(chat)
    me = policies.require(actor, "participant.change_role", chat)
    participant = participant_of(chat, user)
    if participant.role == role:
        return participant
    if participant.role == OWNER and (me is None or participant.user_id == me.user_id):
        raise OwnerMustHandOver
    if me and not (me.outranks(participant) and Participant.RANK[role] <= Participant.RANK[me.role]):
        raise CannotActOnEqual(denied_by=policies.outranked("participant.change_role", me))
    changes = [(participant, role)]
    if role == OWNER and (owner := chat.participants.present().filter(role=OWNER).first()):
        changes.insert(0, (owner, ADMIN))  # first: there is never a second owner
    for row, new_role in changes:
        row.role = new_role
        row.save(update_fields=["role"])
        remember(chat, MembershipChange.Kind.ROLE, {row.user_id: new_role}, by=actor)
        emit(ParticipantUpdated(chat=chat.pk, seq=chat.take_seq(), user=row.user_id, by=actor.pk))
    chat.save(update_fields=["last_seq"])
    return participant


@transaction.atomic
def remove_participant(*, actor: User | System, chat: Chat, user: User) -> None:
    """Take somebody out of a group. What comes after is not for them.

    Raises:
        NotAllowed: the policy `participant.remove` says no.
        NotFound: they are not in the chat.
        CannotActOnEqual: they are of the actor's rank or higher.

    Emits `ParticipantRemoved`, and `ChatRemoved` to them.
    """
    chat = lock_chat(chat)
    me = policies.require(actor, "participant.remove", chat)
    participant = participant_of(chat, user)
    if me and not me.outranks(participant):
        raise CannotActOnEqual(denied_by=policies.outranked("participant.remove", me))
    take_out(chat=chat, participant=participant, by=actor)


def bring_in(*, chat: Chat, users: Sequence[User], by: User | System, role: str = MEMBER) -> None:
    """Put those of *users* into the locked *chat* who are not in it.

    What was said before is read for them: else a newcomer would owe thousands, and what all had read would no
    longer be read by all.
    """
    present = set(chat.participants.present().filter(user__in=users).values_list("user", flat=True))
    absent = list(dict.fromkeys(user.pk for user in users if user.pk not in present))
    if not absent:
        return
    if chat.participant_count + len(absent) > Chat.MAX_PARTICIPANTS:
        raise ChatFull(limit=Chat.MAX_PARTICIPANTS)
    before, now = chat.last_seq, timezone.now()
    unknown = strangers(by, users)
    Participant.objects.bulk_create(
        [
            Participant(
                chat=chat,
                user_id=user,
                role=role,
                joined_at=now,
                is_request=user in unknown,
                added_by=by if isinstance(by, User) else None,
                **dict.fromkeys(MARKS, before),
            )
            for user in absent
        ],
        update_conflicts=True,  # whoever was in it once has a row
        unique_fields=["chat", "user"],
        update_fields=ANEW,
    )
    remember(chat, MembershipChange.Kind.ADDED, dict.fromkeys(absent, role), by=by)
    ThreadMark.objects.filter(chat=chat, user__in=absent).update(read_seq=before)
    for user in absent:
        emit(ParticipantAdded(chat=chat.pk, seq=chat.take_seq(), user=user, by=by.pk))
    # Once, to all: one by one would lock their streams in an order of the caller's, against another's.
    emit(ChatAdded(chat=chat.pk, after=before), audience=absent)
    chat.participant_count += len(absent)
    chat.save(update_fields=["last_seq", "participant_count"])


def take_out(*, chat: Chat, participant: Participant, by: User | System) -> None:
    """Put *participant* out of the locked *chat*."""
    seq = chat.take_seq()
    kind = MembershipChange.Kind.LEFT if by.pk == participant.user_id else MembershipChange.Kind.REMOVED
    remember(chat, kind, {participant.user_id: participant.role}, by=by)
    participant.left_seq = seq
    participant.role = MEMBER
    if isinstance(by, User) and by.pk != participant.user_id:
        participant.was_removed = True
    participant.save(update_fields=["left_seq", "role", "was_removed"])
    chat.participant_count -= 1
    chat.save(update_fields=["last_seq", "participant_count"])
    emit(ParticipantRemoved(chat=chat.pk, seq=seq, user=participant.user_id, by=by.pk))
    emit(ChatRemoved(chat=chat.pk, upto=seq), audience=[participant.user_id])


def remember(
    chat: Chat, kind: MembershipChange.Kind, roles: Mapping[UUID, str], *, by: User | System
) -> None:
    """Write down what became of people in *chat*: *roles* they have from now on, or had until they went."""
    doer = by if isinstance(by, User) else None
    MembershipChange.objects.bulk_create(
        MembershipChange(chat=chat, user_id=user, kind=kind, role=role, by=doer)
        for user, role in roles.items()
    )


def participant_of(chat: Chat, user: User) -> Participant:
    """The row of somebody who is in *chat*.

    Raises:
        NotFound: they are not.
    """
    participant = chat.participants.listed().filter(user=user).first()
    if participant is None:
        raise NotFound
    return participant
