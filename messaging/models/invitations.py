"""Ways into a chat for who is not in it yet."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Block, User
from common.fields import EncryptedTextField
from common.ids import uuid7

from .participants import Participant


def new_token() -> str:
    return secrets.token_urlsafe(18)  # 144 bits: nobody comes upon one


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def live(self, *, at: datetime) -> InvitationQuerySet:
        """Those that let somebody in."""
        unused = Q(max_uses=None) | Q(uses__lt=F("max_uses"))
        return self.filter(
            unused, expires_at__gt=at, revoked_at=None, declined_at=None, chat__deleted_at=None
        )

    def listed(self) -> InvitationQuerySet:
        """With what the serializers read, the newest first."""
        return self.select_related("chat", "user", "created_by").order_by("-id")

    def received_by(self, user: User, *, at: datetime) -> InvitationQuerySet:
        """Those that name *user*, of nobody who has blocked them or whom they have."""
        present = Participant.objects.present().filter(chat=OuterRef("chat"), user=user)
        return self.live(at=at).between_friends().filter(~Exists(present), user=user)

    def between_friends(self) -> InvitationQuerySet:
        """Without those of which either side has blocked the other."""
        one, other = OuterRef("created_by"), OuterRef("user")
        apart = Block.objects.filter(Q(blocker=one, blocked=other) | Q(blocker=other, blocked=one))
        return self.filter(~Exists(apart))

    def borne_by(self, user: User, token: str) -> InvitationQuerySet:
        """The one that *token* opens, if it is for *user*: a link is for whoever has it."""
        mine = Q(user=None) | Q(user=user) | Q(created_by=user)
        return self.filter(mine, token_hash=Invitation.hash_of(token), chat__deleted_at=None)


class Invitation(models.Model):
    """By link for whoever has it, or for one person.

    The token is shown again to those who may invite, so it is kept, encrypted; it is found by its hash.
    """

    KEPT: Final = timedelta(days=7)  # unless the inviter says how long
    MAX_AGE: Final = timedelta(days=30)
    MAX_USES: Final = 10_000
    MAX_LIVE: Final = 100  # in one chat

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey(
        "Chat", on_delete=models.CASCADE, related_name="invitations", verbose_name=_("chat")
    )
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("who invites")
    )
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("for")
    )
    token = EncryptedTextField(default=new_token, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    approval = models.BooleanField(_("asks for approval"), default=False)
    max_uses = models.PositiveIntegerField(_("lets in at most"), null=True, blank=True)
    uses = models.PositiveIntegerField(_("let in"), default=0)
    expires_at = models.DateTimeField(_("ends"))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    declined_at = models.DateTimeField(_("declined"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("invitation")
        constraints = [
            models.CheckConstraint(
                condition=Q(max_uses=None) | Q(uses__lte=F("max_uses")), name="invitation_uses"
            ),
        ]
        indexes = [
            models.Index(fields=["chat", "-id"], name="invitation_of_chat"),
            models.Index(fields=["user", "-id"], condition=Q(user__isnull=False), name="invitation_of_user"),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @staticmethod
    def hash_of(token: str) -> str:
        return sha256(token.encode()).hexdigest()

    def is_live(self, *, at: datetime) -> bool:
        """As `live`, of a row at hand whose chat is there."""
        used_up = self.max_uses is not None and self.uses >= self.max_uses
        return not used_up and self.expires_at > at and self.revoked_at is None and self.declined_at is None


class JoinRequestQuerySet(models.QuerySet["JoinRequest"]):
    def waiting(self) -> JoinRequestQuerySet:
        """Those that nobody has answered, of who did not come in another way; the oldest first."""
        present = Participant.objects.present().filter(chat=OuterRef("chat"), user=OuterRef("user"))
        return self.filter(~Exists(present), rejected_at=None).select_related("user").order_by("id")


class JoinRequest(models.Model):
    """Somebody came by a link that asks for approval."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey("Chat", on_delete=models.CASCADE, related_name="join_requests")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    invitation = models.ForeignKey(Invitation, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    rejected_at = models.DateTimeField(_("rejected"), null=True, blank=True)

    objects = JoinRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request to join")
        constraints = [models.UniqueConstraint(fields=["chat", "user"], name="join_request_once")]

    def __str__(self) -> str:
        return f"{self.user_id} to {self.chat_id}"
