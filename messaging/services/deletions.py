"""Taking back what was said, for everybody or for oneself."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.actors import System
from common.events import emit
from common.problems import NotFound
from messaging import policies
from messaging.events import MessageDeleted, MessageHidden
from messaging.models import Chat, HiddenMessage, Message, Participant
from messaging.problems import CannotActOnEqual

from .attachments import detach
from .locking import lock_message
from .mentions import set_mentions
from .pins import take_down


@transaction.atomic
def delete_message(*, actor: User | System, message: Message) -> Message:
    """Leave of *message* its place, its author and its times. What it said goes, with all that hangs on it.

    Returns:
        The message; deleting it twice changes and tells nothing.

    Raises:
        NotAllowed: it is somebody else's and the policy `message.delete_others` says no.
        CannotActOnEqual: whoever wrote it is of the actor's rank or higher; the platform is above all.

    Emits `MessageUnpinned`, if it was pinned, and `MessageDeleted`.
    """
    chat, message = lock_message(message, actor)
    _require_may_delete(actor, chat, message)
    if message.deleted_at is not None:
        return message
    take_down(chat=chat, message=message.pk, by=actor)
    for gone in (message.revisions, message.reactions, message.reaction_counts):
        gone.all().delete()
    detach(messages=[message])
    set_mentions(actor=actor, chat=chat, message=message, mentions=[])
    message.answers.exclude(quote="").update(quote="")
    message.text = message.fingerprint = message.quote = ""
    message.reply_to = message.forwarded_from = message.forwarded_author = message.forwarded_at = None
    message.deleted_at = timezone.now()
    message.deleted_by = actor if isinstance(actor, User) else None
    message.save(
        update_fields=[
            "text",
            "fingerprint",
            "quote",
            "reply_to",
            "forwarded_from",
            "forwarded_author",
            "forwarded_at",
            "deleted_at",
            "deleted_by",
        ]
    )
    emit(MessageDeleted(chat=chat.pk, seq=chat.take_seq(), message=message.pk))
    chat.save(update_fields=["last_seq"])
    return message


@transaction.atomic
def hide_message(*, actor: User, message: Message) -> None:
    """Delete *message* for the actor alone: nothing shows it to them any more.

    Raises:
        NotFound: they are not in its chat.

    Emits `MessageHidden` to the actor's own devices, the first time.
    """
    here = Participant.objects.present().filter(chat=message.chat_id, chat__deleted_at=None, user=actor)
    if not here.exists():
        raise NotFound
    _, is_new = HiddenMessage.objects.get_or_create(user=actor, message=message)
    if is_new:
        emit(MessageHidden(chat=message.chat_id, message=message.pk), audience=[actor.pk])


def _require_may_delete(actor: User | System, chat: Chat, message: Message) -> None:
    me = policies.require(actor, "message.delete", chat)
    if me is None or message.author_id == me.user_id:
        return
    policies.require(actor, "message.delete_others", chat)
    author = chat.participants.filter(user=message.author_id).first()  # of who has left: as a member
    if message.kind == Message.Kind.SYSTEM or author and not me.outranks(author):
        raise CannotActOnEqual(denied_by=policies.outranked("message.delete_others", me))
