"""Signing up and proving an address. Nothing here tells a stranger who has an account."""

import re
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import TakenUsername, User, normalize_email
from accounts.problems import UsernameTaken, VerificationTokenInvalid
from accounts.tokens import make_verification, read_verification
from common.mail.services import queue_mail

from .codes import Purpose, find_by_code, make_code, use_code
from .passwords import require_good_password


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
) -> Registered:
    """Sign somebody up, and mail them a link that proves their address.

    A taken address gets the same answer after the same work; its owner is told by mail.

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
    require_good_password(password, User(**names))
    hashed = make_password(password)  # the slow part: in both cases, before anything is looked up
    try:
        _claim(names, hashed, name_was_chosen=chosen)
    except IntegrityError:
        # Somebody was faster by a moment, with the address or the name: now the look-ups see them.
        try:
            _claim(names, hashed, name_was_chosen=chosen)
        except IntegrityError:  # and a third with the name: the address is settled by now
            raise UsernameTaken from None
    return Registered(email=email, username=username, display_name=display_name)


@transaction.atomic
def _claim(names: dict[str, str], hashed: str, *, name_was_chosen: bool) -> None:
    if is_taken(names["username"]):
        raise UsernameTaken
    if owner := User.objects.select_for_update().filter(email=names["email"]).first():
        if name_was_chosen:
            TakenUsername.objects.create(username=names["username"])
        _mail_owner(owner)
    else:
        user = User(**names, password=hashed)
        user.save(force_insert=True)
        _mail_verification(user)


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


def confirm_email(*, user: User) -> bool:
    """Hold the address of *user* for verified; False if it was already."""
    changed = User.objects.filter(pk=user.pk, email_verified_at=None).update(email_verified_at=timezone.now())
    user.refresh_from_db(fields=["email_verified_at"])
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
    """The address is taken: its owner forgot, or somebody tries. An unverified one gets a new link."""
    if not owner.is_verified and owner.is_active:
        _mail_verification(owner)
    else:
        queue_mail(
            to=owner.email,
            template="already_registered",
            language=owner.language,
            context={"name": owner.display_name},
        )


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
