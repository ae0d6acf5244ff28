"""Signing in as who one is elsewhere, and linking that to an account here.

**Whose account.** A provider's id for somebody is what counts, and stays linked when addresses change. Where
it is new and brings an address that an account here has, that account is theirs only if the provider is the
address's own authority (`Identity.vouches`): anybody may once have had an address. An account whose address
nobody has proved may have been made by somebody in wait for its owner: it is taken over, and the password
that it was made with is gone.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from accounts.models import LinkedIdentity, Session, User, normalize_email
from accounts.problems import (
    AccountExists,
    IdentityTaken,
    LastWayIn,
    SignInRefused,
    SocialEmailMissing,
    SocialSignInFailed,
)
from accounts.providers import Identity, provider_named
from accounts.providers.base import Attempt
from accounts.providers.telegram import read_init_data
from accounts.tokens import fingerprint
from common.mail.services import queue_mail
from common.problems import Invalid

from . import audit
from .freshness import require_fresh
from .registration import confirm_email, make_proven_user
from .sessions import SignedIn
from .signing_in import SecondFactorAsked, admit

TELEGRAM: Final = "telegram"
LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What a client holds while the person is elsewhere. *flow* is secret: it must not be in the address."""

    authorization_url: str
    flow: str
    expires_in: int  # seconds


def begin_social(*, provider: str, redirect_uri: str) -> Begun:
    """Send somebody to *provider*.

    Raises:
        ProviderUnknown, ProviderNotConfigured, ProviderUnavailable
        Invalid: not one of our redirect addresses.
    """
    there = provider_named(provider)
    if not _is_ours(redirect_uri):
        detail = _("This address is not in SOCIAL_REDIRECT_URIS.")
        raise Invalid.field("redirect_uri", "not_allowed", detail)
    attempt = Attempt(
        redirect_uri=redirect_uri,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
    )
    url = there.authorization_url(attempt)
    flow = secrets.token_urlsafe(32)
    seconds = int(settings.SOCIAL_FLOW_LIFETIME.total_seconds())
    cache.set(_slot(provider, flow), attempt, timeout=seconds)
    return Begun(authorization_url=url, flow=flow, expires_in=seconds)


def identity_of_flow(*, provider: str, flow: str, code: str, state: str) -> Identity:
    """Who came back, once.

    Raises:
        SocialSignInFailed: not begun here, over, used, of another state, or refused by the provider.
        ProviderUnknown, ProviderNotConfigured, ProviderUnavailable
    """
    there = provider_named(provider)
    slot = _slot(provider, flow)
    attempt: Attempt | None = cache.get(slot)
    if attempt is None or not cache.delete(slot) or not constant_time_compare(attempt.state, state):
        raise SocialSignInFailed
    return there.identity_of_code(code, attempt)


def identity_of_token(*, provider: str, id_token: str, nonce: str = "") -> Identity:
    """Who an app's id token is of, once.

    Raises:
        SocialSignInFailed, ProviderUnknown, ProviderNotConfigured, ProviderUnavailable
    """
    return provider_named(provider).identity_of_token(id_token, nonce)


def sign_in_as(
    *,
    identity: Identity,
    device_name: str = "",
    device: str = "",
    user_agent: str = "",
    address: str | None = None,
) -> SignedIn | SecondFactorAsked:
    """Open a session for whoever *identity* is here; with an account made now if they have none.

    Raises:
        AccountExists: their address has an account that the provider's word can't open.
        SocialEmailMissing: there is no account, and no verified address to make one with.
        SignInRefused: the account is deactivated.
    """
    try:
        user = _user_of(identity)
    except IntegrityError:  # the same person in another tab was faster: they are linked by now
        user = _user_of(identity)
    return admit(user=user, device_name=device_name, device=device, user_agent=user_agent, address=address)


@transaction.atomic
def _user_of(identity: Identity) -> User:
    mine = LinkedIdentity.objects.select_related("user").filter(
        provider=identity.provider, subject=identity.subject
    )
    if found := mine.first():
        mine.update(used_at=timezone.now(), label=_label(identity))
        return _active(found.user)
    email = normalize_email(identity.email)
    if not email:
        raise SocialEmailMissing
    owner = User.objects.select_for_update().filter(email=email).first()
    if owner is None:
        user = make_proven_user(email=email, display_name=identity.name)
    elif not owner.is_verified:
        user = _take_over(_active(owner), identity)
    elif identity.vouches and not owner.identities.filter(provider=identity.provider).exists():
        user = _active(owner)
        _tell(user, "identity_linked", identity.provider)
    else:
        raise AccountExists
    _link(user, identity)
    return user


def _active(user: User) -> User:
    if not user.is_active:
        raise SignInRefused
    return user


