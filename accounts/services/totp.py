"""An authenticator app: set up, asked, taken away."""

import time
from dataclasses import dataclass
from math import ceil
from uuid import UUID

import pyotp
import segno
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEntry, AuthenticatorApp, FactorTally, Session, User
from accounts.problems import AuthenticatorAppOn, SecondFactorWrong
from common.problems import LimitReached

from . import audit
from .factors import after_removal, tell
from .freshness import mark_proved, require_fresh
from .recovery_codes import ensure_recovery_codes


@dataclass(frozen=True)
class Setup:
    """What an app is to be told. Shown while it is set up, never again."""

    secret: str
    otpauth_url: str

    @property
    def qr_svg(self) -> str:
        code = segno.make_qr(self.otpauth_url, error="m")
        return str(code.svg_inline(scale=5, border=4, light="#fff", dark="#000"))


@transaction.atomic
def begin_totp(*, session: Session) -> Setup:
    """A secret for an app. Within ten minutes it is the same one, so that a page may be loaded again.

    Raises:
        StepUpRequired
        AuthenticatorAppOn: remove the app that there is first.
    """
    require_fresh(session)
    user = User.objects.select_for_update().get(pk=session.user_id)
    now = timezone.now()
    app = AuthenticatorApp.objects.filter(user=user).first()
    if app and app.confirmed_at:
        raise AuthenticatorAppOn
    if app is None or not app.is_waiting(at=now):
        app, _ = AuthenticatorApp.objects.update_or_create(
            user=user, defaults={"secret": pyotp.random_base32(), "created_at": now}
        )
    name = user.email if user.has_mailbox else user.username
    url = pyotp.TOTP(app.secret).provisioning_uri(name=name, issuer_name=settings.WEBAUTHN_RP_NAME)
    return Setup(secret=app.secret, otpauth_url=url)


def confirm_totp(*, session: Session, code: str) -> list[str] | None:
    """Switch the app on that was set up, by a code of it.

    Returns:
        Ten recovery codes, told this once; None where there are some from before.

    Raises:
        StepUpRequired
        SecondFactorWrong: not its code, or nothing was set up within the last ten minutes.
        LimitReached: too many wrong codes of late.
    """
    require_fresh(session)
    app = AuthenticatorApp.objects.filter(user=session.user_id).first()
    if app is None or not app.is_waiting(at=timezone.now()):
        raise SecondFactorWrong
    _take_totp(app, code)
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=session.user_id)
        waiting = AuthenticatorApp.objects.filter(pk=app.pk, confirmed_at=None)
        if not waiting.update(confirmed_at=timezone.now()):
            raise AuthenticatorAppOn
        mark_proved(session)
        audit.record(category=AuditEntry.Category.SECURITY, verb="totp.enabled", actor=user, subject=user)
        tell(user, "totp_enabled")
        return ensure_recovery_codes(user)


@transaction.atomic
def remove_totp(*, session: Session) -> None:
    """Take the app away. Without one nothing happens.

    Raises:
        StepUpRequired
        SecondFactorNeeded: they may not do without, and it is the last.
    """
    require_fresh(session)
    user = User.objects.select_for_update().get(pk=session.user_id)
    app = AuthenticatorApp.objects.filter(user=user).first()
    if app is None:
        return
    app.delete()
    if app.confirmed_at:
        after_removal(user)
        audit.record(category=AuditEntry.Category.SECURITY, verb="totp.disabled", actor=user, subject=user)
        tell(user, "totp_disabled")


def prove_totp(*, user: User, code: str) -> None:
    """Take a code of the app, once.

    Raises:
        SecondFactorWrong, LimitReached
    """
    app = AuthenticatorApp.objects.filter(user=user, confirmed_at__isnull=False).first()
    if app is None:
        raise SecondFactorWrong
    _take_totp(app, code)


def _take_totp(app: AuthenticatorApp, code: str) -> None:
    """Counts the guess before it looks: of many at once none is free. Outside of any transaction."""
    _count_guess(app.user_id)
    generator = pyotp.TOTP(app.secret, interval=AuthenticatorApp.STEP)
    now = time.time()
    step = int(now) // AuthenticatorApp.STEP
    right = isinstance(code, str) and generator.verify(code.replace(" ", ""), for_time=now)
    unused = AuthenticatorApp.objects.filter(pk=app.pk).filter(Q(last_step=None) | Q(last_step__lt=step))
    if not (right and unused.update(last_step=step)):
        raise SecondFactorWrong
    FactorTally.objects.filter(pk=app.user_id).update(wrong=0)


@transaction.atomic
def _count_guess(user: UUID) -> None:
    FactorTally.objects.get_or_create(pk=user)
    tally = FactorTally.objects.select_for_update().get(pk=user)
    now = timezone.now()
    if (wait := ceil(tally.pause(at=now).total_seconds())) > 0:
        raise LimitReached(headers={"Retry-After": str(wait)}, retry_after=wait)
    tally.wrong = 1 if tally.wrong_at < now - FactorTally.KEPT else tally.wrong + 1
    tally.wrong_at = now
    tally.save()
