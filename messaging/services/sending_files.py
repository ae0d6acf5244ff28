"""Uploading and sending in one."""

from typing import IO

from accounts.models import User
from files.services import delete_file, take_in
from messaging import policies
from messaging.models import Chat, MessageFile

from .sending import send_message


def send_file(*, actor: User, chat: Chat, name: str, content: IO[bytes], text: str = "") -> MessageFile:
    """Take *content* in as a file of the actor's, and send it in *chat*.

    Not within a transaction, as `take_in`.

    Raises:
        NotFound, NotAllowed: the policy `message.send` or `message.attach` says no.
        BodyTooLarge, Invalid, QuotaExceeded: as `take_in`.

    Emits `MessageSent`.
    """
    policies.require(actor, "message.send", chat)  # before it is read; asked again where it is sent
    policies.require(actor, "message.attach", chat)
    file = take_in(owner=actor, name=name, content=content, purpose="message")
    try:
        message, _ = send_message(actor=actor, chat=chat, text=text, files=[file.pk])
    except BaseException:
        delete_file(actor=actor, file=file)
        raise
    return message.message_files.listed().get()
