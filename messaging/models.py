"""Chats, who is in them, and what they say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Count, F, FilteredRelation, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7


class ChatQuerySet(models.QuerySet["Chat"]):
    def visible_to(self, user: User) -> ChatQuerySet:
        """Chats that *user* is in now, with their own row as `me`."""
        me = Q(participants__user=user, participants__left_seq=None)
        joined = self.filter(deleted_at=None).annotate(me=FilteredRelation("participants", condition=me))
        return joined.filter(me__isnull=False)

    def with_marks(self, user: User) -> ChatQuerySet:
        """The same with what a message's `status` depends on. It costs the same, however much is unread."""
        others = Participant.objects.filter(chat=OuterRef("pk"), left_seq=None).exclude(user=user)
        return self.visible_to(user).annotate(
            my_read_seq=F("me__read_seq"),
            others_read_seq=Subquery(others.order_by("read_seq").values("read_seq")[:1]),
        )

    def for_reader(self, user: User) -> ChatQuerySet:
        """The same with all that `ChatSerializer` reads: one query, however many chats and members."""
        unread = Message.objects.filter(chat=OuterRef("pk"), seq__gt=OuterRef("my_read_seq")).exclude(
            author=user
        )
        return (
            self.with_marks(user)
            .annotate(
                my_role=F("me__role"),
                unread_count=Coalesce(
                    Subquery(unread.order_by().values("chat").annotate(n=Count("*")).values("n")), 0
                ),
            )
            .select_related("last_message__author")
        )


class Chat(models.Model):
    """A conversation. Its row counts what happens in it: `last_seq` moves under its lock, without a gap."""

    class Type(models.TextChoices):
        PRIVATE = "private", _("private")
        GROUP = "group", _("group")

    MAX_PARTICIPANTS = 10_000

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    type = models.CharField(_("type"), max_length=8, choices=Type)
    title = models.CharField(_("title"), max_length=120, blank=True)
    description = models.CharField(_("description"), max_length=1000, blank=True)
    members_can_add = models.BooleanField(_("members can add people"), default=False)
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
                | Q(type="group", private_key__isnull=True),
                name="chat_private_key_of_private",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.get_type_display()} {self.pk}"

    @property
    def settings(self) -> dict[str, Any]:
        return {"members_can_add": self.members_can_add}

    def take_seq(self) -> int:
        """The chat's next position. The caller holds the row's lock and saves the row."""
        self.last_seq += 1
        return self.last_seq

    @staticmethod
    def private_key_of(users: Iterable[UUID]) -> str:
        """What makes a private chat of two people the same chat, whoever of them opens it."""
        return ":".join(sorted(str(user) for user in users))


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def present(self) -> ParticipantQuerySet:
        return self.filter(left_seq=None)

    def listed(self) -> ParticipantQuerySet:
        """Those who are in, with what `ParticipantSerializer` reads, in the order in which they came."""
        return self.present().select_related("user").order_by("id")


class Participant(models.Model):
    """Somebody in a chat, or who was: then `left_seq` is the last position that was for them."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        ADMIN = "admin", _("admin")
        MEMBER = "member", _("member")

    RANK: ClassVar[dict[str, int]] = {Role.OWNER: 2, Role.ADMIN: 1, Role.MEMBER: 0}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="participations")
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.MEMBER)
    read_seq = models.PositiveBigIntegerField(_("read up to"), default=0)
    left_seq = models.PositiveBigIntegerField(_("left at"), null=True, blank=True)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        verbose_name = _("participant")
        constraints = [
            models.UniqueConstraint(fields=["chat", "user"], name="participant_once"),
            models.UniqueConstraint(
                fields=["chat"], condition=Q(role="owner", left_seq=None), name="participant_one_owner"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "chat"], condition=Q(left_seq=None), name="participant_chats"),
            # The slowest reader of a chat: what a message's status asks.
            models.Index(fields=["chat", "read_seq"], condition=Q(left_seq=None), name="participant_marks"),
            models.Index(fields=["chat", "id"], condition=Q(left_seq=None), name="participant_list"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.chat_id}"

    def outranks(self, other: Participant) -> bool:
        return self.RANK[self.role] > self.RANK[other.role]


class MessageQuerySet(models.QuerySet["Message"]):
    def with_author(self) -> MessageQuerySet:
        return self.select_related("author")

    def unread_by(self, participant: Participant) -> MessageQuerySet:
        """What others wrote behind the participant's read mark."""
        return self.filter(chat=participant.chat_id, seq__gt=participant.read_seq).exclude(
            author=participant.user_id
        )

    def between(self, start: datetime | None, end: datetime | None) -> MessageQuerySet:
        """Written at or after *start* and before *end*; None leaves that side open."""
        found = self.filter(created_at__gte=start) if start else self
        return found.filter(created_at__lt=end) if end else found


class Message(models.Model):
    """Something said in a chat, at one position of it for good."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        SYSTEM = "system", _("system")

    MAX_TEXT = 10_000  # characters

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="messages", verbose_name=_("chat"))
    seq = models.PositiveBigIntegerField(_("seq"))
    author = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="messages", verbose_name=_("author")
    )
    kind = models.CharField(_("kind"), max_length=9, choices=Kind, default=Kind.TEXT)
    text = models.TextField(_("text"), max_length=MAX_TEXT)
    client_id = models.CharField(_("client id"), max_length=255, blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("sent"), default=timezone.now)

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
        ]
        indexes = [models.Index(fields=["chat", "created_at"], name="message_by_date")]

    def __str__(self) -> str:
        return f"{self.chat_id} #{self.seq}"
