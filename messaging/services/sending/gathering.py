"""The sends of one process, gathered: what comes while a batch is under way leaves together in the next.

No clock: a process with nothing to do sends at once, and the busier it is the larger its batches are.
"""

import asyncio
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Final

from django.db import close_old_connections, connection

from .ground import Send
from .send import Sent, send_messages

MOST: Final = 64  # sends in a batch: beyond it little is gained, and one that fails costs all of them more
WRITERS: Final = {"sqlite": 1, "postgresql": 3}  # where several may write, a lock in one chat stalls no other


class Gatherer:
    """What waits to be sent, and the threads that send it. For any thread."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Send, Future[Sent]]] = deque()
        self._lock = threading.Lock()
        self._writing = 0
        self._most_writing = WRITERS[connection.vendor]
        self._threads = ThreadPoolExecutor(self._most_writing, "send")

    def put(self, send: Send) -> Future[Sent]:
        """Have *send* sent with whatever else is there, also if nobody waits for it any more.

        Returns:
            What became of it, once that is settled. It can't be cancelled.
        """
        future: Future[Sent] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            self._waiting.append((send, future))
            is_one_more_needed = self._writing < self._most_writing
            self._writing += is_one_more_needed
        if is_one_more_needed:
            self._threads.submit(self._write)
        return future

    def close(self) -> None:
        """Have what is there sent, and stop."""
        self._threads.shutdown()

    def _write(self) -> None:
        close_old_connections()
        try:
            while batch := self._next():
                self._send(batch)
        finally:
            close_old_connections()

    def _next(self) -> list[tuple[Send, Future[Sent]]]:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            if not batch:
                self._writing -= 1  # under the lock: what comes from here on starts another
            return batch

    @staticmethod
    def _send(batch: list[tuple[Send, Future[Sent]]]) -> None:
        try:
            results = send_messages([send for send, _ in batch])
        except Exception as error:  # noqa: BLE001 (the database is away: who waits must hear of it)
            results = [Sent(error=error)] * len(batch)
        for (_, future), sent in zip(batch, results, strict=True):
            future.set_result(sent)


@cache
def _gatherer() -> Gatherer:
    """The one of this process."""
    return Gatherer()


async def gather(send: Send) -> Sent:
    """What became of *send*, which left together with what else this process sends at the same time."""
    return await asyncio.wrap_future(_gatherer().put(send))
