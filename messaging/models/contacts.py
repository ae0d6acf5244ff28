"""Whom people know."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce, Concat, Lower, NullIf
from django.utils.translation import gettext_lazy as _

from accounts.models import Block, User
from common.ids import uuid7


class ContactQuerySet(models.QuerySet["Contact"]):
    def seen_by(self, owner: User) -> ContactQuerySet:
        """Contacts of *owner*, with what `ContactSerializer` reads: one query, however many.

        Somebody who is not there for them, by a block or because their account is off, is not there here
        either. `place` orders them by the name that is shown; no two have the same.
        """
        shown = Coalesce(NullIf("alias", Value("")), "user__display_name")
        return (
            self.filter(owner=owner, user__in=User.objects.visible_to(owner))
            .select_related("user")
            .annotate(
                blocked=Exists(Block.objects.filter(blocker=owner, blocked=OuterRef("user"))),
                place=Concat(Lower(shown), Value(" "), Lower("user__username")),
            )
        )

    def named(self, words: str) -> ContactQuerySet:
        """Those with *words* in the name that the owner gave them, or in one of their own."""
        name = words.removeprefix("@")
        return self.filter(
            Q(alias__icontains=words)
            | Q(user__display_name__icontains=words)
            | Q(user__username__icontains=name)
        )


class Contact(models.Model):
    """Somebody whom a person knows. It is theirs alone: the other is not told."""

    LIMIT = 5_000  # a person: far more than anybody knows, and few enough to be put in order at once

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="contacts", verbose_name=_("who knows")
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="contact_of", verbose_name=_("whom they know")
    )
    alias = models.CharField(_("alias"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("contact")
        constraints = [
            models.UniqueConstraint(fields=["owner", "user"], name="contact_once"),
            models.CheckConstraint(condition=~Q(owner=F("user")), name="nobody_is_their_own_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} knows {self.user_id}"
