"""Work of one process, gathered: what comes while a batch is under way is done together in the next.

A process with nothing to do begins at once, and the busier it is the larger its batches are. One batch at a
time, as long as none is stuck: what waits for longer than `PATIENCE` behind it goes on its own.

A batch has a price of its own, journeys and wakings, whatever its size. Where much comes there is a `PAUSE`
before each, for more to come: who is in a hurry would pay for that with the processor time of all others.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Final, Generic, TypeVar

from django.db import close_old_connections

from .tempo import Tempo

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE: Final = 0.05  # seconds: a batch takes a few milliseconds, and longer where it waits for a lock
PAUSE: Final = 0.003  # seconds

_here: Final = threading.local()


def waiting_loop() -> asyncio.AbstractEventLoop | None:
    """The loop in which somebody waits for what this thread does; None beside gathered work."""
    return getattr(_here, "loop", None)


class Gatherer(Generic[Item, Result]):
    """What waits to be done, and the threads that do it. For any loop.

    Args:
        work: does a batch, and says what became of each in its order. What it raises all of them hear.
        threads: batches under way at once, at most.
        most: items in a batch: beyond it little is gained, and one that fails costs all of them more.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Sequence[Result]], *, name: str, threads: int, most: int
    ) -> None:
        self._work = work
        self._most = most
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._lock = threading.Lock()
        self._running = 0
        self._most_running = threads
        self._is_watched = False
        self._tempo = Tempo()
        self._threads = ThreadPoolExecutor(threads, name)

    def put(self, item: Item) -> "asyncio.Future[Result]":
        """Have *item* done with whatever else is there, also if nobody waits for it any more.

        Returns:
            What became of it, in the running loop.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        with self._lock:
            self._waiting.append((item, future))
            self._tempo.came(1, monotonic())
            is_idle = self._running == 0
            self._running += is_idle
            is_to_be_watched = not is_idle and not self._is_watched and self._running < self._most_running
            self._is_watched |= is_to_be_watched
        if is_idle:
            self._threads.submit(self._run)
        elif is_to_be_watched:
            loop.call_later(PATIENCE, self._look, loop, future)
        return future

    def _look(self, loop: asyncio.AbstractEventLoop, first: "asyncio.Future[Result]") -> None:
        """Whether *first*, which waited when this was to be looked at, does so still: then there is one more
        thread. And what waits now is looked at next.
        """
        with self._lock:
            next_ = self._waiting[0][1] if self._waiting else None
            is_one_more_needed = next_ is first and self._running < self._most_running
            self._running += is_one_more_needed
            self._is_watched = next_ is not None
        if is_one_more_needed:
            self._threads.submit(self._run)
        if next_ is not None:
            loop.call_later(PATIENCE, self._look, loop, next_)

    def close(self) -> None:
        """Have what is there done, and stop."""
        self._threads.shutdown()

    def _run(self) -> None:
        close_old_connections()
        try:
            while batch := self._next():
                self._do(batch)
                self._wait_for_more()
        finally:
            _here.loop = None
            close_old_connections()

    def _wait_for_more(self) -> None:
        """Before the next batch, if that would be a small one now and soon a larger one."""
        if self._tempo.is_busy(monotonic()) and len(self._waiting) < self._most:
            sleep(PAUSE)

    def _next(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            if not batch:
                self._running -= 1  # under the lock: what comes from here on starts another
            return batch

    def _do(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        _here.loop = batch[0][1].get_loop()
        results: Sequence[Result | Exception]
        try:
            results = self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 (whoever waits hears of it)
            results = [error] * len(batch)
        settled = [(future, result) for (_, future), result in zip(batch, results, strict=True)]
        for loop in {future.get_loop() for future, _ in settled}:  # one, but for tests
            mine = [(future, result) for future, result in settled if future.get_loop() is loop]
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, mine)  # once: each call wakes the loop


def _settle(settled: Iterable[tuple["asyncio.Future[Result]", Result | Exception]]) -> None:
    for future, result in settled:
        if future.done():  # whoever waited has left
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
