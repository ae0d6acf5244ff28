"""When a topic is busy, and what is gathered then. The time in it passes when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import wraps
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from common.events import Told
from common.tempo import Tempo
from realtime import hub as hubs
from realtime import log, registry
from realtime.frames import Frame
from realtime.hub import Hub
from realtime.registry import Caller
from realtime.sockets import Socket

from .test_sockets import Connection

TOPIC = "chat:c"


def test_frames_that_come_slowly_make_no_topic_busy():
    tempo = Tempo()

    for number in range(10_000):
        tempo.came(1, number / 200)

        assert not tempo.is_busy(number / 200)


def test_twenty_in_one_breath_are_quiet_and_one_more_is_not():
    tempo = Tempo()

    tempo.came(20, 5.0)
    quiet = tempo.is_busy(5.0)
    tempo.came(1, 5.0)

    assert not quiet
    assert tempo.is_busy(5.0)


def test_a_topic_is_busy_while_more_than_two_hundred_a_second_come():
    tempo = Tempo()

    busy = []
    for number in range(5_000):
        tempo.came(1, number / 250)
        busy.append(tempo.is_busy(number / 250))

    assert busy[:90] == [False] * 90  # fifty more a second than run out
    assert busy[100:] == [True] * 4_900


def test_a_topic_is_quiet_a_tenth_of_a_second_after_the_last_frame():
    tempo = Tempo()

    tempo.came(1_000_000, 5.0)

    assert tempo.is_busy(5.099)
    assert not tempo.is_busy(5.101)


# --- In the hub ---------------------------------------------------------------------------------------------


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time stands still until it is moved."""

    now = 1000.0

    def time(self) -> float:
        return self.now


def on_a_clock(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=Clock) as runner:
            runner.run(test(*args, **kwargs))  # type: ignore[arg-type]

    return run


async def pass_time(seconds: float) -> None:
    clock = asyncio.get_running_loop()
    assert isinstance(clock, Clock)
    await settle()
    clock.now += seconds
    await settle()


