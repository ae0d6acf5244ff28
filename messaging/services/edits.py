"""Saying it differently."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.events import emit
from common.problems import NotAllowed
from messaging import policies
from messaging.events import MessageUpdated
from messaging.models import Message, Revision
from messaging.problems import EditWindowOver, MessageWasDeleted, RevisionConflict

from .locking import lock_message


@transaction.atomic
def edit_message(*, actor: User, message: Message, text: str, revision: int | None = None) -> Message:
    """Have *message* say *text*. What it said before is kept as a revision.

    Args:
        revision: what the author saw when they began; None if it does not matter to them.

    Returns:
        The message. If it says *text* already, nothing changes, whatever was seen: a retry is safe.

    Raises:
        NotAllowed: the policy `message.edit` says no, or it is somebody else's, or says
            what somebody else said: a forward under their name.
        MessageWasDeleted
        RevisionConflict: it was edited after *revision*.
        EditWindowOver: the chat lets nobody edit what is that old.

    Emits `MessageUpdated`, if anything changed.
    """
    chat, message = lock_message(message, actor)
    me = policies.require(actor, "message.edit", chat)
    if me and (message.author_id != me.user_id or message.forwarded_at is not None):
        raise NotAllowed(denied_by=policies.denied_by("message.edit", me, chat))
    if message.deleted_at is not None:
        raise MessageWasDeleted
    if message.text == text:
        return message
    if revision not in (None, message.revision):
        raise RevisionConflict(revision=message.revision)
    now = timezone.now()
    if chat.edit_window is not None and now - message.created_at > timedelta(seconds=chat.edit_window):
        raise EditWindowOver(edit_window=chat.edit_window)
    Revision.objects.create(
        message=message,
        revision=message.revision,
        text=message.text,
        created_at=message.edited_at or message.created_at,
    )
    message.text, message.edited_at = text, now
    message.revision += 1
    message.save(update_fields=["text", "revision", "edited_at"])
    emit(MessageUpdated(chat=chat.pk, seq=chat.take_seq(), message=message.pk, revision=message.revision))
    chat.save(update_fields=["last_seq"])
    return message
