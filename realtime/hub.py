"""The hub of a process: which of its sockets hears which topic, and what each is given next.

The bell only says that a topic moved. What moved is read from the log, once for all sockets of the process, and given
to each from its own position on. So order, gaps, late joiners and lost bells are one case, not four.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings
from django.utils import timezone

from common.events import topic_of_user
from common.models import LogEntry

from . import log, registry
from .bell import Listener
from .frames import Close, frame
from .sockets import Socket, Subscription
from .threads import reading

logger = structlog.get_logger(__name__)

LOOK_BACK = timedelta(
    seconds=30
)  # a transaction that commits later than this after its entry is not expected


class Topic:
    """A topic that somebody in this process hears.

    Attributes:
        newest: the highest position heard of.
        strokes: how often the bell said so: a stroke during a read means that there may be more than was read.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.newest = 0
        self.strokes = 0
        self.subscriptions: set[Subscription] = set()
        self.pump: asyncio.Task[None] | None = None


class Hub:
    """One for each event loop, from the first socket to the last."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self._sockets: dict[str, set[Socket]] = defaultdict(set)  # by user
        self._listener = Listener()
        self._tasks: list[asyncio.Task[None]] = []
        self._errands: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        await self._listener.open()
        self._tasks = [asyncio.create_task(each()) for each in (self._listen, self._sweep, self._beat)]

    async def close(self) -> None:
        for task in [*self._tasks, *self._errands]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._errands, return_exceptions=True)
        await self._listener.close()

    @property
    def is_idle(self) -> bool:
        return not self._sockets

    # --- Sockets come and go ------------------------------------------------------------------------------

    async def add(self, socket: Socket, positions: Mapping[str, int], *, silent: Iterable[str] = ()) -> None:
        """Have *socket* hear these topics from these positions on."""
        self._sockets[str(socket.caller.user.pk)].add(socket)
        for topic, position in positions.items():
            await self.subscribe(socket, topic, position, is_silent=topic in silent)

    async def remove(self, socket: Socket) -> None:
        user = str(socket.caller.user.pk)
        self._sockets[user].discard(socket)
        if not self._sockets[user]:
            del self._sockets[user]
        for name in list(socket.subscriptions):
            await self._unsubscribe(socket, name)

    async def subscribe(self, socket: Socket, name: str, position: int, *, is_silent: bool = False) -> None:
        if name in socket.subscriptions:
            return
        subscription = Subscription(socket, position, is_silent=is_silent)
        socket.subscriptions[name] = subscription
        is_new = name not in self._topics
        topic = self._topics.setdefault(name, Topic(name))
        topic.subscriptions.add(subscription)
        topic.newest = max(topic.newest, position)
        if is_new:
            await self._listener.hear(name)
        self._start_pump(topic)

    async def _unsubscribe(self, socket: Socket, name: str) -> None:
        subscription = socket.subscriptions.pop(name, None)
        topic = self._topics.get(name)
        if not subscription or not topic:
            return
        topic.subscriptions.discard(subscription)
        if not topic.subscriptions:
            del self._topics[name]
            await self._listener.forget(name)

    def release(self, socket: Socket) -> None:
        """Let a held socket have what came meanwhile, and from now on."""
        socket.is_held = False
        for name in socket.subscriptions:
            self._start_pump(self._topics[name])

    def moved(self, name: str, newest: int) -> None:
        """*name* has come to position *newest*."""
        if topic := self._topics.get(name):
            topic.newest = max(topic.newest, newest)
            topic.strokes += 1
            self._start_pump(topic)

    # --- The pump: from the log to the sockets, in order ------------------------------------------------------

    def _start_pump(self, topic: Topic) -> None:
        if topic.pump is None or topic.pump.done():
            topic.pump = self._errand(self._pump(topic))

    async def _pump(self, topic: Topic) -> None:
        while behind := [s for s in topic.subscriptions if s.lacks(topic.newest) and not s.socket.is_held]:
            after = min(subscription.position for subscription in behind)
            strokes = topic.strokes
            lines = await reading(log.read)(topic.name, after=after)
            if lines:
                topic.newest = max(topic.newest, lines[-1].seq)
            elif topic.strokes == strokes:  # nothing there: somebody only guessed, or the log was cut
                topic.newest = after
            # Whoever came in while we read, from further back, has the next round.
            listeners = [s for s in topic.subscriptions if s.position >= after and not s.socket.is_held]
            for line in lines:
                self._give(line, listeners)
                if line.move:
                    await self._move(line.move)
            await asyncio.sleep(0)  # let the writers send before the next portion

    @staticmethod
    def _give(line: log.Line, listeners: list[Subscription]) -> None:
        for subscription in listeners:
            if subscription.may_have(line.seq):
                subscription.position = line.seq
                if not subscription.is_silent:
                    subscription.socket.push(line.text)

    async def _move(self, move: registry.Joins | registry.Leaves) -> None:
        """Bring people into a topic or take them out, as the line just given says."""
        for user in move.users:
            for socket in list(self._sockets.get(user, ())):
                if isinstance(move, registry.Joins):
                    if socket.only is None:
                        await self.subscribe(socket, move.topic, move.after)
                        self.moved(move.topic, move.after + 1)
                elif subscription := socket.subscriptions.get(move.topic):
                    subscription.upto = move.upto
                    self._errand(self._take_out(socket, subscription, move))

    async def _take_out(self, socket: Socket, subscription: Subscription, move: registry.Leaves) -> None:
        """Out of the topic once the last line that is still theirs was given, unless they are back in it by then."""
        self.moved(move.topic, move.upto)
        while subscription.lacks(move.upto) and not socket.is_closing:
            await asyncio.sleep(0.02)
        kind, _, id_ = move.topic.partition(":")
        place = (await reading(registry.feeds[kind].stand)(socket.caller.user.pk, [id_])).get(id_)
        if place and place.is_in:
            subscription.upto = None
            self.moved(move.topic, place.seq)
            return
        await self._unsubscribe(socket, move.topic)
        if socket.only == move.topic:
            socket.close_after_queue(Close.NOT_ALLOWED)

    # --- What the process hears and looks after -----------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            try:
                stroke = await self._listener.next()
                match stroke["type"]:
                    case "moved":
                        self.moved(stroke["topic"], stroke["seq"])
                    case "passing":
                        self._pass(stroke["topic"], stroke["text"])
                    case "close":
                        self._end({UUID(stroke["session"])})
            except Exception:  # the bell may fail; the sweep does not depend on it
                logger.warning("hub_deaf", exc_info=True)
                await asyncio.sleep(1)

    def _pass(self, name: str, text: str) -> None:
        """Something told now and kept nowhere: a mark moved, somebody types."""
        if topic := self._topics.get(name):
            for subscription in topic.subscriptions:
                if not subscription.is_silent and not subscription.socket.is_held:
                    subscription.socket.push(text)

    async def _sweep(self) -> None:
        """What the bell may have missed: topics that moved, sessions that ended."""
        while True:
            await asyncio.sleep(settings.SOCKET_SWEEP)
            try:
                moved = await reading(LogEntry.objects.moved_since)(timezone.now() - LOOK_BACK)
                for name, newest in moved.items():
                    self.moved(name, newest)
                sessions = {socket.caller.session for socket in self._every_socket()}
                if sessions:
                    self._end(sessions - await reading(registry.authenticator().alive)(sessions))
            except Exception:  # the database is away: look again in a moment
                logger.warning("sweep_failed", exc_info=True)

    def _end(self, sessions: set[UUID]) -> None:
        for socket in self._every_socket():
            if socket.caller.session in sessions:
                socket.close(Close.NOT_AUTHENTICATED)

    async def _beat(self) -> None:
        """Tell every socket the newest position of whatever moved since its last heartbeat."""
        while True:
            due = time.monotonic() + settings.SOCKET_HEARTBEAT
            for socket in self._every_socket():
                if not socket.is_held:  # `hello` comes first, and a replay is a sign of life itself
                    socket.push(self._heartbeat(socket))
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _heartbeat(self, socket: Socket) -> str:
        own = topic_of_user(socket.caller.user.pk)
        user = None
        moved: dict[str, dict[str, int]] = {f"{kind}s": {} for kind in registry.feeds}
        for name, subscription in socket.subscriptions.items():
            newest = self._topics[name].newest
            if name == own:
                user = newest
            elif newest > subscription.beat:
                subscription.beat = newest
                kind, _, id_ = name.partition(":")
                moved[f"{kind}s"][id_] = newest
        return frame("heartbeat", **moved, user=user)

    def _every_socket(self) -> list[Socket]:
        return [socket for sockets in self._sockets.values() for socket in sockets]

    def _errand(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """A task that is held until it is done, and whose failure is told."""
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._errands.add(task)
        task.add_done_callback(self._errand_done)
        return task

    def _errand_done(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("hub_errand_failed", exc_info=error)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[Hub]] = WeakKeyDictionary()


async def hub() -> Hub:
    """The hub of this process (of this event loop), opened by whoever asks first."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = asyncio.create_task(_open())
    return await asyncio.shield(_hubs[loop])


async def close_hub() -> None:
    """Close this loop's hub, for tests and for the end of the process."""
    if task := _hubs.pop(asyncio.get_running_loop(), None):
        await (await task).close()


async def _open() -> Hub:
    opened = Hub()
    await opened.open()
    return opened
