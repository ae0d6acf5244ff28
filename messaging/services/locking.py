from common.problems import NotFound
from messaging.models import Chat


def lock_chat(chat: Chat) -> Chat:
    """The chat's row, locked until the transaction ends: one change at a time, so that `seq` has no gap.

    Raises:
        NotFound: it was deleted meanwhile.
    """
    locked = Chat.objects.select_for_update().filter(pk=chat.pk, deleted_at=None).first()
    if locked is None:
        raise NotFound
    return locked
