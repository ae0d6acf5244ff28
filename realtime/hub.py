"""The hub of a process: which of its sockets hears which topic, and what each is given next.

The bell only says that a topic moved. What moved is read from the log, once for all sockets of the process,
and given to each from its own position on. So order, gaps, late joiners, lost bells are one case, not four.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings
from django.utils import timezone

from common.events import Told, topic_of_user
from common.gate import gate
from common.models import LogEntry

from . import log, registry
from .bell import EVERY_HUB, Listener, Round
from .frames import Close, Frame, frame
from .reader import Reader
from .sockets import Socket, Subscription
from .threads import reading

logger = structlog.get_logger(__name__)

LOOK_BACK: Final = timedelta(seconds=30)  # no transaction commits later than this after its entry
HEARD_WITHIN: Final = 2.0  # seconds that a socket waits for the bell; without it the sweep must do
MAX_AT_HAND: Final = 128  # lines of a topic
GONE_WITHIN: Final = 1.0  # seconds for the last frames when the process ends


class Topic:
    """A topic that somebody in this process hears.

    Attributes:
        heard: done once the bell rings here for it.
        newest: the highest position heard of.
        passing: frames that stand in no log, to be given behind the lines that are known already, and who
            does not hear them.
        strokes: how often the bell said so: a stroke during a read means that there may be more than that.
        at_hand: lines by position that this process made itself, so that they need not be read; those that
            somebody is yet to be given.
    """

    def __init__(self, name: str, heard: asyncio.Task[None]) -> None:
        self.name = name
        self.heard = heard
        self.newest = 0
        self.strokes = 0
        self.subscriptions: set[Subscription] = set()
        self.passing: list[tuple[Frame, frozenset[str]]] = []
        self.at_hand: dict[int, log.Line] = {}
        self.pump: asyncio.Task[None] | None = None

    def offer(self, line: log.Line) -> None:
        self.at_hand[line.seq] = line
        if len(self.at_hand) > MAX_AT_HAND:
            del self.at_hand[next(iter(self.at_hand))]

    def lines_at_hand(self, after: int) -> list[log.Line] | None:
        """Every line beyond *after*, if all are here."""
        wanted = range(after + 1, self.newest + 1)
        if len(wanted) > len(self.at_hand) or any(seq not in self.at_hand for seq in wanted):
            return None
        return [self.at_hand[seq] for seq in wanted]


class Hub:
    """One for each event loop, from the first socket to the last."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self._sockets: dict[str, set[Socket]] = {}  # by user
        self._listener = Listener()
        self._reader = Reader()
        self._attendants = [make() for make in registry.attendants]
        self._tasks: list[asyncio.Task[None]] = []
        self._errands: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self._listener.open(self.tell)
        await self._listener.hear(EVERY_HUB)
        running = [self._listen, self._sweep, self._beat, *(each.run for each in self._attendants)]
        self._tasks = [asyncio.create_task(each()) for each in running]

    async def close(self) -> None:
        """Send every socket away, and stop."""
        sockets = self._every_socket()
        for index, socket in enumerate(sockets):
            # Not all in the same moment: the next process has to take them in.
            socket.push(frame("going_away", delay=500 + 100 * (index % 50)))  # ms
            socket.close_after_queue(Close.GOING_AWAY)
        if sockets:
            await asyncio.wait(
                [asyncio.create_task(socket.wait_until_closed()) for socket in sockets], timeout=GONE_WITHIN
            )
        stopping = [*self._tasks, *self._errands]
        for task in stopping:
            task.cancel()
        await asyncio.gather(*stopping, return_exceptions=True)
        for attendant in self._attendants:
            await attendant.close()
        for name in [*self._topics, EVERY_HUB]:  # a list: sockets go meanwhile
            await self._listener.forget(name)
        self._listener.close()

    # --- Sockets come and go --------------------------------------------------------------------------------

    async def add(self, socket: Socket, positions: Mapping[str, int], *, silent: Iterable[str] = ()) -> None:
        """Have *socket* hear these topics from these positions on; returns when the bell rings for them."""
        self._sockets.setdefault(str(socket.caller.user.pk), set()).add(socket)
        for attendant in self._attendants:
            attendant.came(socket.id, socket.caller.user.pk)
        for name, position in positions.items():
            self._subscribe(socket, name, position, is_silent=name in silent)
        await asyncio.wait([self._topics[name].heard for name in positions], timeout=HEARD_WITHIN)

    def remove(self, socket: Socket) -> None:
        user = str(socket.caller.user.pk)
        sockets = self._sockets.get(user, set())
        sockets.discard(socket)
        if not sockets:
            self._sockets.pop(user, None)
        for attendant in self._attendants:
            attendant.went(socket.id)
        for name in list(socket.subscriptions):
            self._unsubscribe(socket, name)

    async def subscribe(self, socket: Socket, name: str, position: int) -> None:
        """Have *socket* hear one more topic; returns when the bell rings for it."""
        self._subscribe(socket, name, position)
        if topic := self._topics.get(name):
            await asyncio.wait([topic.heard], timeout=HEARD_WITHIN)

    # The next two never wait, so that a round of the pump sees one state from its first line to its last.

    def _subscribe(self, socket: Socket, name: str, position: int, *, is_silent: bool = False) -> None:
        if name in socket.subscriptions or socket.is_closing:
            return
        if (topic := self._topics.get(name)) is None:
            topic = self._topics[name] = Topic(name, self._errand(self._listener.hear(name)))
        subscription = Subscription(socket, position, is_silent=is_silent)
        socket.subscriptions[name] = subscription
        topic.subscriptions.add(subscription)
        topic.newest = max(topic.newest, position)
        self._start_pump(topic)

    def _unsubscribe(self, socket: Socket, name: str) -> None:
        topic = self._topics[name]
        topic.subscriptions.discard(socket.subscriptions.pop(name))
        if not topic.subscriptions:
            del self._topics[name]
            self._errand(self._listener.forget(name))

    def release(self, socket: Socket) -> None:
        """Let a held socket have what came meanwhile, and from now on."""
        socket.release()
        for name in socket.subscriptions:
            self._start_pump(self._topics[name])

    def moved(self, name: str, newest: int) -> None:
        """*name* has come to position *newest*."""
        if topic := self._topics.get(name):
            topic.newest = max(topic.newest, newest)
            topic.strokes += 1
            self._start_pump(topic)

    def tell(self, told: list[Told]) -> None:
        """What this process tells: heard at once, without the way through the bell and the log."""
        for each in told:
            topic = self._topics.get(each.topic)
            if topic and each.seq and (line := log.line_of(each)):
                topic.offer(line)
                self.moved(each.topic, each.seq)

    def passes(self, name: str, text: Frame, hidden_from: frozenset[str]) -> None:
        """Something is told now and kept nowhere: a mark moved, somebody types."""
        if topic := self._topics.get(name):
            topic.passing.append((text, hidden_from))
            self._start_pump(topic)

    def goes_round(self, round_: Round) -> None:
        """The same for whoever hears one of several topics, on each socket once."""
        heard = [self._topics[name] for name in round_.topics if name in self._topics]
        sockets = {each.socket for topic in heard for each in self._listening(topic)}
        for socket in sockets:
            if str(socket.caller.user.pk) not in round_.hidden_from:
                socket.push_passing(round_.text)

    @staticmethod
    def _listening(topic: Topic) -> list[Subscription]:
        return [each for each in topic.subscriptions if not each.is_silent and each.upto is None]

    # --- The pump: from the log to the sockets, in order ----------------------------------------------------

    def _start_pump(self, topic: Topic) -> None:
        if topic.pump is None or topic.pump.done():
            topic.pump = self._errand(self._pump(topic))

    async def _pump(self, topic: Topic) -> None:
        while True:
            self._let_go(topic)
            passing, topic.passing = topic.passing, []
            behind = [
                each.position
                for each in topic.subscriptions
                if not each.socket.is_held and each.position < each.end_of(topic.newest)
            ]
            if not behind:
                topic.at_hand.clear()
                self._pass_on(topic, passing)
                return
            after, strokes = min(behind), topic.strokes
            lines = topic.lines_at_hand(after)
            if lines is None:
                lines = await self._reader.read(topic.name, after=after)
            if lines:
                topic.newest = max(topic.newest, lines[-1].seq)
            elif topic.strokes == strokes:  # nothing there: somebody only guessed, or the log was cut
                topic.newest = after
            # Whoever came in while we read, from further back, has the next round.
            listeners = [s for s in topic.subscriptions if s.position >= after and not s.socket.is_held]
            for move in [line.move for line in lines if line.move]:
                self._move(move)  # first: whoever left, came back and left again has the lines of both times
            for line in lines:
                self._give(line, listeners)
            self._pass_on(topic, passing)
            await asyncio.sleep(0)  # let the writers send before the next portion

    @staticmethod
    def _give(line: log.Line, listeners: list[Subscription]) -> None:
        for subscription in listeners:
            end = subscription.end_of(line.seq)
            if subscription.position < end:
                if end == line.seq and not subscription.is_silent:
                    subscription.socket.push(line.text)
                subscription.position = end

    @staticmethod
    def _pass_on(topic: Topic, passing: list[tuple[Frame, frozenset[str]]]) -> None:
        for text, hidden_from in passing:
            for subscription in Hub._listening(topic):
                if str(subscription.socket.caller.user.pk) not in hidden_from:
                    subscription.socket.push_passing(text)

    def _move(self, move: registry.Joins | registry.Leaves) -> None:
        """Bring people into a topic or take them out, as the line just given says."""
        for user in move.users:
            for socket in self._sockets.get(user, ()):
                if isinstance(move, registry.Joins) and self._brings_in(move, socket):
                    self._subscribe(socket, move.topic, move.after)
                if subscription := socket.subscriptions.get(move.topic):
                    if isinstance(move, registry.Joins):
                        subscription.go_on_after(move.after)
                    else:
                        subscription.end_at(move.upto)
        if topic := self._topics.get(move.topic):
            newest = move.after + 1 if isinstance(move, registry.Joins) else move.upto
            self._errand(self._look_once_heard(topic, newest))

    @staticmethod
    def _brings_in(move: registry.Joins, socket: Socket) -> bool:
        """Not where the topic's own lines, which may be ahead of this one, have told of a later leaving."""
        return socket.only is None and move.after >= socket.parted.get(move.topic, 0)

    async def _look_once_heard(self, topic: Topic, newest: int) -> None:
        """What came before the bell rang here is found by this look, what comes later by the bell."""
        await asyncio.wait([topic.heard])
        self.moved(topic.name, newest)

    def _let_go(self, topic: Topic) -> None:
        """Part with those who have all that was still for them."""
        for subscription in [each for each in topic.subscriptions if each.is_over]:
            self._unsubscribe(subscription.socket, topic.name)
            subscription.socket.parted[topic.name] = subscription.position
            if subscription.socket.only == topic.name:
                subscription.socket.close_after_queue(Close.NOT_ALLOWED)

    # --- What the process hears and looks after -------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            try:
                stroke = await self._listener.next()
                match stroke["type"]:
                    case "moved":
                        self.moved(stroke["topic"], stroke["seq"])
                    case "passing":
                        self.passes(stroke["topic"], Frame(stroke["text"]), frozenset(stroke["hidden_from"]))
                    case "round":
                        for each in stroke["rounds"]:
                            self.goes_round(Round(**each | {"text": Frame(each["text"])}))
                    case "close":
                        self._end({UUID(stroke["session"])})
            except Exception:  # the bell may fail; the sweep does not depend on it
                logger.warning("hub_deaf", exc_info=True)
                await asyncio.sleep(1)

    async def _sweep(self) -> None:
        """What the bell may have missed: topics that moved, sessions that ended, who may not stay."""
        looked_at = timezone.now()
        while True:
            await asyncio.sleep(settings.SOCKET_SWEEP)
            try:
                await self._turn_away()
                await self._listener.hear_again()
                now = timezone.now()
                for name, newest in (
                    await reading(LogEntry.objects.moved_since)(looked_at - LOOK_BACK)
                ).items():
                    self.moved(name, newest)
                sessions = {socket.caller.session for socket in self._every_socket()}
                if sessions:
                    self._end(sessions - await reading(registry.authenticator().alive)(sessions))
                looked_at = now
            except Exception:  # the database is away: look again in a moment, from the same time on
                logger.warning("sweep_failed", exc_info=True)

    async def _turn_away(self) -> None:
        addresses = {socket.address for socket in self._every_socket()}
        people = {socket.caller.user.pk for socket in self._every_socket()}
        denied = await reading(gate.denied_among)(addresses)
        kept_out = await reading(registry.kept_out)(people) if people else set()
        for socket in self._every_socket():
            if socket.address in denied or socket.caller.user.pk in kept_out:
                socket.close(Close.NOT_ALLOWED)

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

    def _heartbeat(self, socket: Socket) -> Frame:
        own = topic_of_user(socket.caller.user.pk)
        user = None
        moved: dict[str, dict[str, int]] = {f"{kind}s": {} for kind in registry.feeds}
        for name, subscription in socket.subscriptions.items():
            newest = subscription.end_of(self._topics[name].newest)
            if name == own:
                user = newest
            elif newest > subscription.beat:
                subscription.beat = newest
                kind, _, id_ = name.partition(":")
                moved[f"{kind}s"][id_] = newest
        return frame("heartbeat", **moved, user=user)

    def _every_socket(self) -> list[Socket]:
        return [socket for sockets in self._sockets.values() for socket in sockets]

    def _errand(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that is held until it is done, and whose failure is told."""
        task = asyncio.create_task(work)
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
    try:
        await opened.open()
    except BaseException:
        _hubs.pop(asyncio.get_running_loop(), None)  # the next one tries again
        raise
    return opened
