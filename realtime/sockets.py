"""One open socket: what it hears, and the bounded queue of what it is yet to be sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from common.ids import uuid7

from .frames import PORTION, Bundle, Close, Frame
from .metrics import frames
from .pipes import Pipe
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

    A frame goes straight into the pipe where there is one and nothing waits before it. Otherwise it is
    queued, and a task sends what is queued; a socket for which nothing waits has neither queue nor task.

    Args:
        send: sends one text frame; waits while the connection can't take more.
        close: closes the connection with a code.
        pipe: a shorter way than `send`, to be taken whenever it is open.
        only: the one topic this socket is about; everything the person may see if None.
        address: where it comes from, as far as that can be believed.
    """

    __slots__ = (
        "_characters",
        "_close",
        "_drained",
        "_end",
        "_passing",
        "_pipe",
        "_queue",
        "_send",
        "_writer",
        "address",
        "caller",
        "id",
        "is_closing",
        "is_held",
        "only",
        "parted",
        "subscriptions",
    )

    def __init__(
        self,
        *,
        caller: Caller,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
        pipe: Pipe | None = None,
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
        self._send, self._close, self._pipe = send, close, pipe
        self._queue: deque[Frame | Close] | None = None  # as long as there is a writer, which empties it
        self._characters = 0
        self._passing: deque[Frame] | None = None  # what passed by while it was held
        self._drained: asyncio.Event | None = None  # of a replay that waits
        self._writer: asyncio.Task[None] | None = None
        self._end: asyncio.Task[None] | None = None

    def push(self, text: Frame) -> None:
        """Send a frame, or queue it. A reader too slow for its queue is closed, and resumes from the log."""
        if self.is_closing:
            return
        frames.sent += 1
        if self._queue is None and self._pipe is not None and self._pipe.is_open:
            self._pipe.write(text.wire)
        elif self._queue and (len(self._queue) >= MAX_FRAMES or self._characters >= MAX_CHARACTERS):
            self.close(Close.TOO_SLOW)
        else:
            self._put(text)

    def push_all(self, bundle: Bundle) -> None:
        """Push frames that go together, in one write if they can."""
        if not self._write_at_once(bundle):
            for text in bundle.frames:
                self.push(text)

    async def push_patiently(self, bundle: Bundle) -> None:
        """The same, each frame once the queue is half empty: for replays, which are longer than any queue."""
        if self._write_at_once(bundle):
            return
        for text in bundle.frames:
            while not self.is_closing and self._is_half_full:
                self._drained = asyncio.Event()
                try:
                    await asyncio.wait_for(self._drained.wait(), STALLED)
                except TimeoutError:
                    self.close(Close.TOO_SLOW)
            self.push(text)

    def _write_at_once(self, bundle: Bundle) -> bool:
        """Whether nothing waits before it, and the pipe took it."""
        if self._queue is None and not self.is_closing and self._pipe is not None and self._pipe.is_open:
            self._pipe.write(bundle.wire)
            frames.sent += len(bundle.frames)
            return True
        return False

    @property
    def _is_half_full(self) -> bool:
        return self._queue is not None and (
            len(self._queue) > MAX_FRAMES // 2 or self._characters > MAX_CHARACTERS // 2
        )

    def push_passing(self, bundle: Bundle) -> None:
        """Push frames that stand in no log: a held socket has them when it is released."""
        if not self.is_held:
            self.push_all(bundle)
            return
        if self._passing is None:
            self._passing = deque(maxlen=MAX_FRAMES)
        self._passing.extend(bundle.frames)

    def hold(self) -> None:
        self.is_held = True

    def release(self) -> None:
        self.is_held = False
        passing, self._passing = self._passing, None
        for text in passing or ():
            self.push(text)

    def close(self, code: Close) -> None:
        """Close now, whatever is still queued."""
        if not self.is_closing:
            self.forget()
            self._end = asyncio.create_task(self._finish(code))

    def close_after_queue(self, code: Close) -> None:
        """Close behind the frames that are queued already."""
        if not self.is_closing:
            self._put(code)

    def forget(self) -> None:
        """Nothing more is sent: the connection is closed, or gone by itself."""
        self.is_closing = True
        if self._writer:
            self._writer.cancel()
        self._queue = None
        self._wake()

    @property
    def waiting(self) -> int:
        """How many frames are queued."""
        return len(self._queue or ())

    async def wait_until_closed(self) -> None:
        """Wait for what `close` and `close_after_queue` began."""
        if self._writer:
            await asyncio.wait([self._writer])
        if self._end:
            await asyncio.wait([self._end])

    def _put(self, item: Frame | Close) -> None:
        if self._queue is None:
            self._queue = deque()
            self._writer = asyncio.create_task(self._write(self._queue))
        self._queue.append(item)
        if not isinstance(item, Close):
            self._characters += len(item)

    def _wake(self) -> None:
        if self._drained:
            self._drained.set()

    async def _write(self, queue: deque[Frame | Close]) -> None:
        while queue:
            item = queue.popleft()
            if isinstance(item, Close):
                self.is_closing = True
                self._wake()
                await self._finish(item)
                return
            self._characters -= len(item)
            try:
                await self._send(item)
            except Exception:  # the connection broke under it; its consumer hears that too
                logger.debug("socket_broke", exc_info=True)
                self.forget()
                return
            self._write_what_fits(queue)
            self._wake()
        self._queue = self._writer = None

    def _write_what_fits(self, queue: deque[Frame | Close]) -> None:
        """Send what waits through the pipe while that is open, in as few writes as it may take."""
        while self._pipe is not None and self._pipe.is_open:
            portion, length = [], 0
            while queue and length < PORTION and not isinstance(item := queue[0], Close):
                portion.append(item.wire)
                length += len(item)
                queue.popleft()
            if not portion:
                return
            self._characters -= length
            self._pipe.write(b"".join(portion))

    async def _finish(self, code: Close) -> None:
        try:
            await self._close(code)
        except Exception:
            logger.debug("socket_broke", exc_info=True)
