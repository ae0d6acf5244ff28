"""What the service stands on, each looked at for real."""

import resource
import sys
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import get_connection
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from common import geo
from common.ids import uuid7

STARTED: Final = time.time()
NOT_CONFIGURED: Final = {"status": "not_configured"}

Check = Callable[[], dict[str, Any]]


def database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"engine": connection.vendor}


def cache_works() -> dict[str, Any]:
    key, value = f"health:{uuid7()}", "ok"
    cache.set(key, value, timeout=5)
    if cache.get(key) != value:
        raise RuntimeError("the cache does not give back what was put in")
    cache.delete(key)
    return {"engine": "redis" if settings.REDIS_URL else "in_process"}


def broker() -> dict[str, Any]:
    if not settings.REDIS_URL:
        return NOT_CONFIGURED
    import redis

    redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2).ping()
    return {"engine": urlsplit(settings.CELERY_BROKER_URL).scheme}


def storage() -> dict[str, Any]:
    name = default_storage.save(f"health/{uuid7()}", ContentFile(b"ok"))
    default_storage.delete(name)
    return {"engine": "local"}


def mail() -> dict[str, Any]:
    if not settings.EMAIL_URL:
        return {"engine": "outbox"}
    server = get_connection(timeout=3)
    server.open()
    server.close()
    return {"engine": "smtp"}


def geoip() -> dict[str, Any]:
    return geo.about() if geo.is_configured() else NOT_CONFIGURED


def memory() -> dict[str, Any]:
    """The most this process has held, in MiB (`ru_maxrss` is KiB on Linux, bytes on macOS)."""
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return {"peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)}


def migrations() -> dict[str, Any]:
    executor = MigrationExecutor(connection)
    if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError(f"{len(missing)} migrations are not applied: run manage.py migrate")
    return {}


CHECKS: Final[dict[str, Check]] = {
    "database": database,
    "cache": cache_works,
    "broker": broker,
    "storage": storage,
    "mail": mail,
    "geoip": geoip,
    "memory": memory,
}
NEEDED: Final = ("database", "cache", "broker")  # without one of these nothing can be served


def look(check: Check) -> dict[str, Any]:
    """Run *check*: `status` ok, not_configured or failed, the milliseconds it took, and what it says."""
    start = time.perf_counter()
    try:
        found = check()
    except Exception as error:  # whatever it is, that is the finding
        found = {"status": "failed", "error": type(error).__name__}
    took = round((time.perf_counter() - start) * 1000, 1)
    return {"status": "ok", "took_ms": took} | found


def uptime() -> float:
    """Seconds since this process started."""
    return round(time.time() - STARTED, 1)
