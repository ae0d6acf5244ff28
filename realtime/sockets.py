"""One open socket: what it hears, and the bounded queue of what it is yet to be sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from .frames import Close
from .registry import Caller

MAX_FRAMES: Final = 1024  # waiting in one socket's queue
MAX_CHARACTERS: Final = 4 * 1024 * 1024  # the same, by size
STALLED: Final = 30.0  # seconds in which a replay finds no room at all


class Subscription:
    """A socket in a topic.

    Attributes:
        start: the topic's position when the socket came in. What is later comes by itself, what is earlier by resume.
        position: the last one given to it.
        upto: none beyond this one is for it any more.
        beat: the position that its last heartbeat named.
        is_silent: followed for its moves only, its frames are not for this socket.
    """

    __slots__ = ("beat", "is_silent", "position", "socket", "start", "upto")

    def __init__(self, socket: Socket, position: int, *, is_silent: bool = False) -> None:
        self.socket = socket
        self.start = self.position = self.beat = position
        self.upto: int | None = None
        self.is_silent = is_silent

    def may_have(self, seq: int) -> bool:
        return seq > self.position and (self.upto is None or seq <= self.upto)

    def lacks(self, newest: int) -> bool:
        """Whether there is more for it while the topic stands at *newest*."""
        return self.position < (newest if self.upto is None else min(newest, self.upto))


class Socket:
    """What the hub knows of a connection. All of it runs in the loop of its process.

    Args:
        send: sends one text frame; waits while the connection can't take more.
        close: closes the connection with a code.
        only: the one topic this socket is about; everything the person may see if None.
    """

    def __init__(
        self,
        *,
        caller: Caller,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
        only: str | None = None,
    ) -> None:
        self.caller = caller
        self.only = only
        self.subscriptions: dict[str, Subscription] = {}
        self.is_held = True  # until it has had time to ask for what it missed: order before speed
        self._send, self._close = send, close
        self._queue: deque[str | Close] = deque()
        self._characters = 0
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._writer = asyncio.create_task(self._write())
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_closing(self) -> bool:
        return self._closing is not None

    def push(self, text: str) -> None:
        """Queue a frame. A reader too slow for its queue is closed; it resumes from the log later."""
        if self.is_closing:
            return
        if len(self._queue) >= MAX_FRAMES or self._characters >= MAX_CHARACTERS:
            self.close(Close.TOO_SLOW)
            return
        self._queue.append(text)
        self._characters += len(text)
        self._filled.set()

    async def push_patiently(self, text: str) -> None:
        """Queue a frame once the queue is half empty: for replays, which are longer than any queue."""
        while not self.is_closing and len(self._queue) > MAX_FRAMES // 2:
            self._drained.clear()
            try:
                await asyncio.wait_for(self._drained.wait(), STALLED)
            except TimeoutError:
                self.close(Close.TOO_SLOW)
        self.push(text)

    def close(self, code: Close) -> None:
        """Close now, whatever is still queued."""
        if not self.is_closing:
            self._writer.cancel()
            self._closing = asyncio.create_task(self._close(code))

    def close_after_queue(self, code: Close) -> None:
        """Close behind the frames that are queued already."""
        self._queue.append(code)
        self._filled.set()

    def forget(self) -> None:
        """The connection is gone."""
        self._writer.cancel()
        if not self.is_closing:
            self._closing = asyncio.create_task(asyncio.sleep(0))
        self._drained.set()

    async def _write(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queue:
                item = self._queue.popleft()
                if isinstance(item, Close):
                    self._closing = asyncio.create_task(self._close(item))
                    return
                self._characters -= len(item)
                await self._send(item)
                self._drained.set()
