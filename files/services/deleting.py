"""Files go, with all that is stored of them."""

from django.db import transaction

from accounts.models import User
from accounts.services import audit
from common import storage
from common.actors import System
from common.events import emit
from common.problems import NotFound
from files import policies, registries
from files.events import FileDeleted
from files.models import File


@transaction.atomic
def delete_file(*, actor: User | System, file: File) -> None:
    """Delete *file* wherever it is used. What names it loses it.

    Raises:
        NotAllowed: it is not the actor's, and the policy `file.delete` says no.
        NotFound: it was deleted meanwhile.

    Emits `FileDeleted` to its owner.
    """
    policies.require_own(actor, "file.delete", file)
    for leaves in registries.leaving:  # before the row's lock: who sends a file has their chat's first
        leaves(file)
    locked = File.objects.select_for_update().select_related("owner").filter(pk=file.pk).first()
    if locked is None:
        raise NotFound
    audit.record(
        category=audit.Category.USER if actor == locked.owner else audit.Category.ADMIN,
        verb="file.deleted",
        actor=actor,
        subject=locked.owner,
        target=locked,
    )
    drop(locked)


def drop(file: File) -> None:
    """Take the locked *file* and all that is stored of it away."""
    storage.let_go(file.every_stored, storage=storage.PRIVATE)
    emit(FileDeleted(file=file.pk), audience=[file.owner_id])
    file.delete()
