"""Wanting to have nothing to do with somebody."""

from django.db import transaction

from accounts.events import UserBlocked, UserUnblocked
from accounts.models import AuditEntry, Block, User
from common.events import emit
from common.problems import Invalid

from . import audit


@transaction.atomic
def block_user(*, actor: User, user: User) -> tuple[Block, bool]:
    """Have *user* no longer find *actor*, write to them, or bring them into a chat. They are not told.

    Also who has blocked the actor can be blocked: or whoever is first would be safe from the other.

    Returns:
        The block, and whether it is new.

    Raises:
        Invalid: oneself.

    Emits `UserBlocked` to the actor.
    """
    if user == actor:
        raise Invalid.field("user", "oneself", "Nobody can block themselves.")
    block, is_new = Block.objects.get_or_create(blocker=actor, blocked=user)
    if is_new:
        audit.record(category=AuditEntry.Category.USER, verb="user.blocked", actor=actor, subject=user)
        emit(UserBlocked(user=user.pk), audience=[actor.pk])
    return block, is_new


@transaction.atomic
def unblock_user(*, actor: User, user: User) -> bool:
    """Let *user* find *actor* again. False if they were not blocked.

    Emits `UserUnblocked` to the actor.
    """
    if not Block.objects.filter(blocker=actor, blocked=user).delete()[0]:
        return False
    audit.record(category=AuditEntry.Category.USER, verb="user.unblocked", actor=actor, subject=user)
    emit(UserUnblocked(user=user.pk), audience=[actor.pk])
    return True
