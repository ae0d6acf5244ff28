"""Work of one process, gathered: what comes while a batch is under way is done together in the next.

No clock: a process with nothing to do begins at once, and the busier it is the larger its batches are.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from django.db import close_old_connections

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gatherer(Generic[Item, Result]):
    """What waits to be done, and the threads that do it. For any thread.

    Args:
        work: does a batch, and says what became of each in its order. What it raises all of them hear.
        threads: batches under way at once.
        most: items in a batch: beyond it little is gained, and one that fails costs all of them more.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Sequence[Result]], *, name: str, threads: int, most: int
    ) -> None:
        self._work = work
        self._most = most
        self._waiting: deque[tuple[Item, Future[Result]]] = deque()
        self._lock = threading.Lock()
        self._running = 0
        self._most_running = threads
        self._threads = ThreadPoolExecutor(threads, name)

    def put(self, item: Item) -> Future[Result]:
        """Have *item* done with whatever else is there, also if nobody waits for it any more.

        Returns:
            What became of it, once that is settled. It can't be cancelled.
        """
        future: Future[Result] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            self._waiting.append((item, future))
            is_one_more_needed = self._running < self._most_running
            self._running += is_one_more_needed
        if is_one_more_needed:
            self._threads.submit(self._run)
        return future

    async def gather(self, item: Item) -> Result:
        """What became of *item*, which was done together with what else came at the same time."""
        return await asyncio.wrap_future(self.put(item))

    def close(self) -> None:
        """Have what is there done, and stop."""
        self._threads.shutdown()

    def _run(self) -> None:
        close_old_connections()
        try:
            while batch := self._next():
                self._do(batch)
        finally:
            close_old_connections()

    def _next(self) -> list[tuple[Item, Future[Result]]]:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            if not batch:
                self._running -= 1  # under the lock: what comes from here on starts another
            return batch

    def _do(self, batch: list[tuple[Item, Future[Result]]]) -> None:
        try:
            results = self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 (whoever waits hears of it)
            for _, future in batch:
                future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
