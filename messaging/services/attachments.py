"""Files of messages: named when they are sent, let go when what named them goes."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from common.actors import System
from common.events import emit
from files.models import File
from files.services import claim, let_go
from messaging.events import MessageUpdated
from messaging.models import Chat, Message, MessageFile

from .recordings import require_recording


def attach(*, message: Message, files: Sequence[UUID], by: User | System) -> list[MessageFile]:
    """Have *message*, which is being sent, name *files* of the sender's, in this order.

    In the transaction of the message, under its chat's lock.

    Raises:
        Invalid: of `files.<number>`: `unknown_file`, `infected_file`; see also `require_recording`.
    """
    rows = claim(owner=by, files=files, field="files") if files and isinstance(by, User) else []
    require_recording(kind=message.kind, files=rows)
    if not rows:
        return []
    return MessageFile.objects.bulk_create(
        MessageFile(chat_id=message.chat_id, message=message, file=file, position=position)
        for position, file in enumerate(rows)
    )


def pass_on(*, message: Message, source: Message) -> list[MessageFile]:
    """Have *message*, a forward of *source*, name the files of that."""
    return MessageFile.objects.bulk_create(
        MessageFile(chat_id=message.chat_id, message=message, file=row.file, position=row.position)
        for row in source.message_files.select_related("file")
    )


def detach(*, messages: Sequence[Message]) -> None:
    """Have *messages*, which say nothing any more, name no files. What nothing else names is deleted.

    In the transaction of what becomes of the messages, under their chat's lock.
    """
    rows = MessageFile.objects.filter(message__in=messages)
    files = list(rows.values_list("file", flat=True))
    rows.delete()
    let_go(files=files)


def tell_of_file(file: UUID) -> None:
    """Tell the chats of messages that have *file*: more is known of it. A transaction each.

    Emits `MessageUpdated` for each message.
    """
    for chat in _chats_of(file):
        with transaction.atomic():
            _tell(chat, file)


def lose_file(file: File) -> None:
    """Take *file*, which is about to be deleted, from every message, in that transaction.

    Emits `MessageUpdated` for each.
    """
    for chat in _chats_of(file.pk):
        _tell(chat, file.pk)
    MessageFile.objects.filter(file=file).delete()


def readable_files(user: User) -> Q:
    """Files that *user* may read because somebody sent them in a chat that they are in now."""
    sent = MessageFile.objects.filter(
        file=OuterRef("pk"),
        chat__deleted_at=None,
        chat__participants__user=user,
        chat__participants__left_seq=None,
    )
    return Q(Exists(sent))


def named_files() -> Q:
    """Files that a message has."""
    return Q(Exists(MessageFile.objects.filter(file=OuterRef("pk"))))


def _chats_of(file: UUID) -> list[UUID]:
    """In one order for everybody, since their locks are taken one after the other."""
    chats = MessageFile.objects.filter(file=file, chat__deleted_at=None)
    return sorted(set(chats.values_list("chat", flat=True)))


def _tell(chat: UUID, file: UUID) -> None:
    locked = Chat.objects.select_for_update().filter(pk=chat, deleted_at=None).first()
    if locked is None:
        return
    for message in (
        MessageFile.objects.filter(chat=chat, file=file).order_by("id").values_list("message", flat=True)
    ):
        emit(MessageUpdated(chat=chat, seq=locked.take_seq(), message=message, revision=None))
    locked.save(update_fields=["last_seq"])
