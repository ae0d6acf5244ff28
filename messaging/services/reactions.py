"""Reacting to what is said."""

from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.models import User
from common.events import emit
from messaging import policies
from messaging.events import ReactionAdded, ReactionRemoved
from messaging.models import Chat, Message, Reaction, ReactionCount
from messaging.problems import MessageWasDeleted, ReactionLimitReached

from .locking import lock_chat, lock_message
from .participants import participant_of


@transaction.atomic
def add_reaction(*, actor: User, message: Message, emoji: str) -> tuple[Reaction, bool]:
    """React to *message*.

    Args:
        emoji: one, as `one_emoji` spells it.

    Returns:
        The reaction, and whether it is new: the same twice changes and tells nothing.

    Raises:
        NotAllowed: the policy `message.react` says no.
        MessageWasDeleted
        ReactionLimitReached: the message has `Reaction.MAX_DISTINCT` other emoji.

    Emits `ReactionAdded`.
    """
    chat, message = lock_message(message, actor)
    policies.require(actor, "message.react", chat)
    if message.deleted_at is not None:
        raise MessageWasDeleted
    if reaction := message.reactions.filter(user=actor, emoji=emoji).first():
        return reaction, False
    if not message.reaction_counts.filter(emoji=emoji).update(count=F("count") + 1):
        if message.reaction_counts.count() >= Reaction.MAX_DISTINCT:
            raise ReactionLimitReached(limit=Reaction.MAX_DISTINCT)
        ReactionCount.objects.create(message=message, emoji=emoji)
    reaction = Reaction.objects.create(message=message, user=actor, emoji=emoji)
    emit(
        ReactionAdded(
            chat=chat.pk, seq=chat.take_seq(), message=message.pk, user=actor.pk, reaction=reaction.pk
        )
    )
    chat.save(update_fields=["last_seq"])
    return reaction, True


@transaction.atomic
def remove_reaction(*, actor: User, message: Message, emoji: str) -> bool:
    """Take one's reaction back. False if there is none.

    Raises:
        NotFound: they are not in the chat.

    Emits `ReactionRemoved`, if there was one.
    """
    chat = lock_chat(Chat(pk=message.chat_id))
    participant_of(chat, actor)
    there = Reaction.objects.filter(message=message, user=actor, emoji=emoji)
    return take_back(chat=chat, reactions=list(there)) > 0


def take_back(*, chat: Chat, reactions: list[Reaction]) -> int:
    """Remove *reactions* to messages of the locked *chat*, and say how many there were."""
    for reaction in reactions:
        counted = ReactionCount.objects.filter(message=reaction.message_id, emoji=reaction.emoji)
        if not counted.filter(count__gt=1).update(count=F("count") - 1):
            counted.delete()
        pk = reaction.pk  # which is none after the deletion
        reaction.delete()
        emit(
            ReactionRemoved(
                chat=chat.pk,
                seq=chat.take_seq(),
                message=reaction.message_id,
                user=reaction.user_id,
                reaction=pk,
            )
        )
    chat.save(update_fields=["last_seq"])
    return len(reactions)


def take_all_back(*, chat: Chat, user: UUID) -> int:
    """The same of all that somebody who goes for good has left there."""
    return take_back(chat=chat, reactions=list(Reaction.objects.filter(user=user, message__chat=chat)))
