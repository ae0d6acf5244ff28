import secrets
from collections.abc import Callable
from typing import Any

import pytest

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def own_cache(settings: Any) -> None:
    """A cache that nobody else counts in and whose clock is the test's."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": secrets.token_hex(8)}}


@pytest.fixture
def address() -> str:
    """An address that no limit has counted yet, also not in a Redis that outlives this run."""
    return f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
