"""Who else can say who somebody is: one module a provider behind `Provider`."""

from functools import lru_cache

from django.conf import settings

from accounts.problems import ProviderNotConfigured, ProviderUnknown

from .base import Identity, Provider
from .github import GitHub
from .local import LocalProvider
from .openid import Apple, Google

__all__ = ["Identity", "Provider", "every_provider", "provider_named"]

NAMES = ("google", "apple", "github")


def every_provider() -> list[str]:
    """The names that a path may have; not all need be configured."""
    return [*NAMES, "local"] if settings.LOCAL_SIGN_IN else [*NAMES]


def provider_named(name: str) -> Provider:
    """The provider of that name.

    Raises:
        ProviderUnknown: there is none.
        ProviderNotConfigured: it has no client id.
    """
    if name not in every_provider():
        raise ProviderUnknown(provider=name, providers=every_provider())
    if name == "local":
        return LocalProvider()
    given = settings.SOCIAL[name]
    if not given["client_id"]:
        raise ProviderNotConfigured(provider=name)
    return _made(name, tuple(sorted((key, _frozen(value)) for key, value in given.items())))


@lru_cache(maxsize=16)
def _made(name: str, given: tuple[tuple[str, object], ...]) -> Provider:
    kinds = {"google": Google, "apple": Apple, "github": GitHub}
    return kinds[name](**dict(given))


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
