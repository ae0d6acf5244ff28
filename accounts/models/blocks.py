"""Who wants to have nothing to do with whom."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .people import User


class BlockQuerySet(models.QuerySet["Block"]):
    def between(self, one: User, other: User) -> BlockQuerySet:
        """Whichever of the two blocks the other."""
        return self.filter(Q(blocker=one, blocked=other) | Q(blocker=other, blocked=one))

    def apart_from(self, user: UUID, people: Iterable[UUID]) -> set[UUID]:
        """Those of *people* who block *user*, or whom *user* blocks."""
        people = set(people)
        rows = self.filter(Q(blocker=user, blocked__in=people) | Q(blocked=user, blocker__in=people))
        return {
            blocked if blocker == user else blocker
            for blocker, blocked in rows.values_list("blocker", "blocked")
        }

    def with_people(self) -> BlockQuerySet:
        return self.select_related("blocked")


class Block(models.Model):
    """Somebody does not want to be found, written to or brought into a chat by somebody else."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    blocker = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="blocks", verbose_name=_("who blocks")
    )
    blocked = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="blocked_by", verbose_name=_("who is blocked")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects = BlockQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("block")
        constraints = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="one_block"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="nobody_blocks_themselves"),
        ]
        indexes = [models.Index(fields=["blocker", "-id"], name="block_of_blocker")]  # the person's list

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"
