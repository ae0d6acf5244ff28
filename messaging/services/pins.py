"""Holding messages up."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from common.actors import System
from common.events import emit
from messaging import policies
from messaging.events import MessagePinned, MessageUnpinned
from messaging.models import Chat, Message, Pin
from messaging.problems import MessageWasDeleted, PinLimitReached

from .locking import lock_chat, lock_message


@transaction.atomic
def pin_message(*, actor: User, message: Message, until: datetime | None = None) -> tuple[Pin, bool]:
    """Pin *message* in its chat, for everyone in it.

    Args:
        until: when the pin falls off by itself, aware UTC; never if None.

    Returns:
        The pin, and whether it is new: pinning twice changes and tells nothing.

    Raises:
        NotAllowed: the policy `message.pin` says no.
        MessageWasDeleted
        PinLimitReached: the chat holds `Pin.LIMIT` pins.

    Emits `MessagePinned`.
    """
    chat, message = lock_message(message, actor)  # one pinner at a time
    policies.require(actor, "message.pin", chat)
    if message.deleted_at is not None:
        raise MessageWasDeleted
    if pin := chat.pins.filter(message=message).first():
        return pin, False
    if chat.pins.count() >= Pin.LIMIT:
        raise PinLimitReached(limit=Pin.LIMIT)
    pin = Pin.objects.create(chat=chat, message=message, pinned_by=actor, until=until)
    emit(MessagePinned(chat=chat.pk, seq=chat.take_seq(), message=message.pk, by=actor.pk, until=until))
    chat.save(update_fields=["last_seq"])
    return pin, True


@transaction.atomic
def unpin_message(*, actor: User | System, pin: Pin) -> bool:
    """Take *pin* down. False if somebody has meanwhile.

    Raises:
        NotAllowed: the policy `message.pin` says no.

    Emits `MessageUnpinned`.
    """
    chat = lock_chat(Chat(pk=pin.chat_id))
    policies.require(actor, "message.pin", chat)
    return take_down(chat=chat, message=pin.message_id, by=actor)


def take_down(*, chat: Chat, message: UUID, by: User | System) -> bool:
    """Take the pin of *message* down, if there is one in the locked *chat*."""
    deleted, _ = chat.pins.filter(message=message).delete()
    if not deleted:
        return False
    emit(MessageUnpinned(chat=chat.pk, seq=chat.take_seq(), message=message, by=by.pk))
    chat.save(update_fields=["last_seq"])
    return True
