"""Who follows which thread, and how far they have read it."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, F, OuterRef, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .hidden import HiddenMessage
from .messages import Message, count_of


class ThreadMarkQuerySet(models.QuerySet["ThreadMark"]):
    def unread_count(self, user: User, *, chat: OuterRef) -> Combinable:
        """How many messages `MessageQuerySet.unread_in_threads_of` has in *chat* of an outer query.

        Counted thread by thread, each in a range of an index. Of a join PostgreSQL would read what is said in
        all threads of all chats: it does not see that an index of replies alone has no empty roots in it.
        """
        hidden = HiddenMessage.objects.filter(message=OuterRef("root"), user=user)
        followed = self.filter(
            ~Exists(hidden), chat=chat, user=user, is_following=True, root__last_reply_seq__gt=F("read_seq")
        )
        beyond = Message.objects.filter(thread=OuterRef("root"), seq__gt=OuterRef("read_seq"))
        unread = count_of(beyond.counting_for(user.pk), by="thread")
        return Coalesce(Subquery(followed.order_by().values("chat").annotate(n=Sum(unread)).values("n")), 0)


class ThreadMark(models.Model):
    """How far somebody has read a thread. Its unread replies count for them while they follow it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="+", db_index=False)
    root = models.ForeignKey(
        Message,
        on_delete=models.CASCADE,
        related_name="thread_marks",
        db_index=False,
        verbose_name=_("root message"),
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="thread_marks")
    read_seq = models.PositiveBigIntegerField(_("read up to"))
    is_following = models.BooleanField(_("following"), default=False)

    objects = ThreadMarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("thread mark")
        constraints = [models.UniqueConstraint(fields=["root", "user"], name="thread_mark_once")]
        # What of a chat is unread for somebody in threads: asked of every chat in their list.
        indexes = [models.Index(fields=["chat", "user"], name="thread_mark_of_chat")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.root_id}"
