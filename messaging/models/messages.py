"""What is said in a chat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from django.db import models
from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Block, User
from common.ids import first_id_at, uuid7

from .files import MessageFile
from .hidden import HiddenMessage
from .mentions import Mention
from .participants import Participant
from .reactions import Reaction, ReactionCount

CLOCKS: Final = timedelta(hours=1)  # those of two servers never differ by more
EPOCH: Final = datetime(1970, 1, 2, tzinfo=UTC)  # ids begin there
LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)  # and Python's time ends here, a day from the edge both


def a_while_before(moment: datetime) -> datetime:
    """What was said by then stands before all that was said at *moment* or later, whatever clocks said."""
    return max(moment, EPOCH) - CLOCKS


def a_while_after(moment: datetime) -> datetime:
    """What was said from then on stands behind all that was said before *moment*, whatever clocks said."""
    return min(moment, LATEST) + CLOCKS


def count_of(messages: QuerySet[Message], *, by: str) -> Coalesce:
    """How many of *messages* there are, which an outer query narrows to one value of the column *by*."""
    return Coalesce(Subquery(messages.order_by().values(by).annotate(n=Count("*")).values("n")), 0)


class MessageQuerySet(models.QuerySet["Message"]):
    def shown(self) -> MessageQuerySet:
        """With what `MessageSerializer` reads: as many queries, however many messages."""
        counts = Prefetch("reaction_counts", to_attr="shown_reactions")
        files: Any = Prefetch("message_files", MessageFile.objects.shown(), to_attr="shown_files")
        people = self.select_related("author", "reply_to__author", "forwarded_author")
        return people.prefetch_related(counts, files)

    def shown_to(self, reader: UUID) -> MessageQuerySet:
        """The same with what `MessageForReaderSerializer` reads beside."""
        mine: Any = Prefetch("reactions", Reaction.objects.filter(user=reader), to_attr="my_reactions")
        return self.shown().prefetch_related(mine)

    def visible_to(self, user: User) -> MessageQuerySet:
        """Those of chats that *user* is in now, without what they have deleted for themselves."""
        return self.in_chats_of(user).not_hidden_from(user.pk)

    def in_chats_of(self, user: User) -> MessageQuerySet:
        return self.filter(
            chat__deleted_at=None, chat__participants__user=user, chat__participants__left_seq=None
        )

    def not_hidden_from(self, user: UUID | OuterRef) -> MessageQuerySet:
        """
        Args:
            user: of an outer query, of each of its rows; so for `counting_for` and `unread`.
        """
        who = OuterRef(user) if isinstance(user, OuterRef) else user  # one query further in
        return self.filter(~Exists(HiddenMessage.objects.filter(message=OuterRef("pk"), user=who)))

    def unread_by(self, participant: Participant) -> MessageQuerySet:
        """What is unread for the participant."""
        of_chat = self.filter(chat=participant.chat_id)
        return of_chat.unread(by=participant.user_id, after=participant.read_seq)

    def unread(self, *, by: UUID | OuterRef, after: Any) -> MessageQuerySet:
        """Of one chat's main line: what counts for the reader behind their read mark *after*."""
        return self.main_line().counting_for(by).filter(seq__gt=after)

    def counting_for(self, user: UUID | OuterRef) -> MessageQuerySet:
        """What others wrote and is still there for *user*."""
        return self.filter(deleted_at=None).exclude(author=user).not_hidden_from(user)

    def mentioning(self, user: User) -> MessageQuerySet:
        """What calls *user*, by name or with everybody; not what somebody says whom they have blocked."""
        by_name = Mention.objects.filter(message=OuterRef("pk"), user=user)
        blocked = Block.objects.filter(blocker=user).values("blocked")
        return self.filter(Q(mentions_all=True) | Exists(by_name)).exclude(author__in=blocked)

    def calls_of(self, user: User, *, chat: OuterRef, beyond: OuterRef) -> Combinable:
        """How many of these `mentioning` has in *chat* of an outer query behind position *beyond*.

        Counted in two ranges of two indexes, however many they are and however much is said between them.
        """
        blocked = Block.objects.filter(blocker=user).values("blocked")
        heard = self.filter(chat=chat, seq__gt=beyond).exclude(author__in=blocked)
        by_name = heard.filter(
            mentions_all=False,
            mention_rows__user=user,
            mention_rows__chat=chat,
            mention_rows__seq__gt=beyond,
        )
        return count_of(heard.filter(mentions_all=True), by="chat") + count_of(by_name, by="chat")

    def main_line(self) -> MessageQuerySet:
        """What stands in no thread."""
        return self.filter(thread=None)

    def begun(self) -> MessageQuerySet:
        """Messages below which there is a thread."""
        return self.filter(last_reply_seq__isnull=False)

    def unread_in_threads_of(self, user: User) -> MessageQuerySet:
        """What others wrote in threads that *user* follows, behind their marks: which `ThreadMark` counts.

        Not below what they have deleted for themselves: they see no such thread.
        """
        hidden = HiddenMessage.objects.filter(message=OuterRef("thread"), user=user)
        return self.counting_for(user.pk).filter(
            ~Exists(hidden),
            thread__last_reply_seq__gt=F("thread__thread_marks__read_seq"),  # most threads are read
            thread__thread_marks__user=user,
            thread__thread_marks__is_following=True,
            seq__gt=F("thread__thread_marks__read_seq"),
        )

    def threads_for(self, user: User) -> MessageQuerySet:
        """With where *user* stands in the thread below each: one query, however many threads and replies."""
        mine = FilteredRelation("thread_marks", condition=Q(thread_marks__user=user))
        marked = self.annotate(mine=mine, thread_read_seq=Coalesce("mine__read_seq", "seq"))
        unread = Message.objects.filter(thread=OuterRef("pk"), seq__gt=OuterRef("thread_read_seq"))
        return marked.annotate(
            is_followed=Coalesce("mine__is_following", Value(False)),  # noqa: FBT003
            thread_unread_count=count_of(unread.counting_for(user.pk), by="thread"),
        )

    def made_about(self, start: datetime | None, end: datetime | None) -> MessageQuerySet:
        """By their ids, which are in the order of time: all of `between`, and some beside."""
        found = self.filter(pk__gte=first_id_at(a_while_before(start))) if start else self
        return found.filter(pk__lt=first_id_at(max(a_while_after(end), EPOCH))) if end else found

    def between(self, start: datetime | None, end: datetime | None) -> MessageQuerySet:
        """Written at or after *start* and before *end*; None leaves that side open."""
        found = self.filter(created_at__gte=start) if start else self
        return found.filter(created_at__lt=end) if end else found


