"""Ways into a chat for who is not in it yet."""

from datetime import datetime
from typing import Literal

from django.db import transaction
from django.utils import timezone

from accounts.models import Block, User
from common.actors import System
from common.events import emit
from common.problems import Invalid, NotFound
from messaging import policies
from messaging.events import InvitationClosed, InvitationReceived, JoinRejected, JoinRequested
from messaging.models import Chat, Invitation, JoinRequest, Participant
from messaging.models.invitations import new_token
from messaging.problems import (
    AlreadyInChat,
    CannotActOnEqual,
    InvitationEnded,
    RemovedBefore,
    RequestRejected,
    TooManyInvitations,
)

from .locking import lock_chat
from .openness import require_no_block
from .participants import bring_in

Outcome = Literal["joined", "waiting"]


@transaction.atomic
def create_invitation(
    *,
    actor: User,
    chat: Chat,
    user: User | None = None,
    expires_at: datetime | None = None,
    max_uses: int | None = None,
    approval: bool = False,
) -> tuple[Invitation, bool]:
    """Invite one person, or whoever has the link.

    Args:
        expires_at: aware UTC, at most `Invitation.MAX_AGE` from now; `Invitation.KEPT` from now if None.
        max_uses: how many a link lets in; any number if None. An invitation of one person lets in that one.
        approval: whether those who come by the link are let in by somebody who may invite.

    Returns:
        The invitation, and whether it is new: who is invited already is so once.

    Raises:
        NotAllowed: the policy `participant.invite` says no.
        NotFound: *user* has blocked the actor.
        NotOpenToYou: the actor blocks *user*.
        AlreadyInChat, TooManyInvitations
        Invalid: it would end in the past, or too late.

    Emits `InvitationReceived` to *user*.
    """
    chat = lock_chat(chat)
    policies.require(actor, "participant.invite", chat)
    now = timezone.now()
    ends = expires_at or now + Invitation.KEPT
    if not now < ends <= now + Invitation.MAX_AGE:
        raise Invalid.field("expires_at", "out_of_range", "In the future, and at most 30 days from now.")
    live = Invitation.objects.live(at=now).filter(chat=chat)
    if user:
        require_no_block(actor, [user])
        if chat.participants.present().filter(user=user).exists():
            raise AlreadyInChat
        if found := live.filter(user=user).first():
            return found, False
    if live.count() >= Invitation.MAX_LIVE:
        raise TooManyInvitations(limit=Invitation.MAX_LIVE)
    token = new_token()
    invitation = Invitation.objects.create(
        chat=chat,
        created_by=actor,
        user=user,
        token=token,
        token_hash=Invitation.hash_of(token),
        approval=approval and user is None,
        max_uses=1 if user else max_uses,
        expires_at=ends,
    )
    if user:
        emit(InvitationReceived(invitation=invitation.pk), audience=[user.pk])
    return invitation, True


@transaction.atomic
def revoke_invitation(*, actor: User | System, invitation: Invitation) -> None:
    """Take an invitation back. Who came by it stays.

    Raises:
        NotAllowed: the policy `participant.invite` says no.
        CannotActOnEqual: a member takes back what somebody else made.

    Emits `InvitationClosed` to the one it names.
    """
    chat = lock_chat(invitation.chat)
    me = policies.require(actor, "participant.invite", chat)
    if me and me.role == Participant.Role.MEMBER and invitation.created_by_id != me.user_id:
        raise CannotActOnEqual(denied_by=policies.outranked("participant.invite", me))
    if Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=timezone.now()):
        _close(invitation)


