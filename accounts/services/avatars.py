"""The picture that people show of themselves."""

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.events import ProfileUpdated
from accounts.models import AuditEntry, User, avatar_name
from common import storage
from common.events import emit
from common.images import square_webps
from common.problems import BodyTooLarge

from . import audit


def set_avatar(*, user: User, file: UploadedFile) -> User:
    """Show the middle of *file* as the picture of *user*, in the place of any other.

    Not within a transaction: the files are written first, and are gone again where theirs is rolled back.

    Raises:
        BodyTooLarge: it has more than `User.AVATAR_BYTES`.
        Invalid: it is no picture that is taken here, see `square_webps`.

    Emits `ProfileUpdated`.
    """
    if (file.size or 0) > User.AVATAR_BYTES:
        raise BodyTooLarge(limit=User.AVATAR_BYTES)
    pictures = square_webps(file, name=file.name or "", field="file", sizes=User.AVATAR_SIZES)
    key = storage.new_key()
    storage.write({avatar_name(key, size): picture for size, picture in pictures.items()})
    return _show(user, key, actor=user)[0]


def remove_avatar(*, user: User, actor: User) -> bool:
    """Show no picture of *user*. Without one nothing changes and nobody is told: False.

    Emits `ProfileUpdated`.
    """
    return _show(user, "", actor=actor)[1]


@transaction.atomic
def _show(user: User, key: str, *, actor: User) -> tuple[User, bool]:
    row = User.objects.select_for_update().get(pk=user.pk)
    before, row.avatar = row.avatar, key
    if before == key:
        return row, False
    if key:
        storage.keep(_files(key))
    if before:
        storage.let_go(_files(before))
    row.save(update_fields=["avatar"])
    audit.record(
        category=AuditEntry.Category.USER if actor == user else AuditEntry.Category.ADMIN,
        verb="avatar.replaced" if key else "avatar.removed",
        actor=actor,
        subject=user,
    )
    emit(ProfileUpdated(), audience=[user.pk])
    return row, True


def _files(key: str) -> list[str]:
    return [avatar_name(key, size) for size in User.AVATAR_SIZES]
