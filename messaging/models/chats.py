"""Conversations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import (
    Case,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .hidden import HiddenMessage
from .marks import shows_reading
from .messages import Message, count_of
from .participants import Participant
from .threads import ThreadMark

INTEGER: Final = models.IntegerField()


class ChatQuerySet(models.QuerySet["Chat"]):
    def visible_to(self, user: User) -> ChatQuerySet:
        """Chats that *user* is in now, with their own row as `me`."""
        me = Q(participants__user=user, participants__left_seq=None)
        joined = self.filter(deleted_at=None).annotate(me=FilteredRelation("participants", condition=me))
        return joined.filter(me__isnull=False)

    def with_preferences(self, user: User) -> ChatQuerySet:
        """The same with what each chat is to *user*."""
        return self.visible_to(user)._with_preferences()

    def _with_preferences(self) -> ChatQuerySet:
        # Back with the next message, unless that came while the chat was muted.
        is_archived = Q(me__archived_seq__isnull=False) & (
            Q(last_message=None)
            | Q(last_message__seq__lte=F("me__archived_seq"))
            | Q(me__muted_until__isnull=False, last_message__created_at__lt=F("me__muted_until"))
        )
        is_muted = Q(me__muted_until__isnull=False, me__muted_until__gt=timezone.now())
        return self.annotate(
            is_archived=ExpressionWrapper(is_archived, models.BooleanField()),
            is_muted=ExpressionWrapper(is_muted, models.BooleanField()),
            muted_until=F("me__muted_until"),
            marked_unread=F("me__marked_unread"),
            favourite=F("me__favourite"),
            is_request=F("me__is_request"),
            my_added_by=F("me__added_by"),
        )

    def with_marks(self, user: User) -> ChatQuerySet:
        """The same with what a message's `status` depends on. It costs the same, however much is unread."""
        others = Participant.objects.filter(chat=OuterRef("pk"), left_seq=None).exclude(user=user)
        slowest = {mark: others.order_by(mark).values(mark)[:1] for mark in ("shown_seq", "delivered_seq")}
        if not shows_reading(user):
            slowest["shown_seq"] = slowest["shown_seq"].none()
        return self.visible_to(user).annotate(
            my_read_seq=F("me__read_seq"),
            my_delivered_seq=F("me__delivered_seq"),
            others_read_seq=Subquery(slowest["shown_seq"]),
            others_delivered_seq=Subquery(slowest["delivered_seq"]),
        )

    def counted(self, user: User) -> ChatQuerySet:
        """The same with what is unread."""
        unread = Message.objects.filter(chat=OuterRef("pk")).unread(by=user.pk, after=OuterRef("my_read_seq"))
        others = Message.objects.main_line().counting_for(user.pk)
        marked = self.with_marks(user).alias(is_any_unread=Exists(unread))
        return marked.annotate(
            unread_count=count_of(unread, by="chat"),
            unread_mentions=others.calls_of(user, chat=OuterRef("pk"), beyond=OuterRef("my_read_seq")),
            thread_unread_count=ThreadMark.objects.unread_count(user, chat=OuterRef("pk")),
        )

    def named(self, user: User) -> ChatQuerySet:
        """The same with `name`, what a client shows: the title, or of a private chat the other person."""
        others = User.objects.filter(
            participations__chat=OuterRef("pk"), participations__chat__type=Chat.Type.PRIVATE
        ).exclude(pk=user.pk)
        title = NullIf("title", Value(""))
        return self.annotate(
            name=Lower(Coalesce(title, Subquery(others.values("display_name")[:1]), Value("")))
        )

    def unread_first(self) -> ChatQuerySet:
        """Rows of `for_reader` with `has_unread`: 1 where something is unread or marked so, else 0."""
        is_unread = Q(is_any_unread=True) | Q(marked_unread=True)  # which counts none of it
        return self.annotate(has_unread=Case(When(is_unread, then=1), default=0, output_field=INTEGER))

    def favourites_first(self) -> ChatQuerySet:
        """Rows of `for_reader` with their place among the favourites; all others stand behind those."""
        return self.annotate(favourites_place=Coalesce("favourite", Participant.MAX_FAVOURITE + 1))

    def for_reader(self, user: User) -> ChatQuerySet:
        """The same with all that `ChatSerializer` reads: as many queries, however many chats and members."""
        hidden = HiddenMessage.objects.filter(message=OuterRef("last_message"), user=user)
        is_hidden = Exists(hidden)
        # Of the few chats whose last message the reader has hidden: the newest one that they have not.
        of_chat = Message.objects.main_line().filter(chat=OuterRef("pk"))
        left = of_chat.not_hidden_from(user.pk).order_by("-seq")
        theirs = Chat.objects.visible_to(user).filter(is_hidden).annotate(newest=left.values("pk")[:1])
        instead = Message.objects.shown_to(user.pk).filter(pk__in=theirs.values("newest"))
        return (
            self.counted(user)
            ._with_preferences()
            .annotate(my_role=F("me__role"), last_is_hidden=is_hidden)
            .prefetch_related(
                Prefetch("last_message", Message.objects.shown_to(user.pk)),
                Prefetch("messages", instead, to_attr="instead_of_hidden"),
            )
        )


