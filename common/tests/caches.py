"""The cache of a test."""

from django.conf import settings
from django.core.cache import cache
from redis import Redis


def clear_cache() -> None:
    """Empty the cache of this process: that of Redis would take along what everybody else has there."""
    if not settings.REDIS_URL:
        cache.clear()
        return
    with Redis.from_url(settings.REDIS_URL) as redis:
        if keys := list(redis.scan_iter(f"{settings.REDIS_PREFIX}:*")):
            redis.delete(*keys)
