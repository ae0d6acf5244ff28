"""Blocking work beside the loop. Each kind of it has threads of its own: none starves another.

Those who come in, or come back and resume, are the kind that comes all at once: after a deploy every socket
of the process that ended. Whoever is in goes before them. Their reads wait for each other, first come first
served, and neither the reader nor the sweep nor a command waits for theirs. Few run at once: each thread that
computes takes the interpreter from the loop, for a moment each time (`SWITCH_AFTER`), and so from everybody.
"""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")

_READERS: Final = ThreadPoolExecutor(4, "live-read")  # the log, the sessions: what everybody waits for
_ENTRANTS: Final = ThreadPoolExecutor(2, "live-enter")  # one waits for the database while the other computes
_WRITERS: Final = ThreadPoolExecutor(8, "live-command")  # commands, which may wait for a lock
_ATTENDANTS: Final = ThreadPoolExecutor(1, "live-attend")  # one by one: what is written later holds


def reading(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    return _in(_READERS, call)


def entering(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    return _in(_ENTRANTS, call)


def commanding(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    return _in(_WRITERS, call)


def attending(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    return _in(_ATTENDANTS, call)


def _in(pool: ThreadPoolExecutor, call: Callable[..., Any]) -> Any:
    return database_sync_to_async(call, thread_sensitive=False, executor=pool)