class Chat(models.Model):
    """A conversation. Its row counts what happens in it: `last_seq` moves under its lock, without a gap."""

    class Type(models.TextChoices):
        PRIVATE = "private", _("private")
        GROUP = "group", _("group")
        CHANNEL = "channel", _("channel")

    class Level(models.TextChoices):
        """From which role up something may be done."""

        EVERYONE = "everyone", _("everyone")
        ADMINS = "admins", _("admins and the owner")
        OWNER = "owner", _("the owner")

    MAX_PARTICIPANTS = 10_000
    EDIT_WINDOW = 48 * 3600  # seconds: who read it two days ago does not look again
    MAX_EDIT_WINDOW = 10 * 366 * 24 * 3600
    AVATAR_SIZES = User.AVATAR_SIZES
    AVATAR_BYTES = User.AVATAR_BYTES

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    type = models.CharField(_("type"), max_length=8, choices=Type)
    title = models.CharField(_("title"), max_length=120, blank=True)
    description = models.CharField(_("description"), max_length=1000, blank=True)
    avatar = models.CharField(_("picture"), max_length=32, blank=True, editable=False)  # key of its files
    permissions = models.JSONField(_("permissions"), default=dict, blank=True)  # own level by action
    edit_window = models.PositiveIntegerField(  # seconds after sending; null: without end
        _("edit window"), default=EDIT_WINDOW, null=True, blank=True
    )
    no_forward = models.BooleanField(_("messages stay here"), default=False)
    private_key = models.CharField(max_length=80, null=True, unique=True, editable=False)  # noqa: DJ001 (NULLs differ)
    participant_count = models.PositiveIntegerField(_("participants"), default=0)
    last_seq = models.PositiveBigIntegerField(_("last seq"), default=0)
    last_message = models.ForeignKey(
        "Message",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("last message"),
    )
    last_activity_at = models.DateTimeField(_("last activity"), default=timezone.now)
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    objects = ChatQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("chat")
        indexes = [models.Index(fields=["-last_activity_at", "-id"], name="chat_activity")]
        constraints = [
            models.CheckConstraint(
                condition=Q(type="private", private_key__isnull=False)
                | Q(type__in=["group", "channel"], private_key__isnull=True),
                name="chat_private_key_of_private",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.get_type_display()} {self.pk}"

    @property
    def last_for_reader(self) -> Message | None:
        """The newest message that is there for the reader; of a chat from `for_reader`."""
        chat: Any = self
        return next(iter(chat.instead_of_hidden), None) if chat.last_is_hidden else self.last_message

    @property
    def avatar_url(self) -> str | None:
        """The one for a card: 256 pixels wide."""
        return default_storage.url(self.avatar_name(self.avatar, 256)) if self.avatar else None

    @property
    def avatars(self) -> dict[str, str] | None:
        """Addresses of its picture, by its width in pixels."""
        if not self.avatar:
            return None
        return {
            str(size): default_storage.url(self.avatar_name(self.avatar, size)) for size in self.AVATAR_SIZES
        }

    @classmethod
    def avatar_files(cls, key: str) -> list[str]:
        return [cls.avatar_name(key, size) for size in cls.AVATAR_SIZES]

    @staticmethod
    def avatar_name(key: str, size: int) -> str:
        """The file of a picture at a size."""
        return f"chats/{key}-{size}.webp"

    def take_seq(self) -> int:
        """The chat's next position. The caller holds the row's lock and saves the row."""
        self.last_seq += 1
        return self.last_seq

    @staticmethod
    def private_key_of(users: Iterable[UUID]) -> str:
        """What makes a private chat of two people the same chat, whoever of them opens it."""
        return ":".join(sorted(str(user) for user in users))

    def other_than(self, user: UUID) -> UUID:
        """The one of a private chat's two people who is not *user*, whether they are in it now or not."""
        one, other = (UUID(each) for each in (self.private_key or "").split(":"))
        return other if one == user else one
