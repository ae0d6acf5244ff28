"""What people say of themselves, and whether they may take part."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.events import ProfileUpdated
from accounts.models import User
from accounts.problems import UsernameTaken
from common.actors import System
from common.events import emit
from common.problems import Invalid

from . import audit
from .registration import is_taken
from .roles import lock_with_superusers, require_another_superuser
from .sessions import revoke_sessions

EDITABLE = frozenset(
    {
        "username",
        "display_name",
        "first_name",
        "last_name",
        "status_text",
        "status_expires_at",
        "language",
        "timezone",
    }
)


def update_profile(*, actor: User, user: User, **changes: Any) -> User:
    """Change what *user* says of themselves.

    Args:
        actor: the person, or staff.
        changes: any of `EDITABLE`, checked for shape. A status stays until the next, unless it has an
            expiry of its own.

    Raises:
        UsernameTaken: somebody else has the name.
        Invalid: the status expires in the past or in over a year, or there is none to expire.

    Emits `ProfileUpdated`, if anything changed.
    """
    if not changes.keys() <= EDITABLE:
        raise TypeError(f"a profile has no such fields: {sorted(changes.keys() - EDITABLE)}")
    try:
        with transaction.atomic():
            row = User.objects.select_for_update().get(pk=user.pk)
            before = row.username
            username = changes.get("username", before)
            if username.lower() != before.lower() and is_taken(username):
                raise UsernameTaken
            changes |= _status(row, changes)
            changed = [name for name, value in changes.items() if getattr(row, name) != value]
            if not changed:
                return row
            for name in changed:
                setattr(row, name, changes[name])
            row.save(update_fields=changed)
            audit.record(
                category=audit.Category.USER if actor == user else audit.Category.ADMIN,
                verb="profile.updated",
                actor=actor,
                subject=user,
                details={"fields": sorted(changed)},
            )
            if username != before:
                audit.record(
                    category=audit.Category.SECURITY, verb="username.changed", actor=actor, subject=user
                )
            emit(ProfileUpdated(), audience=[user.pk])
            return row
    except IntegrityError:  # somebody was faster by a moment
        raise UsernameTaken from None


def _status(row: User, changes: dict[str, Any]) -> dict[str, Any]:
    """Text and expiry belong together: one that is over is gone, and a new text has only its own expiry."""
    if not changes.keys() & {"status_text", "status_expires_at"}:
        return {}
    text, expires = row.status
    if "status_text" in changes:
        text, expires = changes["status_text"], None
    expires = changes.get("status_expires_at", expires)
    if expires is not None and not text:
        raise Invalid.field("status_expires_at", "no_status", _("There is no status that could expire."))
    if "status_expires_at" in changes and expires is not None:
        now = timezone.now()
        if not now < expires <= now + User.STATUS_LONGEST:
            raise Invalid.field(
                "status_expires_at", "out_of_range", _("A time within the next 366 days, or null for no end.")
            )
    return {"status_text": text, "status_expires_at": expires}


def clear_statuses() -> int:
    """Forget statuses whose time is over. Nobody is told: they have read as empty since.

    Returns:
        How many.
    """
    over = User.objects.filter(status_expires_at__lte=timezone.now())
    return over.update(status_text="", status_expires_at=None)


@transaction.atomic
def set_active(*, user: User, active: bool, actor: User | System) -> bool:
    """Let *user* take part, or not any more: then every session of theirs ends. False if nothing changed.

    Raises:
        LastSuperuser: nobody would be left who can give access.
    """
    if not active and lock_with_superusers(user).is_superuser:
        require_another_superuser(user)
    if not User.objects.filter(pk=user.pk).exclude(is_active=active).update(is_active=active):
        return False
    audit.record(
        category=audit.Category.SECURITY,
        verb="user.reactivated" if active else "user.deactivated",
        actor=actor,
        subject=user,
    )
    if not active:
        revoke_sessions(user=user, reason="deactivated", actor=actor)
    return True
