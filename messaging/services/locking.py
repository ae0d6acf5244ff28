from accounts.models import User
from common.actors import System
from common.problems import NotFound
from messaging.models import Chat, Message


def lock_chat(chat: Chat) -> Chat:
    """The chat's row, locked until the transaction ends: one change at a time, so that `seq` has no gap.

    Raises:
        NotFound: it was deleted meanwhile.
    """
    locked = Chat.objects.select_for_update().filter(pk=chat.pk, deleted_at=None).first()
    if locked is None:
        raise NotFound
    return locked


def lock_message(message: Message, actor: User | System) -> tuple[Chat, Message]:
    """The chat of *message*, locked, and the message as it is now, as *actor* sees it.

    What changes a message waits for its chat.

    Raises:
        NotFound: one of them was deleted meanwhile.
    """
    chat = lock_chat(Chat(pk=message.chat_id))
    shown = chat.messages.shown_to(actor.pk) if isinstance(actor, User) else chat.messages.shown()
    present = shown.filter(pk=message.pk).first()
    if present is None:
        raise NotFound
    return chat, present
