"""Which second factors somebody has: an authenticator app, passkeys, and recovery codes in place of them."""

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from accounts.models import AuditEntry, AuthenticatorApp, User
from accounts.problems import SecondFactorNeeded
from common.actors import System
from common.mail.services import queue_mail

from . import audit
from .sessions import revoke_sessions

TOTP: Final = "totp"
RECOVERY_CODE: Final = "recovery_code"
PASSKEY: Final = "passkey"
METHODS: Final = [TOTP, PASSKEY, RECOVERY_CODE]


@dataclass(frozen=True)
class Standing:
    """Which factors somebody has."""

    totp: bool
    passkeys: int
    recovery_codes: int  # that are left
    required: bool  # they may not do without

    @property
    def methods(self) -> list[str]:
        """How a second factor can be shown; none: a password is enough."""
        if not (self.totp or self.passkeys):
            return []
        there = {TOTP: self.totp, PASSKEY: self.passkeys, RECOVERY_CODE: self.recovery_codes}
        return [method for method in METHODS if there[method]]


def standing_of(user: User) -> Standing:
    unused, confirmed = Q(recovery_codes__used_at=None), Q(authenticator_app__confirmed_at__isnull=False)
    counted = User.objects.filter(pk=user.pk).aggregate(  # one query: 20 × 10 rows at most
        totp=Count("authenticator_app", filter=confirmed, distinct=True),
        passkeys=Count("passkeys", distinct=True),
        recovery_codes=Count("recovery_codes", filter=unused, distinct=True),
    )
    return Standing(**counted | {"totp": bool(counted["totp"])}, required=is_required_of(user))


def is_required_of(user: User) -> bool:
    """Whether *user* may not do without a second factor."""
    return bool(settings.REQUIRE_STAFF_MFA and user.is_staff)


@transaction.atomic
def remove_factors(*, user: User, actor: User | System) -> bool:
    """Staff take away every factor of somebody who has lost them. Every session of theirs ends.

    Who asks for this was proved by staff as a new account would be (ASVS 5.0 6.4.4). False if there was none.
    """
    row = User.objects.select_for_update().get(pk=user.pk)
    apps = AuthenticatorApp.objects.filter(user=row)
    if not (apps.exists() or row.passkeys.exists() or row.recovery_codes.exists()):
        return False
    for factors in (apps, row.passkeys.all(), row.recovery_codes.all()):
        factors.delete()
    revoke_sessions(user=row, reason="staff")
    audit.record(category=AuditEntry.Category.SECURITY, verb="factors.removed", actor=actor, subject=row)
    tell(row, "factors_removed")
    return True


def after_removal(user: User) -> None:
    """A factor of *user* is gone: see that they may do without it, and forget what stood in for it.

    Raises:
        SecondFactorNeeded: they may not, and it was the last.
    """
    left = standing_of(user)
    if left.totp or left.passkeys:
        return
    if left.required:
        raise SecondFactorNeeded
    user.recovery_codes.all().delete()


def tell(user: User, what: str, **more: Any) -> None:
    """Mail *user* what happened to their factors."""
    queue_mail(
        to=user.email,
        template="second_factor",
        language=user.language,
        context={"name": user.display_name, "what": what, **more},
    )
