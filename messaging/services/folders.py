"""How people sort their chats."""

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from common.events import emit
from common.problems import NotFound
from messaging.events import FolderDeleted, FolderUpdated
from messaging.models import Chat, Folder, FolderPlace
from messaging.problems import TooManyFolders


@transaction.atomic
def create_folder(
    *, actor: User, title: str, chats: Sequence[Chat] = (), position: int | None = None
) -> Folder:
    """A new folder of the actor's, behind the others unless *position* says where.

    Args:
        chats: that the actor is in, in the order in which they stand there.

    Raises:
        TooManyFolders: they have `Folder.MAX`.

    Emits `FolderUpdated` to the actor's own devices.
    """
    User.objects.select_for_update().get(pk=actor.pk)  # counted one at a time
    places = list(Folder.objects.filter(user=actor).values_list("position", flat=True))
    if len(places) >= Folder.MAX:
        raise TooManyFolders(limit=Folder.MAX)
    folder = Folder.objects.create(
        user=actor, title=title, position=max(places, default=0) + 1 if position is None else position
    )
    _place(folder, chats)
    emit(FolderUpdated(folder=folder.pk), audience=[actor.pk])
    return folder


@transaction.atomic
def update_folder(
    *,
    folder: Folder,
    title: str | None = None,
    chats: Sequence[Chat] | None = None,
    position: int | None = None,
) -> Folder:
    """Change what is given of a folder; *chats* take the place of those that were in it.

    Raises:
        NotFound: it was deleted meanwhile.

    Emits `FolderUpdated` to its owner's own devices, if anything changed.
    """
    row = Folder.objects.select_for_update().filter(pk=folder.pk).first()
    if row is None:
        raise NotFound
    before = row.title, row.position, list(row.places.order_by("position").values_list("chat", flat=True))
    row.title = row.title if title is None else title
    row.position = row.position if position is None else position
    wanted = before[2] if chats is None else [chat.pk for chat in chats]
    if (row.title, row.position, wanted) == before:
        return row
    row.save(update_fields=["title", "position"])
    if chats is not None and wanted != before[2]:
        row.places.all().delete()
        _place(row, chats)
    emit(FolderUpdated(folder=row.pk), audience=[row.user_id])
    return row


@transaction.atomic
def delete_folder(*, folder: Folder) -> None:
    """Take a folder away; its chats stay where they are.

    Emits `FolderDeleted` to its owner's own devices.
    """
    if Folder.objects.filter(pk=folder.pk).delete()[0]:
        emit(FolderDeleted(folder=folder.pk), audience=[folder.user_id])


def _place(folder: Folder, chats: Sequence[Chat]) -> None:
    FolderPlace.objects.bulk_create(
        FolderPlace(folder=folder, chat=chat, position=place) for place, chat in enumerate(chats, 1)
    )
