"""Chats as a whole."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from common.actors import System
from common.events import emit
from common.problems import Invalid
from messaging import policies
from messaging.events import ChatAdded, ChatRemoved, ChatUpdated
from messaging.models import Chat, MembershipChange, Participant
from messaging.problems import OwnerMustHandOver

from .avatars import let_go_of_avatar
from .locking import lock_chat
from .openness import require_not_blocked, require_open, strangers
from .participants import bring_in, participant_of, remember, take_out

WORDS: Final = frozenset({"title", "description", "edit_window", "no_forward"})


class Rights(TypedDict, total=False):
    """Who may do what in a chat, as `permissions_with` has it."""

    members_can_add: bool
    send: str
    permissions: Mapping[str, str | None]


RIGHTS: Final = frozenset(Rights.__annotations__)
EDITABLE: Final = WORDS | RIGHTS


def create_chat(
    *,
    actor: User,
    type: str,
    participants: Sequence[User] = (),
    title: str = "",
    description: str = "",
    edit_window: int | None = Chat.EDIT_WINDOW,
    no_forward: bool = False,
    **rights: Unpack[Rights],
) -> tuple[Chat, bool]:
    """Open a chat. The creator of a group or a channel owns it.

    Args:
        participants: the others in it; of a private chat exactly one.
        title, description, edit_window (seconds), no_forward: a group's or a channel's. A private chat has
            none, or the default, whatever a client sends: each side sees the other person.
        rights: of its own, see `permissions_with`; a private chat has none of its own either.

    Returns:
        The chat, and whether it is new: two people have one private chat, whoever asks for it.

    Raises:
        Invalid: a private chat with nobody, oneself or several; a group or channel without a title.
        NotFound: one of the others has blocked the actor.
        NotOpenToYou: one of them lets nobody do this, or the actor blocks one of a group's. A private chat
            that is there already is given.

    Emits `ChatAdded` to everyone in it.
    """
    others = {user.pk: user for user in participants if user.pk != actor.pk}
    if type == Chat.Type.PRIVATE:
        if len(others) != 1:
            raise Invalid.field(
                "participants", "one_other", "A private chat is with exactly one other person."
            )
        return _private_chat(actor, next(iter(others.values())))
    if not title.strip():
        raise Invalid.field("title", "required", "A group or a channel needs a title.")
    require_open(actor, list(others.values()), in_group=True)
    with transaction.atomic():
        chat = Chat.objects.create(
            type=type,
            title=title,
            description=description,
            permissions=permissions_with({}, rights),
            edit_window=edit_window,
            no_forward=no_forward,
            created_by=actor,
            participant_count=len(others) + 1,
        )
        unknown = strangers(actor, list(others.values()))
        roles = {actor.pk: Participant.Role.OWNER} | dict.fromkeys(others, Participant.Role.MEMBER)
        Participant.objects.bulk_create(
            Participant(chat=chat, user_id=user, role=role, added_by=actor, is_request=user in unknown)
            for user, role in roles.items()
        )
        remember(chat, MembershipChange.Kind.ADDED, roles, by=actor)
        emit(ChatAdded(chat=chat.pk, after=0), audience=roles)
    return chat, True


def _private_chat(actor: User, other: User) -> tuple[Chat, bool]:
    key = Chat.private_key_of([actor.pk, other.pk])
    try:
        with transaction.atomic():
            if chat := Chat.objects.select_for_update().filter(private_key=key).first():
                require_not_blocked(actor, [other])
                bring_in(chat=chat, users=[actor], by=actor)  # where they had left it
                return chat, False
            require_open(actor, [other])
            chat = Chat.objects.create(
                type=Chat.Type.PRIVATE, private_key=key, created_by=actor, participant_count=2
            )
            unknown = strangers(actor, [other])
            Participant.objects.bulk_create(
                Participant(chat=chat, user=user, added_by=actor, is_request=user.pk in unknown)
                for user in (actor, other)
            )
            members = dict.fromkeys((actor.pk, other.pk), Participant.Role.MEMBER)
            remember(chat, MembershipChange.Kind.ADDED, members, by=actor)
            emit(ChatAdded(chat=chat.pk, after=0), audience=[actor.pk, other.pk])
            return chat, True
    except IntegrityError:  # the other one opened it in the same moment
        return _private_chat(actor, other)


@transaction.atomic
def update_chat(*, actor: User | System, chat: Chat, **changes: Any) -> Chat:
    """Change what a group or channel says of itself, or who may do what in it.

    Args:
        changes: any of `EDITABLE`; `RIGHTS` as `permissions_with` has them.

    Raises:
        NotAllowed: the policy `chat.update` says no, or for rights `chat.change_permissions`, or one of them
            reaches above the actor.

    Emits `ChatUpdated`, if anything changed.
    """
    if not changes.keys() <= EDITABLE:
        raise TypeError(f"a chat has no such fields: {sorted(changes.keys() - EDITABLE)}")
    chat = lock_chat(chat)
    wanted = {name: changes[name] for name in changes.keys() & WORDS}
    if wanted or not changes:
        policies.require(actor, "chat.update", chat)
    if rights := {name: changes[name] for name in changes.keys() & RIGHTS}:
        me = policies.require(actor, "chat.change_permissions", chat)
        wanted["permissions"] = permissions_with(chat.permissions, rights)
        if me:
            policies.require_changeable(me, chat, wanted["permissions"])
    changed = [name for name, value in wanted.items() if getattr(chat, name) != value]
    if not changed:
        return chat
    for name in changed:
        setattr(chat, name, wanted[name])
    seq = chat.take_seq()
    chat.save(update_fields=[*changed, "last_seq"])
    emit(ChatUpdated(chat=chat.pk, seq=seq, by=actor.pk))
    return chat


def permissions_with(before: Mapping[str, str], rights: Mapping[str, Any]) -> dict[str, str]:
    """The chat's own permissions after *rights* were given.

    Args:
        rights: `permissions` is a level by action, None for the default's; `send` that of `message.send`;
            `members_can_add` opens `participant.add` to everyone, or closes it again if it is open.

    Raises:
        ValueError: what no chat decides for itself, or no level.
    """
    after: dict[str, str | None] = {**before, **rights.get("permissions", {})}
    if "send" in rights:
        after["message.send"] = rights["send"]
    if (opened := rights.get("members_can_add")) is not None:
        is_open = after.get("participant.add") == Chat.Level.EVERYONE
        if opened != is_open:
            after["participant.add"] = Chat.Level.EVERYONE if opened else None
    if not after.keys() <= set(policies.SETTABLE) or not set(after.values()) <= {None, *Chat.Level.values}:
        raise ValueError(f"no permissions of a chat: {after}")
    return {action: str(level) for action, level in after.items() if level is not None}


@transaction.atomic
def leave_chat(*, actor: User, chat: Chat) -> None:
    """Leave a chat. A private one comes back with the next message; a group without anybody is deleted.

    Raises:
        NotFound: they are not in it.
        OwnerMustHandOver: they own a group in which others stay.

    Emits `ParticipantRemoved`, and `ChatRemoved` to the one who left.
    """
    chat = lock_chat(chat)
    me = participant_of(chat, actor)
    if me.role == Participant.Role.OWNER:
        if chat.participant_count > 1:
            raise OwnerMustHandOver
        delete_chat(actor=actor, chat=chat)
    else:
        take_out(chat=chat, participant=me, by=actor)


@transaction.atomic
def delete_chat(*, actor: User | System, chat: Chat) -> None:
    """Delete a group or channel for everyone in it.

    Raises:
        NotAllowed: the policy `chat.delete` says no.

    Emits `ChatRemoved` to everyone who was in it.
    """
    chat = lock_chat(chat)
    policies.require(actor, "chat.delete", chat)
    people = list(chat.participants.present().values_list("user", flat=True))
    chat.deleted_at = timezone.now()
    chat.private_key = chat.private_key and str(chat.pk)  # the two may start anew
    let_go_of_avatar(chat)
    chat.save(update_fields=["deleted_at", "private_key", "avatar"])
    emit(ChatRemoved(chat=chat.pk, upto=chat.last_seq), audience=people)
