"""Signing up and proving an address. Nothing here tells a stranger who has an account."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import NOWHERE, TakenUsername, User, normalize_email
from accounts.newcomers import Newcomer, welcomes
from accounts.problems import UsernameTaken, VerificationTokenInvalid
from accounts.tokens import make_verification, read_verification
from common.ids import uuid7
from common.mail.services import queue_mail

from . import audit
from .codes import Purpose, find_by_code, make_code, use_code
from .passwords import mail_reset, require_good_password


@dataclass(frozen=True)
class Registered:
    """What the answer to a sign-up says: all of it from what was sent, nothing from what was there."""

    email: str
    username: str
    display_name: str
    verification_required: bool = True


def register(
    *,
    email: str,
    password: str,
    username: str = "",
    display_name: str = "",
    first_name: str = "",
    last_name: str = "",
    accept_terms: bool = False,
    address: str | None = None,
    locales: Sequence[str] = (),
) -> Registered:
    """Sign somebody up, and mail them a link that proves their address.

    A taken address gets the same answer after the same work; its owner is told by mail.

    Args:
        accept_terms: whether they accept the terms in force.
        locales: the languages they want, the most wanted first.

    Raises:
        UsernameTaken: the name was asked for, and somebody has it.
        Invalid: the password is too weak for this person.
    """
    email = normalize_email(email)
    chosen = bool(username)
    username = username or _make_username(email)
    display_name = display_name or " ".join(filter(None, [first_name, last_name])) or username
    names = {
        "email": email,
        "username": username,
        "display_name": display_name,
        "first_name": first_name,
        "last_name": last_name,
    }
    user = User(**names)
    require_good_password(password, user)
    user.password = make_password(password)  # the slow part: in both cases, before anything is looked up
    newcomer = Newcomer(user=user, accepts_terms=accept_terms, address=address, locales=locales)
    try:
        _claim(newcomer, name_was_chosen=chosen)
    except IntegrityError:
        # Somebody was faster by a moment, with the address or the name: now the look-ups see them.
        try:
            _claim(newcomer, name_was_chosen=chosen)
        except IntegrityError:  # and a third with the name: the address is settled by now
            raise UsernameTaken from None
    return Registered(email=email, username=username, display_name=display_name)


@transaction.atomic
def _claim(newcomer: Newcomer, *, name_was_chosen: bool) -> None:
    user = newcomer.user
    if is_taken(user.username):
        raise UsernameTaken
    if owner := User.objects.select_for_update().filter(email=user.email).first():
        if name_was_chosen:
            TakenUsername.objects.create(username=user.username)
        _record("registration.repeated", None, owner)
        _mail_owner(owner)
    else:
        user.save(force_insert=True)
        for welcome in welcomes:
            welcome(newcomer)
        _record("user.registered", user, user)
        _mail_verification(user)


@transaction.atomic
def make_proven_user(*, email: str | None, display_name: str = "", language: str = "en") -> User:
    """An account of somebody whom another provider has proved, without a password.

    Args:
        email: verified there; None where the provider tells none: the account then has one that is nobody's.
    """
    username = _make_username(email or display_name)
    user = User(
        email=normalize_email(email) if email else f"{uuid7()}@{NOWHERE}",
        email_verified_at=timezone.now(),
        username=username,
        display_name=display_name or username,
        language=language,
    )
    user.set_unusable_password()
    user.save(force_insert=True)
    _record("user.registered", user, user)
    return user


def _record(verb: str, actor: User | None, subject: User) -> None:
    audit.record(category=audit.Category.SECURITY, verb=verb, actor=actor, subject=subject)


def verify_email(*, token: str = "", email: str = "", code: str = "") -> tuple[User, bool]:
    """Take what was mailed as proof of the address: a link's *token*, or *email* and *code*.

    Returns:
        The user, and whether the address was verified by this call.

    Raises:
        VerificationTokenInvalid, VerificationTokenExpired, CodeInvalid
    """
    if token:
        return _verify_by_token(token)
    found = find_by_code(email=email, code=code, purpose=Purpose.VERIFY_EMAIL)
    with transaction.atomic():
        user = use_code(found)
        return user, confirm_email(user=user)


@transaction.atomic
def _verify_by_token(token: str) -> tuple[User, bool]:
    pk, email = read_verification(token)
    user = User.objects.select_for_update().filter(pk=pk, email=email, is_active=True).first()
    if user is None:
        raise VerificationTokenInvalid
    return user, confirm_email(user=user)


@transaction.atomic
def confirm_email(*, user: User, actor: User | None = None) -> bool:
    """Hold the address of *user* for verified; False if it was already.

    Args:
        actor: who says so, where it isn't the user.
    """
    changed = User.objects.filter(pk=user.pk, email_verified_at=None).update(email_verified_at=timezone.now())
    user.refresh_from_db(fields=["email_verified_at"])
    if changed:
        audit.record(
            category=audit.Category.SECURITY, verb="email.verified", actor=actor or user, subject=user
        )
    return bool(changed)


@transaction.atomic
def resend_verification(*, email: str) -> None:
    """Mail the link again, where somebody waits for one. The caller can't tell whether."""
    user = User.objects.with_email(email)
    if user and user.is_active and not user.is_verified:
        _mail_verification(user)


def _mail_verification(user: User) -> None:
    link = f"{settings.PUBLIC_URL}/api/v1/auth/verify-email/{make_verification(user)}"
    queue_mail(
        to=user.email,
        template="verify_email",
        language=user.language,
        context={
            "name": user.display_name,
            "link": link,
            "days": settings.VERIFICATION_LIFETIME.days,
            "code": make_code(user=user, purpose=Purpose.VERIFY_EMAIL).code,
            "minutes": int(settings.MAILED_CODE_LIFETIME.total_seconds() // 60),
        },
    )


def _mail_owner(owner: User) -> None:
    """The address is taken: its owner forgot, or somebody tries. An unverified one gets a new link.

    Each of these makes a code, as a sign-up does: the time it takes tells nothing.
    """
    if not owner.is_active:
        queue_mail(
            to=owner.email,
            template="already_registered",
            language=owner.language,
            context={"name": owner.display_name},
        )
    elif owner.is_verified:
        mail_reset(owner, template="already_registered")
    else:
        _mail_verification(owner)


def is_taken(username: str) -> bool:
    name = username.lower()
    return any(
        kind.objects.annotate(lower=Lower("username")).filter(lower=name).exists()
        for kind in (User, TakenUsername)
    )


def _make_username(email: str) -> str:
    """A name from the address, with a random end: the plain one would tell whether somebody has it."""
    stem = re.sub(r"[^a-z0-9]+", "", email.partition("@")[0].lower())[:20] or "user"
    return f"{stem}-{secrets.token_hex(4)}"
