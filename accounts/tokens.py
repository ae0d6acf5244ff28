"""Tokens: what is signed into them and how they are read.

Whether a session still holds is not theirs to say: the session row decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings as jwt
from rest_framework_simplejwt.tokens import Token

from .models import Session, User
from .problems import TokenInvalid, VerificationTokenExpired, VerificationTokenInvalid

_VERIFICATION = "accounts.verify-email"
_DISOWNING = "accounts.not-me"


class _Plain(Token):
    """A token without an id of its own: the session is what can be revoked."""

    def set_jti(self) -> None:
        """None: `JTI_CLAIM` is off."""


class AccessToken(_Plain):
    """Five minutes of a session: `sub` the user, `sid` the session."""

    token_type = "access"  # noqa: S105 (a kind, not a secret)
    lifetime = jwt.ACCESS_TOKEN_LIFETIME


class RefreshToken(_Plain):
    """One generation of a session: `sid`, `gen`, and the times."""

    token_type = "refresh"  # noqa: S105
    lifetime = jwt.REFRESH_TOKEN_LIFETIME


@dataclass(frozen=True)
class Refresh:
    session: UUID
    generation: int


def make_access(session: Session) -> str:
    token = AccessToken()
    token["sub"] = str(session.user_id)
    token["sid"] = str(session.pk)
    return str(token)


def read_access(text: str) -> UUID:
    """The session that an access token is of.

    Raises:
        TokenInvalid: not signed by us, not an access token, or over.
    """
    try:
        session, ends = _read_access(text, jwt.SIGNING_KEY)
    except (TokenError, KeyError, ValueError, TypeError):
        raise TokenInvalid from None
    if ends <= timezone.now().timestamp():
        raise TokenInvalid
    return session


@lru_cache(maxsize=10_000)  # some 5 MB
def _read_access(text: str, key: str) -> tuple[UUID, int]:
    """The session, and when it is over: a signature that was right stays right.

    Args:
        key: what it has to be signed with; only what is right under it is kept.
    """
    token = AccessToken(text)  # type: ignore[arg-type]
    return UUID(token["sid"]), int(token["exp"])


def make_refresh(session: Session) -> str:
    """The refresh token of the session's present generation: the same text each time it is made."""
    token = RefreshToken()
    issued = int(session.refreshed_at.timestamp())
    token.payload = {
        "token_type": RefreshToken.token_type,
        "sid": str(session.pk),
        "gen": session.generation,
        "iat": issued,
        "exp": issued + int(RefreshToken.lifetime.total_seconds()),
    }
    return str(token)


def read_refresh(text: str) -> Refresh:
    """Whose refresh token this is, and of which generation.

    Raises:
        TokenInvalid: not signed by us, not a refresh token, or over.
    """
    try:
        token = RefreshToken(text)  # type: ignore[arg-type]
        return Refresh(session=UUID(token["sid"]), generation=int(token["gen"]))
    except (TokenError, KeyError, ValueError, TypeError):
        raise TokenInvalid from None


def fingerprint(token: str) -> str:
    """What is stored of a token."""
    return sha256(token.encode()).hexdigest()


def make_verification(user: User) -> str:
    """Proof that its holder reads the mail of this user's present address."""
    return signing.dumps({"user": str(user.pk), "email": user.email}, salt=_VERIFICATION)


def read_verification(token: str) -> tuple[UUID, str]:
    """The user and the address that a verification token is about.

    Raises:
        VerificationTokenExpired, VerificationTokenInvalid
    """
    try:
        given = signing.loads(token, salt=_VERIFICATION, max_age=settings.VERIFICATION_LIFETIME)
        return UUID(given["user"]), given["email"]
    except signing.SignatureExpired:
        raise VerificationTokenExpired from None
    except (signing.BadSignature, KeyError, ValueError, TypeError):
        raise VerificationTokenInvalid from None


def make_disowning(session: Session) -> str:
    """What ends *session* without signing in: for the mail to its owner."""
    return signing.dumps({"session": str(session.pk)}, salt=_DISOWNING)


def read_disowning(token: str) -> UUID | None:
    """The session that *token* ends; None where it is not of ours."""
    try:
        return UUID(signing.loads(token, salt=_DISOWNING)["session"])
    except (signing.BadSignature, KeyError, ValueError, TypeError, AttributeError):
        return None


def second(at: datetime) -> datetime:
    """*at* to the second: tokens hold no smaller part of a time."""
    return at.astimezone(UTC).replace(microsecond=0)
