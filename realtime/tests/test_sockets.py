"""A socket: who is too slow for it, and the order of what goes by its queue and by its pipe."""

import asyncio
from random import Random
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from realtime import sockets
from realtime.frames import Bundle, Close, Frame
from realtime.registry import Caller
from realtime.sockets import MAX_CHARACTERS, MAX_FRAMES, Socket

from .clients import live


def a_socket(*, send: Any, pipe: Any = None) -> tuple[Socket, list[int]]:
    """A socket without a consumer, and the codes with which it closed its connection."""
    codes: list[int] = []

    async def close(code: int) -> None:
        codes.append(code)

    socket = Socket(
        caller=Caller(user=None, session=None),  # type: ignore[arg-type]
        send=send,
        close=close,
        pipe=pipe,
    )
    return socket, codes


@pytest.mark.parametrize(
    ("frame", "fit"),
    [(Frame("x"), MAX_FRAMES + 1), (Frame("x" * 65_536), MAX_CHARACTERS // 65_536 + 1)],
)
@live
async def test_a_reader_too_slow_for_its_queue_is_closed(frame, fit):
    never = asyncio.Event()
    sent = []

    async def send(text: str) -> None:
        sent.append(text)
        await never.wait()

    socket, codes = a_socket(send=send)
    socket.push(frame)
    await asyncio.sleep(0)  # the writer takes that one and waits

    pushed = 1
    while not socket.is_closing:
        socket.push(frame)
        pushed += 1
    socket.push(frame)
    await socket.wait_until_closed()

    assert pushed == fit + 1  # one on its way, a queue full, one too many
    assert codes == [Close.TOO_SLOW]
    assert len(sent) == 1


@live
async def test_a_replay_waits_for_a_reader_who_is_slow_but_reads():
    sent = []

    async def send(text: str) -> None:
        await asyncio.sleep(0)
        sent.append(text)

    socket, codes = a_socket(send=send)

    for number in range(3 * MAX_FRAMES):
        await socket.push_patiently(Bundle([Frame(number)]))
    for _ in range(200):
        await socket.push_patiently(Bundle([Frame("x" * 65_536)]))
    socket.close_after_queue(Close.GOING_AWAY)
    await socket.wait_until_closed()

    assert sent[: 3 * MAX_FRAMES] == [str(number) for number in range(3 * MAX_FRAMES)]
    assert len(sent) == 3 * MAX_FRAMES + 200
    assert codes == [Close.GOING_AWAY]


@live
async def test_a_replay_gives_up_on_a_reader_who_reads_nothing(monkeypatch):
    monkeypatch.setattr(sockets, "STALLED", 0.05)
    never = asyncio.Event()

    async def send(text: str) -> None:
        await never.wait()

    socket, codes = a_socket(send=send)

    for _ in range(MAX_FRAMES):
        await socket.push_patiently(Bundle([Frame("x")]))
    await socket.wait_until_closed()

    assert codes == [Close.TOO_SLOW]


@live
async def test_a_connection_that_breaks_under_a_send_ends_its_socket():
    async def send(text: str) -> None:
        raise ConnectionResetError

    socket, codes = a_socket(send=send)

    socket.push(Frame("x"))
    await socket.wait_until_closed()

    assert socket.is_closing
    assert codes == []


# --- With a pipe --------------------------------------------------------------------------------------------


class Connection:
    """A connection with a pipe that is open while there is room for more bytes.

    Attributes:
        writes: how many frames came by each write to the pipe.
        texts: all that came to the client, by whichever way.
    """

    def __init__(self, room: int = 0) -> None:
        self.texts: list[str] = []
        self.writes: list[int] = []
        self._room = room
        self._has_room = asyncio.Event()
        self._client = ClientProtocol(parse_uri("ws://testserver/ws"), state=State.OPEN)

    @property
    def is_open(self) -> bool:
        return self._room > 0

    def write(self, frames: bytes) -> None:
        assert self.is_open
        self._room -= len(frames)
        self._client.receive_data(frames)
        events = self._client.events_received()
        assert all(event.opcode is Opcode.TEXT and event.fin for event in events)  # type: ignore[union-attr]
        assert self._client.state is State.OPEN
        self.texts += [event.data.decode() for event in events]  # type: ignore[union-attr]
        self.writes.append(len(events))

    async def send(self, text: str) -> None:
        while not self.is_open:
            self._has_room.clear()
            await self._has_room.wait()
        self._room -= len(text)
        self.texts.append(text)

    def empty(self, room: int) -> None:
        """The client has read on, so that there is this much room."""
        self._room = room
        self._has_room.set()


@pytest.mark.parametrize("length", [2, 125, 126, 65_535, 65_536, 300_000])
@live
async def test_a_frame_on_the_wire_is_one_that_clients_understand(length):
    connection = Connection(room=1_000_000)
    text = "é" + "x" * (length - 2)  # two bytes, one character

    connection.write(Frame(text).wire)

    assert connection.texts == [text]


@live
async def test_what_an_open_pipe_takes_needs_no_task():
    connection = Connection(room=1_000)
    socket, _ = a_socket(send=None, pipe=connection)
    tasks = asyncio.all_tasks()

    socket.push(Frame("a"))
    await socket.push_patiently(Bundle([Frame("b")]))

    assert connection.texts == ["a", "b"]
    assert asyncio.all_tasks() == tasks


@live
async def test_a_socket_for_which_nothing_waits_has_no_task():
    connection = Connection(room=1_000)
    tasks = asyncio.all_tasks()
    socket, _ = a_socket(send=connection.send)

    socket.push(Frame("a"))
    await asyncio.sleep(0)

    assert connection.texts == ["a"]
    assert asyncio.all_tasks() == tasks


@pytest.mark.parametrize("seed", range(20))
@live
async def test_order_is_kept_while_the_pipe_fills_up_and_empties(seed):
    random = Random(seed)
    connection = Connection(room=random.randrange(100))
    socket, codes = a_socket(send=connection.send, pipe=connection)
    texts = [f"{number}:" + "x" * random.randrange(40) for number in range(500)]

    for text in texts:
        socket.push(Frame(text))
        if random.random() < 0.2:
            connection.empty(room=random.randrange(300))
        if random.random() < 0.3:
            await asyncio.sleep(0)
    socket.close_after_queue(Close.GOING_AWAY)
    connection.empty(room=100_000)
    await socket.wait_until_closed()

    assert connection.texts == texts
    assert len(connection.writes) > 1
    assert codes == [Close.GOING_AWAY]


@live
async def test_what_waited_goes_through_the_pipe_together():
    connection = Connection()
    socket, _ = a_socket(send=connection.send, pipe=connection)
    for number in range(100):
        socket.push(Frame(number))
    await asyncio.sleep(0)

    connection.empty(room=100_000)
    await asyncio.sleep(0)

    assert connection.texts == [str(number) for number in range(100)]
    assert connection.writes == [99]  # the first had to wait


@live
async def test_a_reader_too_slow_is_closed_though_it_has_a_pipe():
    connection = Connection(room=10)
    socket, codes = a_socket(send=connection.send, pipe=connection)

    pushed = 0
    while not socket.is_closing:
        socket.push(Frame("0123456789"))
        await asyncio.sleep(0)
        pushed += 1
    await socket.wait_until_closed()

    assert pushed == 1 + 1 + MAX_FRAMES + 1  # through the pipe, on its way, a queue full, one too many
    assert connection.texts == ["0123456789"]
    assert codes == [Close.TOO_SLOW]


@live
async def test_a_replay_through_a_pipe_waits_for_a_reader_who_is_slow_but_reads():
    connection = Connection(room=10)
    socket, _ = a_socket(send=connection.send, pipe=connection)
    texts = [str(number) for number in range(3 * MAX_FRAMES)]

    async def replay() -> None:
        for text in texts:
            await socket.push_patiently(Bundle([Frame(text)]))

    replaying = asyncio.create_task(replay())
    while len(connection.texts) < len(texts):
        connection.empty(room=50)
        await asyncio.sleep(0)
    await replaying

    assert connection.texts == texts


@live
async def test_nothing_goes_through_the_pipe_of_a_socket_that_is_closed():
    connection = Connection(room=1_000)
    socket, codes = a_socket(send=connection.send, pipe=connection)

    socket.close(Close.NOT_ALLOWED)
    socket.push(Frame("late"))
    await socket.wait_until_closed()

    assert connection.texts == []
    assert codes == [Close.NOT_ALLOWED]
