"""Files are there as long as something names them."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.problems import Invalid
from files import registries
from files.models import File

from .deleting import drop

PORTION: Final = 500  # files of one run


def claim(*, owner: User, files: Sequence[UUID], field: str) -> list[File]:
    """The *files* of *owner*, in their order, locked, and named by something from now on.

    In the transaction of the row that names them.

    Args:
        field: that a refusal names.

    Raises:
        Invalid: `unknown_file`: there is none of that id that is theirs; `infected_file`: nobody gets it.
    """
    found = File.objects.select_for_update().filter(pk__in=files, owner=owner).order_by("pk").in_bulk()
    for number, pk in enumerate(files):
        if pk not in found:
            raise Invalid.field(f"{field}.{number}", "unknown_file", _("You have no such file."))
        if found[pk].scan == File.Scan.INFECTED:
            raise Invalid.field(f"{field}.{number}", "infected_file", _("A virus was found in this file."))
    File.objects.filter(pk__in=found, claimed_at=None).update(claimed_at=timezone.now())
    return [found[pk] for pk in files]


@transaction.atomic
def let_go(*, files: Iterable[UUID]) -> int:
    """Delete those of *files* that nothing names any more, in the transaction of what named them last.

    Returns:
        How many.
    """
    locked = list(File.objects.select_for_update().filter(pk__in=list(files)).order_by("pk"))
    named = _named()
    kept = set(File.objects.filter(named, pk__in=[file.pk for file in locked]).values_list("pk", flat=True))
    left = [file for file in locked if file.pk not in kept]
    for file in left:
        drop(file)
    return len(left)


def purge_unclaimed() -> int:
    """Delete files that nothing named within `File.CLAIMED_WITHIN`, each in a transaction of its own.

    Gives how many, at most `PORTION` a run.
    """
    due = File.objects.unclaimed(at=timezone.now()).values_list("pk", flat=True)
    return sum(let_go(files=[pk]) for pk in list(due[:PORTION]))


def purge_unnamed() -> int:
    """Delete files whose names went without a word, with the chat they were in for instance.

    Looks through all files, an index of the namer at each. Gives how many went, at most `PORTION` a run.
    """
    old = File.objects.filter(created_at__lt=timezone.now() - File.CLAIMED_WITHIN)
    due = old.exclude(_named()).order_by("pk").values_list("pk", flat=True)
    return sum(let_go(files=[pk]) for pk in list(due[:PORTION]))


def _named() -> Q:
    """What any app names."""
    named = Q(pk__in=[])
    for claims in registries.claims:
        named |= claims()
    return named
