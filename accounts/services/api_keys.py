"""Keys of services that act for a person."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from accounts.problems import ApiKeyInvalid, TooManyApiKeys
from accounts.scopes import all_scopes
from accounts.tokens import fingerprint
from common.actors import System
from common.problems import Invalid

from . import audit

LIFETIME: Final = timedelta(days=365)  # unless another end is asked for
LONGEST: Final = timedelta(days=730)
OVERLAP: Final = timedelta(days=1)  # both secrets work for so long: time to bring out the new one
LONGEST_OVERLAP: Final = timedelta(days=7)
USED_EVERY: Final = timedelta(minutes=1)  # how exact "last used" is

_MARK: Final = "serai"  # by which scanners of public repositories know a leaked key
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # no letters that are taken for others


@dataclass(frozen=True)
class Shown:
    """A key and its secret, which nobody sees a second time."""

    key: ApiKey
    text: str


@transaction.atomic
def create_api_key(
    *, user: User, name: str, scopes: Iterable[str], expires_at: datetime | None = None
) -> Shown:
    """Make a key that lets a service act for *user* within *scopes*.

    Args:
        expires_at: aware; a year from now if None.

    Raises:
        Invalid: a scope that there is not, or an end that is past or more than two years away.
        TooManyApiKeys: they have `ApiKey.LIMIT` that work.
    """
    now = timezone.now()
    wanted = sorted(set(scopes))
    if unknown := set(wanted) - set(all_scopes()):
        raise Invalid.field(
            "scopes", "unknown_scope", _("There is no scope %s.") % ", ".join(sorted(unknown))
        )
    expires_at = expires_at or now + LIFETIME
    if not now < expires_at <= now + LONGEST:
        raise Invalid.field("expires_at", "out_of_range", _("Within two years from now."))
    User.objects.select_for_update().get(pk=user.pk)  # one maker at a time: the limit is counted
    if ApiKey.objects.alive(at=now).filter(user=user).count() >= ApiKey.LIMIT:
        raise TooManyApiKeys(limit=ApiKey.LIMIT)
    key = ApiKey(user=user, name=name, scopes=wanted, expires_at=expires_at)
    key.prefix = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    secret = _new_secret(key)
    key.save(force_insert=True)
    _record("api_key.created", actor=user, key=key, scopes=wanted)
    return Shown(key=key, text=_text(key, secret))


@transaction.atomic
def rotate_api_key(*, key: ApiKey, overlap: timedelta = OVERLAP) -> Shown:
    """Give *key* another secret. The one it had works on for *overlap*, the one before that no more.

    Args:
        overlap: none to a week.

    Raises:
        ApiKeyInvalid: it was revoked or is over.
    """
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("user").get(pk=key.pk)
    if not key.is_alive:
        raise ApiKeyInvalid
    now = timezone.now()
    key.previous_hash, key.previous_until = key.secret_hash, now + min(overlap, LONGEST_OVERLAP)
    key.rotated_at = now
    secret = _new_secret(key)
    key.save()
    _record("api_key.rotated", actor=key.user, key=key)
    return Shown(key=key, text=_text(key, secret))


@transaction.atomic
def revoke_api_key(*, actor: User | System, key: ApiKey) -> bool:
    """End *key* at once. Twice is once: False."""
    if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        return False
    _record("api_key.revoked", actor=actor, key=key)
    return True


def key_of_text(text: str) -> ApiKey:
    """The working key whose text this is.

    Raises:
        ApiKeyInvalid: there is none: unknown, revoked, over, replaced, or its owner deactivated.
    """
    mark, _sep, rest = text.partition("_")
    prefix, _sep, secret = rest.partition("_")
    now = timezone.now()
    # A prefix has twelve letters and digits: anything else is not asked for, PostgreSQL takes no NUL.
    key = (
        ApiKey.objects.alive(at=now).select_related("user").filter(prefix=prefix).first()
        if mark == _MARK and prefix.isascii() and prefix.isalnum()
        else None
    )
    if key is None:
        raise ApiKeyInvalid
    given = fingerprint(secret)
    is_present = constant_time_compare(given, key.secret_hash)
    is_previous = constant_time_compare(given, key.previous_hash)
    if is_present or (is_previous and key.previous_until is not None and key.previous_until > now):
        return key
    raise ApiKeyInvalid


def touch_api_key(*, key: ApiKey, address: str | None) -> None:
    """Note that *key* was used, at most once a minute."""
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now, last_used_address=address)


def _new_secret(key: ApiKey) -> str:
    secret = secrets.token_urlsafe(32)
    key.secret_hash = fingerprint(secret)
    return secret


def _text(key: ApiKey, secret: str) -> str:
    return f"{_MARK}_{key.prefix}_{secret}"


def _record(verb: str, *, actor: User | System, key: ApiKey, **details: object) -> None:
    audit.record(
        category=audit.Category.SECURITY,
        verb=verb,
        actor=actor,
        subject=key.user,
        target=key,
        details={"prefix": key.prefix, **details},
    )
