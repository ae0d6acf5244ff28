"""Blocking work beside the loop. Commands, reads, attendants have their own threads: none starves another."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")

_READERS: Final = ThreadPoolExecutor(4, "live-read")  # the log, the sessions: what everybody waits for
_WRITERS: Final = ThreadPoolExecutor(8, "live-command")  # commands, which may wait for a lock
_ATTENDANTS: Final = ThreadPoolExecutor(1, "live-attend")  # one by one: what is written later holds


def reading(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    return _in(_READERS, call)


def commanding(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    return _in(_WRITERS, call)


def attending(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    return _in(_ATTENDANTS, call)


def _in(pool: ThreadPoolExecutor, call: Callable[..., Any]) -> Any:
    return database_sync_to_async(call, thread_sensitive=False, executor=pool)
