"""The hub of a process: which of its sockets hears which topic, and what each is given next.

The bell only says that a topic moved. What moved is read from the log, once for all sockets of the process,
and given to each from its own position on. So order, gaps, late joiners, lost bells are one case, not four.

What this process told itself is at hand, and given in the same breath. Of a busy topic it is gathered first,
for at most `SOCKET_GATHER` seconds: a system call for each frame and socket is what bounds a crowd, and all
frames that a socket lacks go to it in one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
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
from .entrants import Entrants
from .frames import Bundle, Close, Frame, frame
from .replays import Replays
from .sockets import Socket, Subscription
from .threads import reading
from .together import Together
from .topics import Topic

logger = structlog.get_logger(__name__)

LOOK_BACK: Final = timedelta(seconds=30)  # no transaction commits later than this after its entry
HEARD_WITHIN: Final = 2.0  # seconds that a socket waits for the bell; without it the sweep must do
ANSWERED_WITHIN: Final = 5.0  # seconds for commands to be answered when the process ends
GONE_WITHIN: Final = 1.0  # seconds for the last frames when the process ends
BEATS_AT_ONCE: Final = 100  # heartbeats: two milliseconds
BEATEN_WITHIN: Final = 0.5  # of the time between two of a socket: until then all have had theirs


class Hub:
    """One for each event loop, from the first socket to the last.

    Attributes:
        is_closing: the process ends: no command is begun any more.
        replays: what those who came back a moment ago had missed.
        entrants: who comes in.
    """

    def __init__(self) -> None:
        self.is_closing = False
        self._answering = 0  # commands
        self._answered = asyncio.Event()
        self.replays = Replays()
        self.entrants = Entrants()
        self._time = asyncio.get_running_loop().time
        self._topics: dict[str, Topic] = {}
        self._sockets: dict[str, set[Socket]] = {}  # by user
        self._listener = Listener()
        self._reader = Together(_read, most=log.AT_ONCE)
        self._attendants = [make() for make in registry.attendants]
        self._tasks: list[asyncio.Task[None]] = []
        self._errands: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self._listener.open(self.tell)
        await self._listener.hear(EVERY_HUB)
        running = [self._listen, self._sweep, self._beat, *(each.run for each in self._attendants)]
        self._tasks = [asyncio.create_task(each()) for each in running]

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around a command: what is done is also answered, before the hub is closed."""
        self._answering += 1
        try:
            yield
        finally:
            self._answering -= 1
            if not self._answering and self.is_closing:
                self._answered.set()

    async def close(self) -> None:
        """Send every socket away, behind the answer to what it has asked for, and stop."""
        self.is_closing = True
        sockets = self.every_socket()
        for index, socket in enumerate(sockets):
            # Not all in the same moment: the next process has to take them in.
            socket.push(frame("going_away", delay=500 + 100 * (index % 50)))  # ms
        if self._answering:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), ANSWERED_WITHIN)
        for socket in sockets:
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
        unheard = [topic.heard for name in positions if not (topic := self._topics[name]).heard.done()]
        if unheard:
            await asyncio.wait(unheard, timeout=HEARD_WITHIN)

    def hears_since(self, moment: float, topics: Iterable[str]) -> bool:
        """Whether the bell rang here for all of these already at *moment*, so that none of it is missing."""
        return all(name in self._topics and self._topics[name].heard_at < moment for name in topics)

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
        is_level = position == topic.newest or not topic.subscriptions
        topic.subscriptions.add(subscription)
        topic.newest = max(topic.newest, position)
        if not is_level:
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
        for name, subscription in list(socket.subscriptions.items()):  # a list: some may be over
            topic = self._topics[name]
            if subscription.is_over or subscription.position < subscription.end_of(topic.newest):
                self._start_pump(topic)

    def moved(self, name: str, newest: int) -> None:
        """*name* has come to position *newest*. Of what this process told itself that is no news."""
        topic = self._topics.get(name)
        if topic and (topic.pump or newest > topic.newest):
            self._stroke(topic, newest)

    def _stroke(self, topic: Topic, newest: int) -> None:
        topic.reach(newest, self._time())
        topic.strokes += 1
        self._start_pump(topic)

    def tell(self, told: list[Told]) -> None:
        """What this process tells: heard at once, without the way through the bell and the log."""
        newest: dict[str, int] = {}
        for each in told:
            topic = self._topics.get(each.topic)
            if topic and each.seq and (line := log.line_of(each)):
                topic.offer(line)
                newest[each.topic] = each.seq  # in order: the last one holds
        for name, seq in newest.items():
            self._stroke(self._topics[name], seq)

    def passes(self, name: str, text: Frame, hidden_from: frozenset[str]) -> None:
        """Something is told now and kept nowhere: a mark moved, somebody types."""
        if topic := self._topics.get(name):
            topic.passing.append((text, hidden_from))
            topic.tempo.came(1, self._time())
            self._start_pump(topic)

    def goes_round(self, round_: Round) -> None:
        """The same for whoever hears one of several topics, on each socket once."""
        heard = [self._topics[name] for name in round_.topics if name in self._topics]
        sockets = {each.socket for topic in heard for each in topic.listening()}
        bundle = Bundle([round_.text])
        for socket in sockets:
            if str(socket.caller.user.pk) not in round_.hidden_from:
                socket.push_passing(bundle)

    # --- The pump: from the log to the sockets, in order ----------------------------------------------------

    def _start_pump(self, topic: Topic) -> None:
        """Have everybody given what they lack: now, if that is at hand and the topic is quiet."""
        if topic.pump and not topic.pump.done():
            return  # it looks again before it ends
        if self._gathers(topic) or not self._give_at_hand(topic):
            topic.pump = self._errand(self._pump(topic))

    def _gathers(self, topic: Topic) -> bool:
        return settings.SOCKET_GATHER > 0 and topic.tempo.is_busy(self._time())

    async def _pump(self, topic: Topic) -> None:
        if self._gathers(topic):
            await asyncio.sleep(settings.SOCKET_GATHER)
        while not self._give_at_hand(topic):
            await self._give_from_log(topic)
            await asyncio.sleep(0)  # let the writers send before the next portion
        topic.pump = None

    def _give_at_hand(self, topic: Topic) -> bool:
        """Give everybody what is at hand, if nothing has to be read before; whether that was so."""
        if behind := topic.behind():
            lines = topic.lines_at_hand(min(behind))
            if lines is None:
                return False
            topic.give(lines, topic.subscriptions)
        topic.at_hand.clear()
        topic.pass_on(topic.take_passing())
        self._let_go(topic)
        return True

    async def _give_from_log(self, topic: Topic) -> None:
        """Give the next portion of the log."""
        after, strokes, passing = min(topic.behind()), topic.strokes, topic.take_passing()
        lines = await self._reader.ask((topic.name, after))
        if lines:
            topic.reach(lines[-1].seq, self._time())
        elif topic.strokes == strokes:  # nothing there: somebody only guessed, or the log was cut
            topic.newest = after
        for move in [line.move for line in lines if line.move]:
            self._move(move)  # first: whoever left, came back and left again has the lines of both times
        # Whoever came in while we read, from further back, has the next round.
        topic.give(lines, [each for each in topic.subscriptions if each.position >= after])
        topic.pass_on(passing)
        self._let_go(topic)

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
        self._stroke(topic, newest)  # also where that is no news: somebody may have to be parted with

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
                        for topic, newest in stroke["topics"].items():
                            self.moved(topic, newest)
                    case "passing":
                        self.passes(stroke["topic"], Frame(stroke["text"]), frozenset(stroke["hidden_from"]))
                    case "round":
                        for each in stroke["rounds"]:
                            self.goes_round(Round(**each | {"text": Frame(each["text"])}))
                        await asyncio.sleep(0)  # the next stroke may be there already
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
                sessions = {socket.caller.session for socket in self.every_socket()}
                if sessions:
                    self._end(sessions - await reading(registry.authenticator().alive)(sessions))
                looked_at = now
            except Exception:  # the database is away: look again in a moment, from the same time on
                logger.warning("sweep_failed", exc_info=True)

    async def _turn_away(self) -> None:
        addresses = {socket.address for socket in self.every_socket()}
        people = {socket.caller.user.pk for socket in self.every_socket()}
        denied = await reading(gate.denied_among)(addresses)
        kept_out = await reading(registry.kept_out)(people) if people else set()
        for socket in self.every_socket():
            if socket.address in denied or socket.caller.user.pk in kept_out:
                socket.close(Close.NOT_ALLOWED)

    def _end(self, sessions: set[UUID]) -> None:
        for socket in self.every_socket():
            if socket.caller.session in sessions:
                socket.close(Close.NOT_AUTHENTICATED)

    async def _beat(self) -> None:
        """Tell every socket the newest position of whatever moved since its last heartbeat.

        A few at a time, in the same order each time: whatever else there is has its turn between them.
        """
        while True:
            due = time.monotonic() + settings.SOCKET_HEARTBEAT
            sockets = self.every_socket()
            pause = settings.SOCKET_HEARTBEAT * BEATEN_WITHIN * BEATS_AT_ONCE / max(len(sockets), 1)
            for start in range(0, len(sockets), BEATS_AT_ONCE):
                for socket in sockets[start : start + BEATS_AT_ONCE]:
                    if not (socket.is_held or socket.is_closing):  # a replay is a sign of life itself
                        socket.push(self._heartbeat(socket))
                if start + BEATS_AT_ONCE < len(sockets):
                    await asyncio.sleep(pause)
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

    @property
    def topics(self) -> int:
        """How many somebody here hears."""
        return len(self._topics)

    def every_socket(self) -> list[Socket]:
        """For any thread: of copies, since they come and go meanwhile."""
        return [socket for sockets in list(self._sockets.values()) for socket in list(sockets)]

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


async def _read(asked: list[tuple[str, int]]) -> list[list[log.Line]]:
    return await reading(log.read_each)(asked)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[Hub]] = WeakKeyDictionary()


async def hub() -> Hub:
    """The hub of this process (of this event loop), opened by whoever asks first."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = asyncio.create_task(_open())
    return await asyncio.shield(_hubs[loop])


def open_hubs() -> list[Hub]:
    """Those of all loops of this process: one, but where tests run."""
    return [task.result() for task in list(_hubs.values()) if task.done() and not task.exception()]


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