async def settle() -> None:
    for _ in range(5):  # a timer, the task that it wakes, and what that starts
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _no_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub alone: nobody looks at a database."""
    monkeypatch.setattr(registry, "attendants", [])
    monkeypatch.setattr(
        log, "line_of", lambda told: log.Line(told.seq, Frame(f"{told.topic} {told.seq}"), None)
    )


@asynccontextmanager
async def a_hub() -> AsyncIterator[Hub]:
    hub = Hub()
    await hub.open()
    await asyncio.sleep(0)  # its first heartbeat finds nobody
    try:
        yield hub
    finally:
        await hub.close()


async def a_listener(hub: Hub, *topics: str, user: UUID | None = None) -> Connection:
    connection = Connection(room=1_000_000)

    async def close(code: int) -> None:
        pass

    socket = Socket(
        caller=Caller(user=SimpleNamespace(pk=user or uuid4()), session=uuid4()),
        send=connection.send,
        close=close,
        pipe=connection,
    )
    hub.release(socket)
    await hub.add(socket, dict.fromkeys(topics or [TOPIC], 0))
    return connection


def tell(hub: Hub, *seqs: int, topic: str = TOPIC) -> None:
    at = datetime.now(UTC)
    hub.tell([Told(topic=topic, seq=seq, type="message.sent", data={}, at=at) for seq in seqs])


def texts(*seqs: int, topic: str = TOPIC) -> list[str]:
    return [f"{topic} {seq}" for seq in seqs]


@on_a_clock
async def test_a_quiet_topic_is_given_at_once():
    async with a_hub() as hub:
        connection = await a_listener(hub)

        for seq in range(1, 100):
            tell(hub, seq)
            assert connection.texts == texts(*range(1, seq + 1))  # in the same breath
            await pass_time(1 / 200)

        assert connection.writes == [1] * 99


@on_a_clock
async def test_a_busy_topic_is_given_together_and_in_time():
    async with a_hub() as hub:
        connections = [await a_listener(hub) for _ in range(3)]
        tell(hub, *range(1, 22))
        await pass_time(0.005)
        given = list(range(1, 22))

        for first in (22, 26):
            tell(hub, first)
            await pass_time(0.002)
            tell(hub, first + 1)
            tell(hub, first + 2, first + 3)
            await pass_time(0.002)
            assert all(each.texts == texts(*given) for each in connections)
            await pass_time(0.001)
            given += range(first, first + 4)
            assert all(each.texts == texts(*given) for each in connections)

        assert all(each.writes == [21, 4, 4] for each in connections)


@on_a_clock
async def test_a_topic_that_was_busy_is_given_at_once_again():
    async with a_hub() as hub:
        connection = await a_listener(hub)
        tell(hub, *range(1, 50))
        await pass_time(0.005)
        await pass_time(0.1)

        tell(hub, 50)

        assert connection.writes == [49, 1]


@on_a_clock
async def test_who_is_busy_delays_nobody_else():
    async with a_hub() as hub:
        connection = await a_listener(hub, TOPIC, "chat:other")
        tell(hub, *range(1, 31))

        tell(hub, 1, topic="chat:other")

        assert connection.texts == texts(1, topic="chat:other")
        await pass_time(0.005)
        assert connection.texts == texts(1, topic="chat:other") + texts(*range(1, 31))


@on_a_clock
async def test_what_passes_comes_behind_the_lines_that_came_before_it():
    async with a_hub() as hub:
        layla, omar = uuid4(), uuid4()
        laylas, omars = await a_listener(hub, user=layla), await a_listener(hub, user=omar)
        tell(hub, *range(1, 31))
        hub.passes(TOPIC, Frame("layla types"), frozenset([str(layla)]))
        hub.passes(TOPIC, Frame("omar has read"), frozenset())
        assert omars.texts == []

        await pass_time(0.005)

        assert laylas.texts == [*texts(*range(1, 31)), "omar has read"]
        assert omars.texts == [*texts(*range(1, 31)), "layla types", "omar has read"]
        assert omars.writes == [30, 2]


@on_a_clock
async def test_who_comes_while_it_is_gathered_has_what_comes_after_alone():
    async with a_hub() as hub:
        early = await a_listener(hub)
        tell(hub, *range(1, 31))
        late = Connection(room=1_000_000)
        socket = Socket(
            caller=Caller(user=SimpleNamespace(pk=uuid4()), session=uuid4()),
            send=late.send,
            close=None,  # type: ignore[arg-type]
            pipe=late,
        )
        hub.release(socket)
        await hub.add(socket, {TOPIC: 30})
        tell(hub, 31)

        await pass_time(0.005)

        assert early.texts == texts(*range(1, 32))
        assert late.texts == texts(31)


@on_a_clock
async def test_the_end_of_gathering_meets_a_full_connection():
    async with a_hub() as hub:
        connection = await a_listener(hub)
        connection.empty(room=1)
        tell(hub, *range(1, 31))
        await pass_time(0.005)  # fills it
        tell(hub, *range(31, 61))
        await pass_time(0.005)
        waiting = list(connection.texts)

        connection.empty(room=1_000_000)
        await pass_time(0)

        assert waiting == texts(*range(1, 31))
        assert connection.texts == texts(*range(1, 61))


@on_a_clock
async def test_gathering_can_be_switched_off(settings):
    settings.SOCKET_GATHER = 0.0
    async with a_hub() as hub:
        connection = await a_listener(hub)

        for seq in range(1, 100):
            tell(hub, seq)

        assert connection.writes == [1] * 99


@on_a_clock
async def test_a_long_portion_goes_in_writes_of_bounded_size(monkeypatch):
    monkeypatch.setattr(hubs.log, "line_of", lambda told: log.Line(told.seq, Frame("x" * 30_000), None))
    async with a_hub() as hub:
        connection = await a_listener(hub)

        tell(hub, *range(1, 8))

        assert connection.writes == [3, 3, 1]
