"""Codes by mail: six digits, and a link that does the same. Made, compared and used here, for every purpose.

The digits are few, so guesses are counted; the link is signed, so that nobody guesses it. Both are of one
row, which is used once and followed by the next, and both hold what they were made for: the address, and for
a new password the present one.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import AttemptCount, MailedCode, User, normalize_email
from accounts.problems import CodeInvalid
from common.ids import uuid7

Purpose = MailedCode.Purpose

_LINK: Final = "accounts.mailed-link"


@dataclass(frozen=True)
class Made:
    """What the mail says, and nothing else does.

    Attributes:
        code: six digits; empty where the account has seen too many wrong guesses of late: the link works.
    """

    code: str
    token: str


@transaction.atomic
def make_code(*, user: User, purpose: Purpose, email: str = "") -> Made:
    """A code for *user*, the only one that works from now on.

    Args:
        email: the address that is to be theirs, where that is what it is for.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    now = timezone.now()
    codes = MailedCode.objects.filter(user=user, purpose=purpose)
    guesses = codes.counting(at=now).aggregate(all=Sum("guesses"))["all"] or 0
    codes.filter(closed_at=None).update(closed_at=now)
    row = MailedCode(user=user, purpose=purpose, email=email, expires_at=now + _lifetime(purpose))
    code = f"{secrets.randbelow(1_000_000):06}" if guesses < MailedCode.GUESSES_A_DAY else ""
    row.code_hash = _hash(row, code) if code else ""
    row.save(force_insert=True)
    return Made(code=code, token=signing.dumps({"row": str(row.pk), "bound": _seal(row)}, salt=_LINK))


def find_by_code(*, email: str, code: str, purpose: Purpose) -> MailedCode:
    """The open row that *code* is of. Counts the guess: call it outside the transaction that may fail.

    Raises:
        CodeInvalid: wrong, used, too old, guessed at too often, of somebody else, or of nobody: one answer.
    """
    now = timezone.now()
    mine = MailedCode.objects.open(at=now).filter(purpose=purpose, user__email=normalize_email(email))
    # Whether there is a row or not, the same is asked of the database and compared.
    row = mine.select_related("user").first() or MailedCode(pk=uuid7(), user=User(), purpose=purpose)
    this = MailedCode.objects.filter(pk=row.pk, closed_at=None)
    may_guess = this.filter(guesses__lt=MailedCode.GUESSES).update(guesses=F("guesses") + 1)
    is_right = constant_time_compare(row.code_hash, _hash(row, code))
    if not (may_guess and is_right):
        raise CodeInvalid
    this.update(guesses=F("guesses") - 1)  # no guess: what follows may be refused for another reason
    return row


def find_by_token(*, token: str, purpose: Purpose) -> MailedCode:
    """The open row that the link is of.

    Raises:
        CodeInvalid: not signed by us for this, used, too old, or what it was made for has changed.
    """
    try:
        given = signing.loads(token, salt=_LINK)
        pk, bound = UUID(given["row"]), given["bound"]
    except (signing.BadSignature, KeyError, ValueError, TypeError, AttributeError):
        raise CodeInvalid from None
    mine = MailedCode.objects.open(at=timezone.now()).filter(pk=pk, purpose=purpose)
    row = mine.select_related("user").first()
    if row is None or bound != _seal(row):
        raise CodeInvalid
    return row


def use_code(row: MailedCode) -> User:
    """Take *row*, once: of two who try at once one gets on. Within the transaction of what it is for.

    Returns:
        Its user, locked.

    Raises:
        CodeInvalid: another was faster, or what it was made for has changed.
    """
    user = User.objects.select_for_update().filter(pk=row.user_id).first()
    now = timezone.now()
    if user is None or _bound_to(row, user) != _bound_to(row, row.user):
        raise CodeInvalid
    if not MailedCode.objects.open(at=now).filter(pk=row.pk).update(closed_at=now):
        raise CodeInvalid
    return user


def purge_codes() -> int:
    """Forget codes whose guesses count no more.

    Returns:
        How many.
    """
    return MailedCode.objects.expired(at=timezone.now()).delete()[0]


def _lifetime(purpose: Purpose) -> timedelta:
    """Of a link that lets nobody in by itself: until the next is mailed."""
    return AttemptCount.TELL_EVERY if purpose == Purpose.UNLOCK else settings.MAILED_CODE_LIFETIME


def _hash(row: MailedCode, code: str) -> str:
    """Keyed: who reads the table can't try the million codes there are."""
    value = f"{row.pk}:{_bound_to(row, row.user)}:{code}"
    return salted_hmac("accounts.mailed-code", value, algorithm="sha256").hexdigest()


def _seal(row: MailedCode) -> str:
    """What the link holds of what it was made for, not to be read from it."""
    return salted_hmac(_LINK, _bound_to(row, row.user), algorithm="sha256").hexdigest()


def _bound_to(row: MailedCode, user: User) -> str:
    password = user.password if row.purpose == Purpose.RESET_PASSWORD else ""
    return f"{row.purpose}:{user.pk}:{user.email}:{password}{row.email}"
