"""Ten codes on paper, each of which stands once for a factor that is lost."""

import secrets
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, RecoveryCode, Session, User
from accounts.problems import SecondFactorNeeded, SecondFactorWrong
from accounts.tokens import fingerprint

from . import audit
from .factors import standing_of, tell
from .freshness import require_fresh

# Crockford's base 32, in small letters: none looks like another.
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
GROUPS: Final = 6  # of four: 120 bits


@transaction.atomic
def renew_recovery_codes(*, session: Session) -> list[str]:
    """Ten new ones, told this once. Those from before are worth nothing.

    Raises:
        StepUpRequired
        SecondFactorNeeded: there is no factor that they could stand in for.
    """
    require_fresh(session)
    user = User.objects.select_for_update().get(pk=session.user_id)
    if not standing_of(user).methods:
        raise SecondFactorNeeded
    codes = _make_recovery_codes(user)
    audit.record(
        category=AuditEntry.Category.SECURITY, verb="recovery_codes.renewed", actor=user, subject=user
    )
    tell(user, "recovery_codes_renewed")
    return codes


def ensure_recovery_codes(user: User) -> list[str] | None:
    """Ten for somebody who has none left. In the transaction that holds their row."""
    return None if user.recovery_codes.filter(used_at=None).exists() else _make_recovery_codes(user)


def use_recovery_code(*, user: User, code: str) -> None:
    """Take a recovery code, once, and tell its owner.

    Raises:
        SecondFactorWrong
    """
    plain = "".join(filter(str.isalnum, code.lower())) if isinstance(code, str) else ""
    with transaction.atomic():
        unused = RecoveryCode.objects.filter(user=user, code_hash=fingerprint(plain), used_at=None)
        if not unused.update(used_at=timezone.now()):
            raise SecondFactorWrong
        left = user.recovery_codes.filter(used_at=None).count()
        audit.record(
            category=AuditEntry.Category.SECURITY,
            verb="recovery_code.used",
            actor=user,
            subject=user,
            details={"left": left},
        )
        tell(user, "recovery_code_used", left=left)


def _make_recovery_codes(user: User) -> list[str]:
    user.recovery_codes.all().delete()
    plain = ["".join(secrets.choice(ALPHABET) for _ in range(GROUPS * 4)) for _ in range(RecoveryCode.COUNT)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, code_hash=fingerprint(code)) for code in plain)
    return ["-".join(code[start : start + 4] for start in range(0, GROUPS * 4, 4)) for code in plain]