@transaction.atomic
def accept_invitation(*, actor: User, invitation: Invitation) -> Outcome:
    """Come into the chat, or ask to be let in. Who is in it stays as they are, and uses nothing up.

    Raises:
        NotFound: inviter and actor have nothing to do with each other, or it names somebody else.
        InvitationEnded, ChatFull
        RemovedBefore: somebody took them out of this chat; then a link is no way back.
        RequestRejected: they asked before, and were not let in.

    Emits `ParticipantAdded` and `ChatAdded`, or `JoinRequested` to those who may let them in.
    """
    chat = lock_chat(invitation.chat)
    invitation = Invitation.objects.get(pk=invitation.pk)
    require_for(actor, invitation)
    before = chat.participants.filter(user=actor).first()
    if before and before.left_seq is None:
        return "joined"
    if not invitation.is_live(at=timezone.now()):
        raise InvitationEnded
    if invitation.user_id is None and before and before.was_removed:
        raise RemovedBefore
    if invitation.approval:
        return _ask(actor, chat, invitation)
    _let_in(actor, chat, invitation)
    return "joined"


@transaction.atomic
def decline_invitation(*, actor: User, invitation: Invitation) -> None:
    """Not come: an invitation to oneself is over, of a link one's own request is. Safe to repeat.

    Emits `InvitationClosed` to the actor's own devices, where it named them.
    """
    require_for(actor, invitation)
    if invitation.user_id is None:
        JoinRequest.objects.waiting().filter(chat=invitation.chat_id, user=actor).delete()
    elif Invitation.objects.filter(pk=invitation.pk, declined_at=None).update(declined_at=timezone.now()):
        _close(invitation)


@transaction.atomic
def approve_request(*, actor: User | System, chat: Chat, user: User) -> None:
    """Let somebody in who asked.

    Raises:
        NotAllowed: the policy `participant.invite` says no.
        NotFound: they don't ask.
        InvitationEnded: their link has let in as many as it could, meanwhile.

    Emits `ParticipantAdded`, and `ChatAdded` to them.
    """
    request = _waiting(actor, chat := lock_chat(chat), user)
    _let_in(user, chat, request.invitation)


@transaction.atomic
def reject_request(*, actor: User | System, chat: Chat, user: User) -> None:
    """Not let somebody in who asked.

    Raises:
        NotAllowed: the policy `participant.invite` says no.
        NotFound: they don't ask.

    Emits `JoinRejected` to them.
    """
    request = _waiting(actor, lock_chat(chat), user)
    JoinRequest.objects.filter(pk=request.pk).update(rejected_at=timezone.now())
    emit(JoinRejected(chat=chat.pk), audience=[user.pk])


def require_for(actor: User, invitation: Invitation) -> None:
    """That an invitation is one to *actor*.

    Raises:
        NotFound: it names somebody else, or one of inviter and actor has blocked the other.
    """
    if invitation.user_id not in (None, actor.pk):
        raise NotFound
    inviter = invitation.created_by
    if inviter and Block.objects.between(inviter, actor).exists():
        raise NotFound


def _ask(actor: User, chat: Chat, invitation: Invitation) -> Outcome:
    request, is_new = JoinRequest.objects.get_or_create(
        chat=chat, user=actor, defaults={"invitation": invitation}
    )
    if request.rejected_at:
        raise RequestRejected
    if is_new:
        level = policies.level_of("participant.invite", chat)
        run = [role for role in policies.RUNNING if policies.reaches(role, level)]
        people = chat.participants.present().filter(role__in=run).values_list("user", flat=True)
        emit(JoinRequested(chat=chat.pk, user=actor.pk), audience=people)
    return "waiting"


def _let_in(user: User, chat: Chat, invitation: Invitation | None) -> None:
    """Bring *user* into the locked *chat*, and count it."""
    if invitation:
        if invitation.max_uses is not None and invitation.uses >= invitation.max_uses:
            raise InvitationEnded
        invitation.uses += 1
        invitation.save(update_fields=["uses"])
    bring_in(chat=chat, users=[user], by=user)
    JoinRequest.objects.filter(chat=chat, user=user).delete()


def _waiting(actor: User | System, chat: Chat, user: User) -> JoinRequest:
    policies.require(actor, "participant.invite", chat)
    request = JoinRequest.objects.waiting().select_related("invitation").filter(chat=chat, user=user).first()
    if request is None:
        raise NotFound
    return request


def _close(invitation: Invitation) -> None:
    if invitation.user_id:
        emit(InvitationClosed(invitation=invitation.pk), audience=[invitation.user_id])