class Message(models.Model):
    """Something said in a chat, at one position of it for good."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        FILE = "file", _("file")
        VOICE = "voice", _("voice")
        VIDEO = "video", _("video")
        SYSTEM = "system", _("system")

    WITH_FILES: ClassVar = frozenset({Kind.FILE, Kind.VOICE, Kind.VIDEO})

    MAX_TEXT = 10_000  # characters
    MAX_MENTIONS = 100
    MAX_QUOTE = 1_000
    EXCERPT = 200  # of its text, where something else shows it
    VOICE_SECONDS = 15 * 60  # of a voice message, at most
    VIDEO_SECONDS = 5 * 60

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey(
        "Chat",
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,  # the positions' index begins with it
        verbose_name=_("chat"),
    )
    seq = models.PositiveBigIntegerField(_("seq"))
    author = models.ForeignKey(
        User,
        null=True,
        on_delete=models.SET_NULL,
        related_name="messages",
        verbose_name=_("author"),
        db_index=False,  # `message_by_author` begins with it
    )
    kind = models.CharField(_("kind"), max_length=9, choices=Kind, default=Kind.TEXT)
    text = models.TextField(_("text"), max_length=MAX_TEXT)
    silent = models.BooleanField(_("silent"), default=False)
    mentions = models.JSONField(_("mentions"), default=list, blank=True)  # ids; found by `Mention`
    mentions_all = models.BooleanField(_("mentions everybody"), default=False)
    thread = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="replies",
        db_index=False,
        verbose_name=_("thread"),
    )
    reply_count = models.PositiveIntegerField(_("replies"), default=0)
    last_reply_seq = models.PositiveBigIntegerField(_("last reply"), null=True, blank=True)
    last_reply_at = models.DateTimeField(_("last replied"), null=True, blank=True)
    client_id = models.CharField(_("client id"), max_length=255, blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)
    reply_to = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="answers",
        verbose_name=_("reply to"),
    )
    quote = models.CharField(_("quote"), max_length=MAX_QUOTE, blank=True)  # of what it replies to
    no_forward = models.BooleanField(_("not to be forwarded"), default=False)
    # Whence it was forwarded; who said it first, and when, also where that was a forward itself.
    forwarded_from = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("forwarded from"),
    )
    forwarded_author = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("said by")
    )
    forwarded_at = models.DateTimeField(_("said at"), null=True, blank=True)
    revision = models.PositiveIntegerField(_("revision"), default=1)  # one more with every edit
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    deleted_by = models.ForeignKey(  # null: the platform
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("deleted by")
    )
    created_at = models.DateTimeField(_("sent"), default=timezone.now)

    shown_reactions: list[ReactionCount]  # of `shown`
    my_reactions: list[Reaction]  # of `shown_to`
    shown_files: list[MessageFile]  # in their order: of `shown`, and of one that was just sent

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("message")
        # What people say to each other is not for everyone who keeps the house in order.
        permissions = [("view_message_text", "Can read what messages say")]
        constraints = [
            models.UniqueConstraint(fields=["chat", "seq"], name="message_position"),
            # For ever, whichever chat: a retry after any time is the same message. Ours have no author.
            models.UniqueConstraint(
                fields=["author", "client_id"], condition=~Q(client_id=""), name="message_client_id"
            ),
            models.UniqueConstraint(
                fields=["client_id"],
                condition=Q(author=None) & ~Q(client_id=""),
                name="message_system_client_id",
            ),
            models.CheckConstraint(
                condition=Q(thread=None) | Q(reply_count=0), name="message_no_thread_in_thread"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(text="", fingerprint="", quote=""),
                name="message_deleted_says_nothing",
            ),
        ]
        indexes = [
            models.Index(fields=["chat", "created_at"], name="message_by_date"),
            models.Index(fields=["chat", "seq"], condition=Q(mentions_all=True), name="message_calling_all"),
            models.Index(fields=["author", "-id"], name="message_by_author"),  # their last ones
            # A page of a chat, and what is unread in it, however much is said in its threads. With all that
            # counting what is unread looks at, so that PostgreSQL counts in the index alone.
            models.Index(
                fields=["chat", "seq"],
                include=["id", "author", "deleted_at"],
                condition=Q(thread=None),
                name="message_main_line",
            ),
            # Searched for by kind: most messages are text.
            models.Index(fields=["chat", "kind", "-id"], condition=~Q(kind="text"), name="message_of_kind"),
            models.Index(
                fields=["thread", "seq"], condition=Q(thread__isnull=False), name="message_in_thread"
            ),
            models.Index(
                fields=["chat", "-last_reply_seq"],
                condition=Q(last_reply_seq__isnull=False),
                name="message_threads",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chat_id} #{self.seq}"
