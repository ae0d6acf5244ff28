"""Blocking work beside the loop. Commands and reads have threads of their own: neither starves the other."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")

_READERS: Final = ThreadPoolExecutor(4, "live-read")  # the log, the sessions: what everybody waits for
_WRITERS: Final = ThreadPoolExecutor(8, "live-command")  # commands, which may wait for a lock


def reading(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    return _in(_READERS, call)


def commanding(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    return _in(_WRITERS, call)


def _in(pool: ThreadPoolExecutor, call: Callable[..., Any]) -> Any:
    return database_sync_to_async(call, thread_sensitive=False, executor=pool)
