"""Passwords: the rules, a new one, a forgotten one."""

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import PreviousPassword, Session, User
from accounts.problems import CodeInvalid, CurrentPasswordWrong, ResetTokenInvalid
from common.actors import System
from common.mail.services import queue_mail
from common.problems import Invalid

from . import audit
from .attempts import attempt_of, forget_attempts
from .codes import Purpose, find_by_code, find_by_token, make_code, use_code
from .factors import standing_of
from .freshness import require_fresh
from .sessions import revoke_sessions


def require_good_password(password: str, user: User) -> None:
    """Hold *password* against every rule (`AUTH_PASSWORD_VALIDATORS`).

    Raises:
        Invalid: a code for each rule that it breaks.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            errors=[
                {"field": "password", "code": each.code or "invalid", "detail": each.messages[0]}
                for each in error.error_list
            ]
        ) from None


@transaction.atomic
def forgot_password(*, email: str) -> None:
    """Mail a link and a code that let in a new password. Who asks can't tell whether there was anybody."""
    user = User.objects.with_email(email)
    if user is None or not user.is_active:
        return
    mail_reset(user, template="reset_password")


def mail_reset(user: User, *, template: str) -> None:
    """Mail *user* a link and a code for a new password, with what *template* says beside them."""
    made = make_code(user=user, purpose=Purpose.RESET_PASSWORD)
    queue_mail(
        to=user.email,
        template=template,
        language=user.language,
        context={
            "name": user.display_name,
            "link": f"{settings.PUBLIC_URL}/reset-password/{made.token}",
            "code": made.code,
            "minutes": int(settings.MAILED_CODE_LIFETIME.total_seconds() // 60),
        },
    )


def reset_password(*, password: str, token: str = "", email: str = "", code: str = "") -> None:
    """Set a new password by what was mailed: *token*, or *email* and *code*. Every session ends.

    It says nothing of the address: one that waits to be verified still waits.

    Raises:
        ResetTokenInvalid, CodeInvalid: the proof doesn't hold.
        Invalid: the password is not good enough; the proof still holds.
    """
    try:
        proof = (
            find_by_token(token=token, purpose=Purpose.RESET_PASSWORD)
            if token
            else find_by_code(email=email, code=code, purpose=Purpose.RESET_PASSWORD)
        )
        require_good_password(password, proof.user)
        hashed = make_password(password)  # slow: before anything is locked
        with transaction.atomic():
            user = use_code(proof)
            _replace(user, hashed)
            _record("password.reset", actor=user, user=user)
            revoke_sessions(user=user, reason="password_reset")
            forget_attempts(user=user)  # guesses at the old one say nothing of the new
    except CodeInvalid:
        if token:
            raise ResetTokenInvalid from None
        raise


def change_password(*, session: Session, current_password: str, password: str) -> None:
    """Set a new password where the present one is known. Every session but *session* ends.

    The present one is proof enough, unless there is a second factor: then that was asked for lately as well.

    Raises:
        StepUpRequired
        LoginDelayed: too many attempts failed; nothing was looked at.
        CurrentPasswordWrong
        Invalid: the new one is not good enough.
    """
    user = session.user
    if standing_of(user).methods:
        require_fresh(session)
    with attempt_of(session):
        if not check_password(current_password, user.password):
            raise CurrentPasswordWrong
    require_good_password(password, user)
    hashed = make_password(password)
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        if row.password != user.password:
            raise CurrentPasswordWrong  # it was right a moment ago
        _replace(row, hashed)
        _record("password.changed", actor=row, user=row)
        revoke_sessions(user=row, reason="password_changed", keep=session)


@transaction.atomic
def set_password(*, user: User, password: str | None, actor: User | System) -> User:
    """Staff set a password, which was held against the rules, or none. Every session ends."""
    hashed = make_password(password)
    row = User.objects.select_for_update().get(pk=user.pk)
    _replace(row, hashed)
    _record("password.changed", actor=actor, user=row)
    revoke_sessions(user=row, reason="staff", actor=actor)
    return row


def _replace(user: User, hashed: str) -> None:
    """The present hash becomes a previous one, of which only as many are kept as the rule asks for."""
    if user.has_usable_password():
        PreviousPassword.objects.create(user=user, password=user.password)
    kept = user.previous_passwords.values_list("pk", flat=True)[: settings.PASSWORD_HISTORY - 1]
    user.previous_passwords.exclude(pk__in=list(kept)).delete()
    user.password = hashed
    user.save(update_fields=["password"])
    queue_mail(
        to=user.email,
        template="password_changed",
        language=user.language,
        context={"name": user.display_name},
    )


def _record(verb: str, *, actor: User | System, user: User) -> None:
    audit.record(category=audit.Category.SECURITY, verb=verb, actor=actor, subject=user)
