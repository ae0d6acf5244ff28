"""One open socket: what it hears, and the bounded queue of what it is yet to be sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from common.ids import uuid7

from .frames import Close
from .registry import Caller

logger = structlog.get_logger(__name__)

MAX_FRAMES: Final = 1024  # waiting in one socket's queue
MAX_CHARACTERS: Final = 4 * 1024 * 1024  # the same, by size
STALLED: Final = 30.0  # seconds in which a replay finds no room at all


class Subscription:
    """A socket in a topic.

    Attributes:
        start: the topic's position when the socket came in. What is later comes by itself.
        position: the last one given to it.
        since: the latest position at which the person is known to have been in.
        upto: none beyond this one is for it any more.
        beat: the position that its last heartbeat named.
        is_silent: followed for its moves only, its frames are not for this socket.
    """

    __slots__ = ("beat", "is_silent", "position", "since", "socket", "start", "upto")

    def __init__(self, socket: Socket, position: int, *, is_silent: bool = False) -> None:
        self.socket = socket
        self.start = self.position = self.since = self.beat = position
        self.upto: int | None = None
        self.is_silent = is_silent

    def end_at(self, upto: int) -> None:
        """The person left, or the topic ended, at *upto*; an old word if they were in at a later position."""
        if upto >= self.since:
            self.upto = max(upto, self.upto or 0)

    def go_on_after(self, after: int) -> None:
        """The person came in by position *after* + 1, or with the topic itself: what ended before goes on."""
        self.since = max(self.since, after + 1 if after else 0)
        if self.upto is not None and self.upto < self.since:
            self.upto = None

    def end_of(self, newest: int) -> int:
        """The last position that is for it while the topic stands at *newest*."""
        return newest if self.upto is None else min(newest, self.upto)

    @property
    def is_over(self) -> bool:
        return self.upto is not None and self.position >= self.upto


class Socket:
    """What the hub knows of a connection. All of it runs in the loop of its process.

    Args:
        send: sends one text frame; waits while the connection can't take more.
        close: closes the connection with a code.
        only: the one topic this socket is about; everything the person may see if None.
        address: where it comes from, as far as that can be believed.
    """

    def __init__(
        self,
        *,
        caller: Caller,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
        only: str | None = None,
        address: str | None = None,
    ) -> None:
        self.id = uuid7().hex
        self.caller = caller
        self.only = only
        self.address = address
        self.subscriptions: dict[str, Subscription] = {}
        self.parted: dict[str, int] = {}  # topics it was in, and the last position that was for it
        self.is_held = True  # until it has had time to ask for what it missed: order before speed
        self.is_closing = False
        self._send, self._close = send, close
        self._queue: deque[str | Close] = deque()
        self._characters = 0
        self._passing: deque[str] = deque(maxlen=MAX_FRAMES)  # what passed by while it was held
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._writer = asyncio.create_task(self._write())
        self._end: asyncio.Task[None] | None = None

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
        while not self.is_closing and self._is_half_full:
            self._drained.clear()
            try:
                await asyncio.wait_for(self._drained.wait(), STALLED)
            except TimeoutError:
                self.close(Close.TOO_SLOW)
        self.push(text)

    @property
    def _is_half_full(self) -> bool:
        return len(self._queue) > MAX_FRAMES // 2 or self._characters > MAX_CHARACTERS // 2

    def push_passing(self, text: str) -> None:
        """Queue a frame that stands in no log: a held socket has it when it is released."""
        if self.is_held:
            self._passing.append(text)
        else:
            self.push(text)

    def hold(self) -> None:
        self.is_held = True

    def release(self) -> None:
        self.is_held = False
        while self._passing:
            self.push(self._passing.popleft())

    def close(self, code: Close) -> None:
        """Close now, whatever is still queued."""
        if not self.is_closing:
            self.forget()
            self._end = asyncio.create_task(self._finish(code))

    def close_after_queue(self, code: Close) -> None:
        """Close behind the frames that are queued already."""
        self._queue.append(code)
        self._filled.set()

    def forget(self) -> None:
        """Nothing more is sent: the connection is closed, or gone by itself."""
        self.is_closing = True
        self._writer.cancel()
        self._queue.clear()
        self._drained.set()

    async def wait_until_closed(self) -> None:
        """Wait for what `close` and `close_after_queue` began."""
        await asyncio.wait([self._writer])
        if self._end:
            await asyncio.wait([self._end])

    async def _write(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queue:
                item = self._queue.popleft()
                if isinstance(item, Close):
                    self.is_closing = True
                    self._drained.set()
                    await self._finish(item)
                    return
                self._characters -= len(item)
                try:
                    await self._send(item)
                except Exception:  # the connection broke under it; its consumer hears that too
                    logger.debug("socket_broke", exc_info=True)
                    self.forget()
                    return
                self._drained.set()

    async def _finish(self, code: Close) -> None:
        try:
            await self._close(code)
        except Exception:
            logger.debug("socket_broke", exc_info=True)
