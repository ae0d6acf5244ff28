"""Passing on what was said."""

from collections.abc import Sequence
from typing import Final

from accounts.models import User
from common.problems import NotFound
from messaging import policies
from messaging.models import Chat, Message
from messaging.problems import MessageWasDeleted, NotForwardable

from .sending import send_message

MAX_CHATS: Final = 20  # in one request


def forward_message(
    *, actor: User, message: Message, chats: Sequence[Chat], client_id: str = ""
) -> list[tuple[Message, bool]]:
    """Say in each of *chats* what *message* says, with who said it first and when.

    A transaction each, so that nobody waits for two chats; nothing is sent if one of them can't be sent to.

    Args:
        client_id: the sender's own name for this forward; in each chat `<client_id>:<chat>`. Again under it
            is the same forward, whatever became of *message* meanwhile.

    Returns:
        The message of each chat, and whether it is new.

    Raises:
        NotFound: the actor does not see *message*.
        MessageWasDeleted
        NotForwardable: it, or its chat, is not to be forwarded; or the platform said it.
        NotAllowed: the policy `message.send`, or with files `message.attach`, says no in one of *chats*.
        ClientIdConflict: another message has this client id.

    Emits `MessageSent` in each of *chats*.
    """
    source = Message.objects.visible_to(actor).select_related("chat", "author", "forwarded_author")
    present = source.filter(pk=message.pk).first()
    if present is None:
        raise NotFound
    names = {chat.pk: f"{client_id}:{chat.pk}" if client_id else "" for chat in chats}
    before = Message.objects.shown_to(actor.pk).filter(author=actor, forwarded_from=present)
    sent = {each.chat_id: each for each in before.filter(client_id__in=names.values())} if client_id else {}
    left = [chat for chat in chats if chat.pk not in sent]
    if left:
        _require_forwardable(present)
    for chat in left:
        policies.require(actor, "message.send", chat)
        if present.kind in Message.WITH_FILES:
            policies.require(actor, "message.attach", chat)
    return [
        (sent[chat.pk], False)
        if chat.pk in sent
        else send_message(
            actor=actor,
            chat=chat,
            client_id=names[chat.pk],
            text=present.text,
            kind=present.kind,
            forwarded=present,
        )
        for chat in chats
    ]


def _require_forwardable(message: Message) -> None:
    if message.deleted_at is not None:
        raise MessageWasDeleted
    if message.no_forward or message.chat.no_forward or message.kind == Message.Kind.SYSTEM:
        raise NotForwardable
