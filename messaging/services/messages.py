"""Sending: the hot path. Nothing here grows with the members of a chat."""

from typing import Unpack

from django.db import IntegrityError, transaction

from accounts.models import User
from common.actors import System
from common.events import emit
from messaging import policies
from messaging.events import MessageSent
from messaging.models import Chat, Message
from messaging.problems import ClientIdConflict

from .attachments import attach, pass_on
from .content import Content, Said
from .locking import lock_chat
from .mentions import called_by, set_mentions
from .participants import bring_in
from .preferences import accept
from .replies import replied_to
from .threads import count_reply, root_in


def send_message(
    *, actor: User | System, chat: Chat, client_id: str = "", **said: Unpack[Said]
) -> tuple[Message, bool]:
    """Say something in a chat.

    Args:
        client_id: the sender's own name for this message. Again under it is the same message, for ever.
        said: what is said, as `Content` has it.

    Returns:
        The message, and whether it is new.

    Raises:
        NotFound, NotAllowed, NotOpenToYou: the policy `message.send` says no, or in a thread
            `message.thread`, or of calling everybody `message.mention_all`.
        Invalid: the thread's root is not in this chat, or in a thread itself; somebody called is not there.
        Invalid: of `files.<number>`: `unknown_file`, `infected_file`.
        Invalid: what it replies to is not there, or does not say what is quoted.
        ClientIdConflict: another message has this client id.

    Emits `MessageSent`; in a thread also `ThreadUpdated` to who follows it from now on.
    """
    content = Content(**said)
    try:
        return _send(actor, chat, client_id, content)
    except IntegrityError:
        # The same client id in the same moment, in another chat: that one is there now.
        if (sent := _sent_before(actor, chat, client_id, content)) is None:
            raise
        return sent, False


@transaction.atomic
def _send(actor: User | System, chat: Chat, client_id: str, content: Content) -> tuple[Message, bool]:
    chat = lock_chat(chat)
    me = policies.require(actor, "message.send", chat)
    if sent := _sent_before(actor, chat, client_id, content):
        return sent, False
    if content.kind_there not in (Message.Kind.TEXT, Message.Kind.SYSTEM):
        policies.require(actor, "message.attach", chat)
    root = root_in(chat, content.thread) if content.thread else None
    if root:
        policies.require(actor, "message.thread", chat)
    if me:
        accept(me)  # who answers a stranger has accepted
    if chat.type == Chat.Type.PRIVATE and chat.participant_count < 2:
        bring_in(chat=chat, users=_absent(chat), by=actor)  # whoever left hears that there is something new
    message = Message.objects.create(
        chat=chat,
        seq=chat.take_seq(),
        author=actor if isinstance(actor, User) else None,  # whole: the answer names them
        client_id=client_id,
        fingerprint=content.fingerprint(chat),
        thread=root,
        reply_to=replied_to(actor=actor, chat=chat, content=content),
        **content.columns(),
    )
    if content.mentions:
        set_mentions(actor=actor, chat=chat, message=message, mentions=content.mentions)
    if root:
        count_reply(root=root, reply=message, called=lambda: called_by(root))
    else:
        chat.last_message = message
        chat.last_activity_at = message.created_at
    message.shown_files = (
        pass_on(message=message, source=content.forwarded)
        if content.forwarded
        else attach(message=message, files=content.files, by=actor)
    )
    message.shown_reactions, message.my_reactions = [], []  # it is new: no need to look
    chat.save(update_fields=["last_seq", "last_message", "last_activity_at"])
    emit(MessageSent(chat=chat.pk, seq=message.seq, message=message.pk))
    return message, True


def _sent_before(actor: User | System, chat: Chat, client_id: str, content: Content) -> Message | None:
    if not client_id:
        return None
    shown = Message.objects.shown_to(actor.pk) if isinstance(actor, User) else Message.objects.shown()
    sent = shown.filter(author=actor.pk, client_id=client_id).first()
    # Of a deleted one nobody knows any more what it said.
    if sent and sent.deleted_at is None and sent.fingerprint != content.fingerprint(chat):
        raise ClientIdConflict
    return sent


def _absent(chat: Chat) -> list[User]:
    left = chat.participants.filter(left_seq__isnull=False).select_related("user")
    return [row.user for row in left]
