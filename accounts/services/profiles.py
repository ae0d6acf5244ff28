"""What people say of themselves, and whether they may take part."""

from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.problems import UsernameTaken

from .registration import is_taken
from .sessions import revoke_sessions

EDITABLE = frozenset(
    {"username", "display_name", "first_name", "last_name", "status_text", "language", "timezone"}
)


def update_profile(*, user: User, **changes: Any) -> User:
    """Change what *user* says of themselves.

    Args:
        changes: any of `EDITABLE`, checked for shape.

    Raises:
        UsernameTaken: somebody else has the name.
    """
    if not changes.keys() <= EDITABLE:
        raise TypeError(f"a profile has no such fields: {sorted(changes.keys() - EDITABLE)}")
    try:
        with transaction.atomic():
            row = User.objects.select_for_update().get(pk=user.pk)
            username = changes.get("username", row.username)
            if username.lower() != row.username.lower() and is_taken(username):
                raise UsernameTaken
            for name, value in changes.items():
                setattr(row, name, value)
            row.save(update_fields=list(changes))
            return row
    except IntegrityError:  # somebody was faster by a moment
        raise UsernameTaken from None


@transaction.atomic
def set_active(*, user: User, active: bool) -> bool:
    """Let *user* take part, or not any more: then every session of theirs ends. False if nothing changed."""
    if not User.objects.filter(pk=user.pk).exclude(is_active=active).update(is_active=active):
        return False
    if not active:
        revoke_sessions(user=user, reason="deactivated")
    return True
