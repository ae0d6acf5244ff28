"""Signing in: by password, by password and second factor, by passkey alone."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import SignInChallenge, User
from accounts.problems import ChallengeInvalid
from accounts.tokens import fingerprint

from .factors import standing_of
from .passkeys import SIGN_IN, assertion_options, prove_passkey
from .sessions import SignedIn, open_session, prove_password
from .step_up import prove_factor


@dataclass(frozen=True)
class SecondFactorAsked:
    """The password was right; this is what finishes the sign-in.

    Attributes:
        challenge: names the half that is done. Stored as a hash.
        methods: of them one is enough.
        expires_in: seconds.
    """

    challenge: str
    methods: list[str]
    expires_in: int
    mfa_required: bool = True


def sign_in(
    *,
    email: str,
    password: str,
    device_name: str = "",
    device: str = "",
    user_agent: str = "",
    address: str | None = None,
) -> SignedIn | SecondFactorAsked:
    """Open a session by address and password, or ask for a second factor where there is one.

    Raises:
        LoginDelayed, InvalidCredentials, EmailNotVerified: see `prove_password`.
    """
    client: dict[str, Any] = {"device": device, "user_agent": user_agent, "address": address}
    user = prove_password(email=email, password=password, **client)
    return admit(user=user, device_name=device_name, **client)


def admit(
    *,
    user: User,
    device_name: str = "",
    device: str = "",
    user_agent: str = "",
    address: str | None = None,
) -> SignedIn | SecondFactorAsked:
    """Open a session for somebody who has shown the first proof, or ask for the second where there is one.

    A provider's word is a first proof too: whoever gets hold of that account has not got this one.

    Args:
        user: as they were when they showed it.
    """
    client: dict[str, Any] = {"device_name": device_name, "user_agent": user_agent, "address": address}
    if methods := standing_of(user).methods:
        return ask_second_factor(user=user, methods=methods, **client)
    return open_session(user=user, device=device, **client)


def ask_second_factor(
    *, user: User, methods: list[str], device_name: str = "", user_agent: str = "", address: str | None = None
) -> SecondFactorAsked:
    """Ask somebody for a second factor whose password was right.

    Args:
        user: as they were when they proved it.
    """
    token = secrets.token_urlsafe(32)
    lifetime = settings.SIGN_IN_CHALLENGE_LIFETIME
    SignInChallenge.objects.create(
        user=user,
        token_hash=fingerprint(token),
        bound=_bound(user, user_agent, address),
        device_name=device_name[:100],
        expires_at=timezone.now() + lifetime,
    )
    return SecondFactorAsked(challenge=token, methods=methods, expires_in=int(lifetime.total_seconds()))


def challenge_options(*, challenge: str, user_agent: str = "", address: str | None = None) -> dict[str, Any]:
    """What a passkey is asked that finishes the sign-in.

    Raises:
        ChallengeInvalid: see `answer_challenge`.
    """
    row = _find(challenge, user_agent, address)
    return assertion_options(bound=_bound_passkey(row), user=row.user)


def answer_challenge(
    *,
    challenge: str,
    method: str,
    code: Any,
    device: str = "",
    user_agent: str = "",
    address: str | None = None,
) -> SignedIn:
    """Finish a sign-in by a second factor, once.

    Raises:
        ChallengeInvalid: unknown, answered, too old, guessed at too often, of another client or address, or
            the account has changed since: one answer.
        SecondFactorWrong, PasskeyRefused, LimitReached: see `prove_factor`.
    """
    row = _find(challenge, user_agent, address)
    this = SignInChallenge.objects.filter(pk=row.pk, closed_at=None)
    if not this.filter(guesses__lt=SignInChallenge.GUESSES).update(guesses=F("guesses") + 1):
        raise ChallengeInvalid  # counted before it is looked at: of many at once none is free
    prove_factor(user=row.user, method=method, code=code, bound=_bound_passkey(row))
    with transaction.atomic():
        if not this.update(closed_at=timezone.now()):
            raise ChallengeInvalid
        return open_session(
            user=row.user,
            device_name=row.device_name,
            device=device,
            user_agent=user_agent,
            address=address,
        )


def passkey_sign_in_options() -> dict[str, Any]:
    """What any passkey for us is asked."""
    return assertion_options(bound=SIGN_IN)


def sign_in_by_passkey(
    *,
    credential: dict[str, Any],
    device_name: str = "",
    device: str = "",
    user_agent: str = "",
    address: str | None = None,
) -> SignedIn:
    """Open a session by a passkey alone: its device has verified its holder.

    Raises:
        PasskeyRefused: one answer, whatever is wrong with it.
    """
    user = prove_passkey(credential=credential, bound=SIGN_IN)
    return open_session(
        user=user, device_name=device_name, device=device, user_agent=user_agent, address=address
    )


def purge_challenges() -> int:
    """Forget sign-ins that nobody can finish any more.

    Returns:
        How many.
    """
    return SignInChallenge.objects.expired(at=timezone.now()).delete()[0]


def _find(challenge: str, user_agent: str, address: str | None) -> SignInChallenge:
    now = timezone.now()
    there = SignInChallenge.objects.open(at=now).filter(token_hash=fingerprint(challenge))
    row = there.select_related("user").first()
    if row is None or row.bound != _bound(row.user, user_agent, address):
        raise ChallengeInvalid
    return row


def _bound(user: User, user_agent: str, address: str | None) -> str:
    """What a challenge holds for, not to be read from it."""
    value = f"{user.pk}:{user.password}:{address}:{user_agent}"
    return salted_hmac("accounts.sign-in-challenge", value, algorithm="sha256").hexdigest()


def _bound_passkey(row: SignInChallenge) -> str:
    return f"second-factor {row.pk}"
