"""Signing in, staying in, and ending it."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from accounts.events import SecurityNoticed, SessionRevoked
from accounts.models import Session, SessionQuerySet, User
from accounts.problems import EmailNotVerified, InvalidCredentials, SessionEnded, TokenInvalid, TokenReused
from accounts.tokens import (
    AccessToken,
    RefreshToken,
    fingerprint,
    make_access,
    make_disowning,
    make_refresh,
    read_refresh,
    second,
)
from common.actors import SYSTEM, System
from common.events import emit
from common.mail.services import queue_mail

from . import audit
from .attempts import attempt_to_sign_in
from .devices import make_device_token, remember_device, storable

SEEN_EVERY: Final = timedelta(minutes=1)  # how exact "last seen" is: one write a minute, not one a request
ENDED_KEPT: Final = timedelta(days=30)  # an ended session stays visible to staff for so long


@dataclass(frozen=True)
class SignedIn:
    """What a client holds of a session."""

    session: Session
    access: str
    refresh: str
    device: str = ""  # what the device keeps and shows when its person signs in again; at a sign-in alone

    @property
    def expires_in(self) -> int:
        """Seconds that the access token lasts."""
        return int(AccessToken.lifetime.total_seconds())


def prove_password(
    *, email: str, password: str, user_agent: str = "", address: str | None = None, device: str = ""
) -> User:
    """The person whose address and password these are.

    Args:
        address: of the network, that the attempt comes from.
        device: the token that the device was given when it signed in before, if it kept one.

    Raises:
        LoginDelayed: too many attempts failed; the password was not looked at.
        InvalidCredentials: no such account, an inactive one, or another password: after the same time.
        EmailNotVerified: the password is right, the address not proved yet.
    """
    user = User.objects.with_email(email)
    with attempt_to_sign_in(email=email, user=user, user_agent=user_agent, address=address, device=device):
        if user is None or not user.has_usable_password():
            make_password(password)  # as long as a check takes, so that the time tells nothing
            raise InvalidCredentials
        if not check_password(password, user.password, setter=_rehash(user)) or not user.is_active:
            raise InvalidCredentials
    if not user.is_verified:
        raise EmailNotVerified
    return user


@transaction.atomic
def open_session(
    *,
    user: User,
    device_name: str = "",
    device: str = "",
    user_agent: str = "",
    address: str | None = None,
) -> SignedIn:
    """Open a session for somebody who has proved who they are. On a device that is new to them they are told.

    Args:
        user: as they were when they proved it: with another password or inactive by now, they are refused.
        device: the token that the device shows, if it has one.

    Raises:
        InvalidCredentials: the account has changed since.
    """
    now = timezone.now()
    # Locks the row: whoever replaces the password at this moment ends this session too, or lets none begin.
    unchanged = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
    if not unchanged.update(last_login=now):
        raise InvalidCredentials
    user_agent = storable(user_agent)
    known, is_new = remember_device(user=user, token=device, user_agent=user_agent, address=address)
    session = Session(
        user=user, device=known, device_name=device_name[:100], user_agent=user_agent, address=address
    )
    session.proved_at = now
    refresh = _next_generation(session, now)
    session.save(force_insert=True)
    audit.record(
        category=audit.Category.SECURITY,
        verb="session.opened",
        actor=user,
        subject=user,
        target=session,
        details={"device": str(known.pk), "is_new": is_new},
    )
    if is_new and user.last_login:  # the first device of all is no news
        _tell_of(session, "new_device", link=f"{settings.PUBLIC_URL}/not-me/{make_disowning(session)}")
    return SignedIn(
        session=session, access=make_access(session), refresh=refresh, device=make_device_token(known)
    )


def refresh_session(*, refresh: str) -> SignedIn:
    """Exchange a refresh token for its successor and a new access token.

    The token before the present one still gets that same successor for `REFRESH_GRACE`, so that a client
    which races itself in two tabs is not logged out. Anything older was stolen or leaked: the session ends.

    Raises:
        TokenInvalid: not a refresh token of ours.
        SessionEnded: its session is over.
        TokenReused: an older one; the session is over now.
    """
    given = read_refresh(refresh)
    with transaction.atomic():
        session = (
            Session.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(pk=given.session)
            .first()
        )
        if session is None or not session.is_alive:
            raise SessionEnded
        now = timezone.now()
        is_present = given.generation == session.generation and fingerprint(refresh) == session.refresh_hash
        is_previous = given.generation == session.generation - 1
        if is_present:
            successor = _next_generation(session, now)
            session.last_seen_at = now
            session.save()
            return SignedIn(session=session, access=make_access(session), refresh=successor)
        if is_previous and second(now) - session.refreshed_at <= settings.REFRESH_GRACE:
            return SignedIn(session=session, access=make_access(session), refresh=make_refresh(session))
        if given.generation >= session.generation:
            raise TokenInvalid  # ours by signature, never given out: the database was set back
        revoke_session(session=session, reason="token_reused", actor=SYSTEM)
        _tell_of(session, "token_reused")
    raise TokenReused


def _next_generation(session: Session, now: datetime) -> str:
    session.generation += 1
    session.refreshed_at = second(now)
    session.expires_at = session.refreshed_at + RefreshToken.lifetime
    refresh = make_refresh(session)
    session.refresh_hash = fingerprint(refresh)
    return refresh


@transaction.atomic
def revoke_session(*, session: Session, reason: str, actor: User | System | None = None) -> bool:
    """End a session: its tokens stop at once, its sockets within seconds. Twice is once: False.

    Args:
        reason: one word for staff: `logout`, `revoked`, `token_reused`, `disowned`, `deactivated`, `staff`,
            `password_changed`, `password_reset`.
        actor: who ends it, where it isn't its owner.

    Emits `SessionRevoked`.
    """
    if not _end(session, reason):
        return False
    audit.record(
        category=audit.Category.SECURITY,
        verb="session.revoked",
        actor=actor or session.user,
        subject=session.user,
        target=session,
        details={"reason": reason},
    )
    return True


@transaction.atomic
def revoke_sessions(
    *, user: User, reason: str, keep: Session | None = None, actor: User | System | None = None
) -> int:
    """End every session of *user*, or every one but *keep*.

    Args:
        reason, actor: as above.

    Returns:
        How many were still open.
    """
    still_open = Session.objects.filter(user=user, revoked_at=None).order_by("pk").select_for_update()
    ending = still_open.exclude(pk=keep.pk) if keep else still_open
    ended = sum(_end(session, reason) for session in ending)
    if ended:
        audit.record(
            category=audit.Category.SECURITY,
            verb="sessions.revoked",
            actor=actor or user,
            subject=user,
            details={"reason": reason, "count": ended},
        )
    return ended


def _end(session: Session, reason: str) -> bool:
    """Emits `SessionRevoked`."""
    ended = Session.objects.filter(pk=session.pk, revoked_at=None)
    if not ended.update(revoked_at=timezone.now(), revoked_reason=reason):
        return False
    emit(SessionRevoked(user=session.user_id, session=session.pk))
    return True


def touch_session(*, session: Session) -> None:
    """Note that *session* was used, at most once a minute."""
    touch_sessions(sessions=[session], at=timezone.now())


def touch_sessions(*, sessions: Iterable[Session], at: datetime) -> None:
    """The same for many."""
    if long_ago := {session.pk for session in sessions if at - session.last_seen_at > SEEN_EVERY}:
        Session.objects.filter(pk__in=long_ago).update(last_seen_at=at)


def purge_sessions() -> int:
    """Forget sessions that ended a month ago.

    Returns:
        How many.
    """
    ended: SessionQuerySet = Session.objects.ended_before(timezone.now() - ENDED_KEPT)
    return ended.delete()[0]


NOTICED: Final = {"new_device": "session.on_new_device", "token_reused": "session.token_reused"}


def _tell_of(session: Session, template: str, **more: str) -> None:
    """Tell its owner of *session*: on what, from where, and when. Emits `SecurityNoticed`."""
    user = session.user
    now = timezone.localtime(timezone=ZoneInfo(user.timezone))
    queue_mail(
        to=user.email,
        template=template,
        language=user.language,
        context={
            "name": user.display_name,
            "device": session.device_name,
            "client": session.user_agent,
            "address": session.address or "",
            "place": str(session.place or ""),
            "at": f"{now:%Y-%m-%d %H:%M} ({user.timezone})",
            **more,
        },
    )
    emit(SecurityNoticed(what=NOTICED[template]), audience=[user.pk])


def make_ws_ticket(*, session: Session) -> tuple[str, int]:
    """A ticket that opens one socket of this session, for clients that can't send headers.

    Returns:
        The ticket, and the seconds it lasts.
    """
    ticket = secrets.token_urlsafe(32)
    seconds = int(settings.WS_TICKET_LIFETIME.total_seconds())
    cache.set(_slot(ticket), str(session.pk), timeout=seconds)
    return ticket, seconds


def use_ws_ticket(*, ticket: str) -> UUID | None:
    """The session of a ticket, once: of two who try at the same time, one gets it."""
    slot = _slot(ticket)
    session = cache.get(slot)
    return UUID(session) if session and cache.delete(slot) else None


def _slot(ticket: str) -> str:
    return f"ws-ticket:{fingerprint(ticket)}"


def _rehash(user: User) -> Callable[[str], None]:
    """Keeps a hash of an older kind or strength in the present one, unless it was replaced meanwhile."""

    def store(password: str) -> None:
        old, user.password = user.password, make_password(password)
        User.objects.filter(pk=user.pk, password=old).update(password=user.password)

    return store