def _take_over(owner: User, identity: Identity) -> User:
    owner.set_unusable_password()
    owner.display_name = identity.name or owner.display_name
    owner.save(update_fields=["password", "display_name"])
    confirm_email(user=owner)
    owner.refresh_from_db()
    return owner


def sign_in_by_telegram(
    *,
    init_data: str,
    device_name: str = "",
    device: str = "",
    user_agent: str = "",
    address: str | None = None,
) -> SignedIn | SecondFactorAsked:
    """Open a session for whoever opened the Mini App; with an account made now if they have none.

    Telegram tells no address, so such an account has none that mail can reach.

    Raises:
        ProviderNotConfigured, TelegramDataInvalid, SignInRefused
    """
    there = read_init_data(init_data, at=timezone.now())
    identity = Identity(provider=TELEGRAM, subject=there.id, name=there.name)
    label = f"@{there.username}" if there.username else there.name
    try:
        user = _user_on_telegram(identity, label, there.language)
    except IntegrityError:
        user = _user_on_telegram(identity, label, there.language)
    return admit(user=user, device_name=device_name, device=device, user_agent=user_agent, address=address)


@transaction.atomic
def _user_on_telegram(identity: Identity, label: str, language: str) -> User:
    mine = LinkedIdentity.objects.select_related("user").filter(provider=TELEGRAM, subject=identity.subject)
    if found := mine.first():
        mine.update(used_at=timezone.now(), label=label)
        return _active(found.user)
    known = language if language in dict(settings.LANGUAGES) else "en"
    user = make_proven_user(email=None, display_name=identity.name, language=known)
    _link(user, identity, label=label)
    return user


def link_telegram(*, session: Session, init_data: str) -> LinkedIdentity:
    """Link somebody to whoever opened the Mini App, or bring the link that there is up to date.

    Raises:
        ProviderNotConfigured, TelegramDataInvalid
        StepUpRequired, IdentityTaken: see `link_identity`.
    """
    there = read_init_data(init_data, at=timezone.now())
    label = f"@{there.username}" if there.username else there.name
    identity = Identity(provider=TELEGRAM, subject=there.id, name=there.name)
    return link_identity(session=session, identity=identity, label=label)


def link_identity(*, session: Session, identity: Identity, label: str = "") -> LinkedIdentity:
    """Let *identity* sign in to the account of who has *session*. Twice is once.

    Raises:
        StepUpRequired: a new way in asks for a fresh proof.
        IdentityTaken: it signs in to another account, or the account has another identity there.
    """
    user = session.user
    try:
        with transaction.atomic():
            mine = LinkedIdentity.objects.filter(
                user=user, provider=identity.provider, subject=identity.subject
            )
            if mine.update(used_at=timezone.now(), label=label or _label(identity)):
                return mine.get()
            require_fresh(session)
            linked = _link(user, identity, label=label)
            _tell(user, "identity_linked", identity.provider)
            return linked
    except IntegrityError:
        raise IdentityTaken from None


@transaction.atomic
def unlink_identity(*, session: Session, provider: str) -> bool:
    """Let who has *session* sign in by *provider* no more. Twice is once: False.

    Raises:
        StepUpRequired
        LastWayIn: they have no password and nothing else to sign in with.
    """
    user = User.objects.select_for_update().get(pk=session.user_id)
    mine = user.identities.filter(provider=provider)
    if not (found := mine.first()):
        return False
    require_fresh(session)
    others = user.identities.exclude(pk=found.pk)
    if not (user.has_usable_password() or others.exists() or user.passkeys.exists()):
        raise LastWayIn
    _record("identity.unlinked", user, found)
    mine.delete()
    _tell(user, "identity_unlinked", provider)
    return True


def _link(user: User, identity: Identity, *, label: str = "") -> LinkedIdentity:
    linked = LinkedIdentity.objects.create(
        user=user, provider=identity.provider, subject=identity.subject, label=label or _label(identity)
    )
    _record("identity.linked", user, linked)
    return linked


def _label(identity: Identity) -> str:
    return identity.email or identity.name


def _record(verb: str, user: User, linked: LinkedIdentity) -> None:
    audit.record(
        category=audit.Category.SECURITY,
        verb=verb,
        actor=user,
        subject=user,
        target=linked,
        details={"provider": linked.provider},
    )


def _tell(user: User, template: str, provider: str) -> None:
    context: dict[str, Any] = {"name": user.display_name, "provider": provider.title()}
    queue_mail(to=user.email, template=template, language=user.language, context=context)


def _is_ours(redirect_uri: str) -> bool:
    if redirect_uri in settings.SOCIAL_REDIRECT_URIS:
        return True
    try:
        parts = urlsplit(redirect_uri)
        return settings.SOCIAL_LOOPBACK and parts.scheme == "http" and parts.hostname in LOOPBACK
    except ValueError:
        return False


def _slot(provider: str, flow: str) -> str:
    return f"social:{provider}:{fingerprint(flow)}"
