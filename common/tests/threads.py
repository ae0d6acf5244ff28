"""Races with real threads, each on a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from celery._state import _set_task_join_will_block
from django.db import connections


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work(0)` … `work(count - 1)` give, all let go at the same moment.

    Only in a test with `transaction=True`: what a test's own transaction holds, no other connection sees.
    """
    gate = Barrier(count)

    def run(number: int) -> Any:
        try:
            gate.wait(timeout=10)
            return work(number)
        finally:
            connections.close_all()

    try:
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(run, range(count)))
    finally:
        # Tasks that are run where they are queued each note this global and put it back, in any order here.
        _set_task_join_will_block(False)
