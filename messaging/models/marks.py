"""How far what is said has come with people, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.registries import settings_of

from .messages import Message
from .participants import Participant


def shows_reading(user: User) -> bool:
    """Whether others see what *user* has read, and *user* what others have: one is not to be had alone."""
    return bool(settings_of(user)["privacy"]["read_receipts"])


class MarkMoveQuerySet(models.QuerySet["MarkMove"]):
    def expired(self, *, at: datetime) -> MarkMoveQuerySet:
        return self.filter(at__lt=at - MarkMove.KEPT)


class MarkMove(models.Model):
    """A mark of somebody's moved up to here, for the others to see. Written once, never changed.

    Rows grow with how often people read, not with messages times members: when a message was read is when the
    first move came as far. Moving to `read` says that it was delivered too, so that there is one row.
    """

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("delivered")
        READ = "read", _("read")

    KEPT = timedelta(days=90)  # who has read stays known by the marks; when is forgotten
    DETAIL = 100  # members of a chat up to which it is told who has read; beyond it how many have

    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind)
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    objects = MarkMoveQuerySet.as_manager()

    class Meta:
        constraints = [
            # Marks only grow. It is also how the first move beyond a message is found.
            models.UniqueConstraint(fields=["chat", "user", "kind", "seq"], name="mark_moved_once"),
        ]
        indexes = [models.Index(fields=["at"], name="mark_move_at")]  # what is past its time

    def __str__(self) -> str:
        return f"{self.user_id} in {self.chat_id}: {self.kind} up to {self.seq}"


def recipients_of(message: Message) -> QuerySet[Participant]:
    """Whom *message* was for: the others who were in the chat then, and are."""
    there = Participant.objects.present().filter(chat=message.chat_id, joined_at__lte=message.created_at)
    return there.exclude(user=message.author_id)


def with_times(recipients: QuerySet[Participant], message: Message) -> QuerySet[Participant]:
    """The same with when their marks came as far, `moved_at_delivered` and `moved_at_read`: one query."""
    beyond = MarkMove.objects.filter(chat=message.chat_id, user=OuterRef("user"), seq__gte=message.seq)
    return (
        recipients.select_related("user")
        .annotate(
            **{
                f"moved_at_{kind}": Subquery(beyond.filter(kind=kind).order_by("seq").values("at")[:1])
                for kind in MarkMove.Kind.values
            }
        )
        .order_by("id")
    )
