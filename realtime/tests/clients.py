"""Socket clients without a network: the ASGI application in the test's own loop."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec, Self

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator

from accounts.models import User
from accounts.tests.factories import SessionFactory
from accounts.tokens import make_access
from config.asgi import application
from messaging import services
from messaging.services.sending import send_messages
from realtime import threads
from realtime.hub import close_hub

from .frames import faults_of

P = ParamSpec("P")
Frame = dict[str, Any]

WITHIN = 5  # seconds for a frame that is due: never reached where the code is right

in_thread = database_sync_to_async  # blocking work of a test, beside its loop

clients: list[Any] = []  # that a test has left open


def live(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an async test in a loop of its own; its sockets and its hub end with it."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(_whole(test(*args, **kwargs)))

    return run


def live_here(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """The same, with all blocking work in the test's own thread: sockets see what it has not committed.

    Nothing that is told reaches them, since nothing is committed: for what they are answered.
    """

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(threads, "_in", lambda _pool, call: sync_to_async(call))
            patch.setattr(services, "gather", sync_to_async(lambda send: send_messages([send])[0]))
            async_to_sync(_whole)(test(*args, **kwargs))

    return run


async def _whole(test: Awaitable[None]) -> None:
    try:
        await test
    finally:
        while clients:
            await clients.pop().leave()
        await close_hub()


class Wire(WebsocketCommunicator):
    """Without Channels' patch that keeps the engine's threads from giving their database connections back."""

    send_input = ApplicationCommunicator.send_input
    receive_output = ApplicationCommunicator.receive_output


class Closed(Exception):
    """The server closed the socket while a frame was expected."""


class Client:
    """One socket. `Client(…).open()` connects; `enter` gives one that is signed in and past its `hello`."""

    def __init__(
        self,
        path: str = "/ws",
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        subprotocols: list[str] | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        given = (
            {"Host": "testserver"} | ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})
        )
        self._wire = Wire(
            application,
            path,
            headers=[(name.lower().encode(), value.encode()) for name, value in given.items()],
            subprotocols=subprotocols,
        )
        self._wire.scope["client"] = (address, 4711)
        self._passed_by: deque[Frame] = deque()
        self.accepted: bool | None = None
        self.subprotocol: str | None = None

    async def open(self) -> Self:
        clients.append(self)
        self.accepted, answer = await self._wire.connect(timeout=WITHIN)
        self.subprotocol = answer if self.accepted else None
        return self

    async def say(self, type_: str, **members: Any) -> None:
        await self.say_text(json.dumps({"type": type_} | members))

    async def say_text(self, text: str) -> None:
        await self._wire.send_input({"type": "websocket.receive", "text": text})

    async def say_bytes(self, data: bytes) -> None:
        await self._wire.send_input({"type": "websocket.receive", "bytes": data})

    async def next_text(self) -> str:
        output = await self._wire.receive_output(timeout=WITHIN)
        if output["type"] == "websocket.close":
            raise Closed(output["code"])
        text: str = output["text"]
        return text

    async def next(self) -> Frame:
        """The next frame."""
        if self._passed_by:
            return self._passed_by.popleft()
        frame: Frame = json.loads(await self.next_text())
        assert faults_of(frame) == [], frame
        return frame

    async def until(self, type_: str, **members: Any) -> list[Frame]:
        """All frames up to the first one of this type that has these members, and that one."""
        frames: list[Frame] = []
        while not frames or not frames[-1].items() >= ({"type": type_} | members).items():
            frames.append(await self.next())
        return frames

    async def ask(self, type_: str, **members: Any) -> Frame:
        """Say it and take the answer, `ack` or `error`, from among what else comes, which is for `next`."""
        await self.say(type_, id="asked", **members)
        passed_by: list[Frame] = []
        while (frame := await self.next()).get("id") != "asked":
            passed_by.append(frame)
        self._passed_by.extendleft(reversed(passed_by))
        return frame

    async def so_far(self) -> list[Frame]:
        """What came before the answer to a ping of this moment."""
        await self.say("ping", id="so far")
        return (await self.until("pong", id="so far"))[:-1]

    async def closed(self) -> int:
        """Skip what still comes; the code with which the server closes."""
        return (await self.all_and_code())[1]

    async def all_and_code(self) -> tuple[list[Frame], int]:
        """What still comes, and the code with which the server closes."""
        frames: list[Frame] = []
        while True:
            try:
                frames.append(await self.next())
            except Closed as closed:
                return frames, int(closed.args[0])

    async def ended(self) -> None:
        """Wait for the consumer's end, and raise what it failed with."""
        await self._wire.wait(timeout=WITHIN)

    async def leave(self) -> None:
        if self in clients:
            clients.remove(self)
        if not self._wire.future.done():
            await self._wire.disconnect(timeout=WITHIN)


async def token_of(user: User) -> str:
    return make_access(await in_thread(SessionFactory)(user=user))


async def enter(user: User, path: str = "/ws", *, token: str | None = None, **more: str) -> Client:
    """A socket of *user* that hears what happens from now on."""
    client = await Client(path, token=token or await token_of(user), **more).open()
    assert (await client.next())["type"] == "hello"
    assert await client.so_far() == []  # any first frame ends the wait for a resume
    return client


def seqs(frames: list[Frame]) -> list[int]:
    return [frame["seq"] for frame in frames if "seq" in frame]
