"""Who is here at this moment: one entry for each connection, which is over by itself. In no table.

The memory of this process where it is the only one, Redis where there are several.
"""

from functools import cache

from django.conf import settings

from .base import Claim, Entry, Here, Store, StoreAway
from .memory import MemoryStore
from .shared import RedisStore

__all__ = ["Claim", "Entry", "Here", "MemoryStore", "RedisStore", "Store", "StoreAway", "store"]


@cache
def store() -> Store:
    """The one of this process."""
    if settings.REDIS_URL:
        return RedisStore(settings.REDIS_URL, prefix=settings.REDIS_PREFIX)
    return MemoryStore()
