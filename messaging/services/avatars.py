"""The picture that a group or a channel shows."""

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from common import storage
from common.actors import System
from common.events import emit
from common.images import square_webps
from common.problems import BodyTooLarge
from messaging import policies
from messaging.events import ChatUpdated
from messaging.models import Chat

from .locking import lock_chat


def set_chat_avatar(*, actor: User, chat: Chat, file: UploadedFile) -> Chat:
    """Show the middle of *file* as the picture of a group or channel, in the place of any other.

    Not within a transaction: the files are written first, and are gone again where theirs is rolled back.

    Raises:
        NotAllowed: the policy `chat.update` says no.
        BodyTooLarge: it has more than `Chat.AVATAR_BYTES`.
        Invalid: it is no picture that is taken here, see `square_webps`.

    Emits `ChatUpdated`.
    """
    policies.require(actor, "chat.update", chat)  # before any work; again under the lock
    if (file.size or 0) > Chat.AVATAR_BYTES:
        raise BodyTooLarge(limit=Chat.AVATAR_BYTES)
    pictures = square_webps(file, name=file.name or "", field="file", sizes=Chat.AVATAR_SIZES)
    key = storage.new_key()
    storage.write({Chat.avatar_name(key, size): picture for size, picture in pictures.items()})
    return _show(actor, chat, key)


def remove_chat_avatar(*, actor: User | System, chat: Chat) -> Chat:
    """Show no picture of a chat. Without one nothing changes and nobody is told.

    Raises:
        NotAllowed: the policy `chat.update` says no.

    Emits `ChatUpdated`.
    """
    return _show(actor, chat, "")


@transaction.atomic
def _show(actor: User | System, chat: Chat, key: str) -> Chat:
    chat = lock_chat(chat)
    policies.require(actor, "chat.update", chat)
    if chat.avatar == key:
        return chat
    if key:
        storage.keep(chat.avatar_files(key))
    let_go_of_avatar(chat)
    chat.avatar = key
    seq = chat.take_seq()
    chat.save(update_fields=["avatar", "last_seq"])
    emit(ChatUpdated(chat=chat.pk, seq=seq, by=actor.pk))
    return chat


def let_go_of_avatar(chat: Chat) -> None:
    """Have the files of its picture deleted, in the transaction after which it names them no longer."""
    if chat.avatar:
        storage.let_go(chat.avatar_files(chat.avatar))
        chat.avatar = ""
