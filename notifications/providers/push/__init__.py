"""Who brings pushes to apps and browsers: one module a provider behind `PushProvider`."""

from functools import lru_cache

from django.conf import settings

from accounts.problems import ProviderNotConfigured
from notifications.models import PushDevice

from .apns import ApnsProvider
from .base import PushMessage, PushProvider
from .fcm import FcmProvider
from .local import LocalPush
from .webpush import WebPushProvider, public_key_of

__all__ = ["PushMessage", "PushProvider", "browser_key", "has_account", "provider_for", "takes_devices"]

Name = PushDevice.Provider


def has_account(name: str) -> bool:
    """Whether we have an account with this provider."""
    given = settings.PUSH[name]
    match name:
        case Name.FCM:
            return bool(given["account"])
        case Name.APNS:
            return all(given[part] for part in ("key", "key_id", "team_id", "topics"))
        case _:
            return bool(given["key"])


def provider_for(name: str) -> PushProvider:
    """The provider of that name; in development the local one, where we have no account.

    Raises:
        ProviderNotConfigured
    """
    if has_account(name):
        return _made(name, repr(settings.PUSH[name]))
    if settings.LOCAL_PUSH:
        return LocalPush()
    raise ProviderNotConfigured(provider=name)


def takes_devices(name: str) -> bool:
    """Whether devices of this provider can be registered here."""
    return settings.LOCAL_PUSH or has_account(name)


def browser_key() -> str | None:
    """What browsers subscribe under; None where they can't."""
    key = settings.PUSH["webpush"]["key"] or (settings.LOCAL_PUSH and settings.LOCAL_VAPID_KEY)
    return public_key_of(key) if key else None


@lru_cache(maxsize=8)
def _made(name: str, _given: str) -> PushProvider:
    """One for this process, which keeps its connections and its token; another one for other settings."""
    given = settings.PUSH[name]
    match name:
        case Name.FCM:
            return FcmProvider(account=given["account"], url=given["url"])
        case Name.APNS:
            parts = ("url", "sandbox_url", "key", "key_id", "team_id")
            return ApnsProvider(**{part: given[part] for part in parts})
        case _:
            return WebPushProvider(key=given["key"], subject=given["subject"])
