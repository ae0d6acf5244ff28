"""Passkeys (WebAuthn level 3): added, asked, taken away.

A ceremony has two halves: options, whose challenge is kept for five minutes, and what the device answers,
which takes that challenge away. Every passkey is discoverable and verifies its holder, so that it is a second
factor and a way to sign in without a password alike. Who made the device is not asked (attestation `none`).
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import webauthn
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    options_to_json_dict,
    parse_authentication_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.models import AuditEntry, Passkey, Session, User
from accounts.problems import PasskeyLimitReached, PasskeyRefused
from accounts.tokens import fingerprint

from . import audit
from .factors import after_removal, tell
from .freshness import require_fresh
from .recovery_codes import ensure_recovery_codes

CEREMONY: Final = timedelta(minutes=5)  # between the options and the answer
MILLISECONDS: Final = int(CEREMONY.total_seconds() * 1000)
SIGN_IN: Final = "sign-in"  # what a ceremony of a stranger is for
REQUIRED: Final = UserVerificationRequirement.REQUIRED
TRANSPORTS: Final = [transport.value for transport in AuthenticatorTransport]
T = TypeVar("T")


# --- added ---
def passkey_options(*, session: Session) -> dict[str, Any]:
    """What `navigator.credentials.create` is given, as JSON.

    Raises:
        StepUpRequired
        PasskeyLimitReached: they have `Passkey.LIMIT`.
    """
    require_fresh(session)
    user = session.user
    there = list(user.passkeys.all())
    if len(there) >= Passkey.LIMIT:
        raise PasskeyLimitReached(limit=Passkey.LIMIT)
    options = webauthn.generate_registration_options(
        rp_id=settings.WEBAUTHN_RP_ID,
        rp_name=settings.WEBAUTHN_RP_NAME,
        user_id=user.pk.bytes,  # an id that tells nothing
        user_name=user.username,
        user_display_name=user.display_name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=REQUIRED
        ),
        exclude_credentials=[_descriptor(passkey) for passkey in there],
        timeout=MILLISECONDS,
    )
    _keep(options.challenge, _adding(session))
    return options_to_json_dict(options)


def add_passkey(
    *, session: Session, credential: dict[str, Any], name: str = ""
) -> tuple[Passkey, list[str] | None]:
    """Add the passkey that a device made of the options.

    Returns:
        It, and ten recovery codes, told this once; None where there are some from before.

    Raises:
        StepUpRequired, PasskeyLimitReached
        PasskeyRefused: not what the options asked for, too late, or a passkey that is known.
    """
    require_fresh(session)
    challenge = _take(credential, _adding(session))
    made = _checked(
        lambda: webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=settings.WEBAUTHN_RP_ID,
            expected_origin=settings.WEBAUTHN_ORIGINS,
            require_user_verification=True,
        )
    )
    given = credential["response"].get("transports")
    try:
        with transaction.atomic():
            user = User.objects.select_for_update().get(pk=session.user_id)
            if user.passkeys.count() >= Passkey.LIMIT:
                raise PasskeyLimitReached(limit=Passkey.LIMIT)
            passkey = Passkey.objects.create(
                user=user,
                name=name or _("Passkey"),
                credential_id=bytes_to_base64url(made.credential_id),
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                transports=[each for each in TRANSPORTS if isinstance(given, list) and each in given],
                aaguid=UUID(made.aaguid),
                backup_eligible=made.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
                backed_up=made.credential_backed_up,
            )
            _record("passkey.added", passkey)
            tell(user, "passkey_added", passkey=passkey.name)
            return passkey, ensure_recovery_codes(user)
    except IntegrityError:  # it is there already, theirs or another's
        raise PasskeyRefused from None


@transaction.atomic
def rename_passkey(*, passkey: Passkey, name: str) -> Passkey:
    """Call it something else. It is a word for its owner alone."""
    passkey.name = name
    passkey.save(update_fields=["name"])
    return passkey


@transaction.atomic
def remove_passkey(*, session: Session, passkey: Passkey) -> None:
    """Take a passkey away. Where it is gone already nothing happens.

    Raises:
        StepUpRequired
        SecondFactorNeeded: they may not do without, and it is the last.
    """
    require_fresh(session)
    user = User.objects.select_for_update().get(pk=session.user_id)
    if not user.passkeys.filter(pk=passkey.pk).delete()[0]:
        return
    after_removal(user)
    _record("passkey.removed", passkey)
    tell(user, "passkey_removed", passkey=passkey.name)


# --- asked ---
def assertion_options(*, bound: str, user: User | None = None) -> dict[str, Any]:
    """What `navigator.credentials.get` is given, as JSON.

    Args:
        bound: what the answer may be used for, and by whom.
        user: whose passkey is asked for; None: whoever has one for us.
    """
    options = webauthn.generate_authentication_options(
        rp_id=settings.WEBAUTHN_RP_ID,
        allow_credentials=[_descriptor(passkey) for passkey in user.passkeys.all()] if user else None,
        user_verification=REQUIRED,
        timeout=MILLISECONDS,
    )
    _keep(options.challenge, bound)
    return options_to_json_dict(options)


def prove_passkey(*, credential: Any, bound: str, user: User | None = None) -> User:
    """Whose passkey has signed the challenge that was made for *bound*. Outside of any transaction.

    Args:
        user: who it has to be; None: the passkey says.

    Raises:
        PasskeyRefused: one answer, whatever is wrong with it.
    """
    challenge = _take(credential, bound)
    given = _checked(lambda: parse_authentication_credential_json(credential))
    known = Passkey.objects.filter(credential_id=given.id, user__is_active=True)
    passkey = known.select_related("user").first()
    if passkey is None or (user and passkey.user_id != user.pk):
        raise PasskeyRefused
    handle = given.response.user_handle
    if handle != passkey.user_id.bytes and (handle is not None or user is None):
        raise PasskeyRefused
    proof = _checked(
        lambda: webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=settings.WEBAUTHN_RP_ID,
            expected_origin=settings.WEBAUTHN_ORIGINS,
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=0,  # compared below, where it is also stored
            require_user_verification=True,
        )
    )
    if passkey.backup_eligible != (proof.credential_device_type == CredentialDeviceType.MULTI_DEVICE):
        raise PasskeyRefused  # WebAuthn §7.2 step 19: it never changes
    now, count = timezone.now(), proof.new_sign_count
    this = Passkey.objects.filter(pk=passkey.pk)
    advanced = this.filter(sign_count__lt=count) if count else this.filter(sign_count=0)
    if not advanced.update(sign_count=count, last_used_at=now, backed_up=proof.credential_backed_up):
        _note_regression(passkey)
        raise PasskeyRefused
    return passkey.user


@transaction.atomic
def _note_regression(passkey: Passkey) -> None:
    """Its count went back: perhaps somebody has a copy (WebAuthn §6.1.1)."""
    Passkey.objects.filter(pk=passkey.pk).update(regressed_at=timezone.now())
    _record("passkey.regressed", passkey)


# --- challenges ---
def _adding(session: Session) -> str:
    return f"add {session.pk}"


def _keep(challenge: bytes, bound: str) -> None:
    cache.set(_slot(challenge), (bound, timezone.now() + CEREMONY), timeout=CEREMONY.total_seconds())


def _take(credential: Any, bound: str) -> bytes:
    """The challenge that *credential* answers, once: of two who bring it at the same time, one gets it.

    Raises:
        PasskeyRefused: not ours, used, too old, or made for something else.
    """
    try:
        client_data = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        challenge = base64url_to_bytes(client_data["challenge"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PasskeyRefused from None
    slot = _slot(challenge)
    made_for, until = cache.get(slot) or ("", timezone.now())
    if made_for != bound or until <= timezone.now() or not cache.delete(slot):
        raise PasskeyRefused
    return challenge


def _slot(challenge: bytes) -> str:
    return f"passkey:{fingerprint(bytes_to_base64url(challenge))}"


def _checked(check: Callable[[], T]) -> T:
    try:
        return check()
    except Exception:  # what a stranger has sent can fail anywhere in its reading
        raise PasskeyRefused from None


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        id=base64url_to_bytes(passkey.credential_id),
        transports=[AuthenticatorTransport(each) for each in passkey.transports],
    )


def _record(verb: str, passkey: Passkey) -> None:
    audit.record(
        category=AuditEntry.Category.SECURITY,
        verb=verb,
        actor=passkey.user,
        subject=passkey.user,
        target=passkey,
    )
