"""Proving again who one is, in a session that is open."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Session, User
from accounts.problems import CurrentPasswordWrong
from common.problems import Invalid

from . import factors
from .attempts import attempt_of
from .factors import standing_of
from .freshness import mark_proved
from .passkeys import assertion_options, prove_passkey
from .recovery_codes import use_recovery_code
from .totp import prove_totp


def prove_factor(*, user: User, method: str, code: Any, bound: str) -> None:
    """Take a second factor of *user*. What it used up stays used up: call it outside of any transaction.

    Args:
        code: digits, a recovery code, or what a passkey's device has answered.
        bound: what the options of the passkey were made for.

    Raises:
        SecondFactorWrong, PasskeyRefused: one answer each, whatever is wrong with it.
        LimitReached: too many wrong codes of the app of late.
    """
    match method:
        case factors.TOTP:
            prove_totp(user=user, code=code)
        case factors.RECOVERY_CODE:
            use_recovery_code(user=user, code=code)
        case factors.PASSKEY:
            prove_passkey(user=user, credential=code, bound=bound)
        case _:
            raise ValueError(f"there is no method {method!r}")


def step_up_options(*, session: Session) -> dict[str, Any]:
    """What `step_up` would take from this person, and the options of a passkey where they have one."""
    user = session.user
    methods = standing_of(user).methods
    return {
        "password": user.has_usable_password(),
        "methods": methods,
        "public_key": assertion_options(user=user, bound=_bound(session))
        if factors.PASSKEY in methods
        else None,
    }


def step_up(*, session: Session, password: str = "", method: str = "", code: Any = None) -> Session:
    """Prove again: by a passkey, or by the password and, where there is one, a second factor.

    Whoever has no password (they sign in elsewhere) shows the second factor alone; who has neither signs in
    again.

    Raises:
        Invalid: something is missing.
        CurrentPasswordWrong, LoginDelayed
        SecondFactorWrong, PasskeyRefused, LimitReached: see `prove_factor`.
    """
    user = session.user
    if method != factors.PASSKEY:
        if user.has_usable_password():
            _prove_password(session, password)
            needs_factor = bool(standing_of(user).methods)
        else:
            needs_factor = True
        if needs_factor and not method:
            raise _missing("method")
    if method:
        prove_factor(user=user, method=method, code=code, bound=_bound(session))
    mark_proved(session)
    return session


def _prove_password(session: Session, password: str) -> None:
    """Failures delay this session alone."""
    if not password:
        raise _missing("password")
    with attempt_of(session):
        if not session.user.check_password(password):
            raise CurrentPasswordWrong


def _bound(session: Session) -> str:
    return f"step-up {session.pk}"


def _missing(field: str) -> Invalid:
    return Invalid.field(field, "required", _("This field is required."))
