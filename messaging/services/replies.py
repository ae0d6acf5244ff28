"""What a message answers."""

from accounts.models import User
from common.actors import System
from common.problems import Invalid
from messaging.models import Chat, Message

from .content import Content


def replied_to(*, actor: User | System, chat: Chat, content: Content) -> Message | None:
    """The message of the locked *chat* that *content* answers; None if it answers none.

    Raises:
        Invalid: the actor sees no such message there, or it does not say what is quoted.
    """
    if content.reply_to is None:
        return None
    there = chat.messages.select_related("author").filter(pk=content.reply_to)
    if isinstance(actor, User):
        there = there.not_hidden_from(actor.pk)
    if (message := there.first()) is None:
        raise Invalid.field("reply_to", "unknown_message", "There is no such message in this chat.")
    if content.quote not in message.text:
        raise Invalid.field("reply_to.quote", "not_in_message", "The message does not say this.")
    return message
