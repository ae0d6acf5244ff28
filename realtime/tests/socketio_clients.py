"""Clients of Socket.IO without a network and without a library: what they say is written by hand."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from typing import Any, Self

from asgiref.testing import ApplicationCommunicator

from accounts.models import User
from config.asgi import application

from .clients import WITHIN, Client, Closed, clients, token_of

SEPARATOR = "\x1e"
PATH = "/socket.io/"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def code(self) -> str:
        """Of a problem."""
        code: str = json.loads(self.text)["code"]
        return code


class Request:
    """A request on its way."""

    def __init__(
        self,
        method: str,
        target: str,
        body: str | bytes = b"",
        *,
        headers: dict[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        path, _, query = target.partition("?")
        content = body.encode() if isinstance(body, str) else body
        given = {"Host": "testserver", "Content-Length": str(len(content))} | (headers or {})
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": (address, 4711),
            "server": ("testserver", 80),
            "http_version": "1.1",
        }
        self._wire = ApplicationCommunicator(application, scope)
        self._body = content

    async def sent(self) -> Self:
        await self._wire.send_input({"type": "http.request", "body": self._body, "more_body": False})
        return self

    async def answer(self, within: float = WITHIN) -> Answer:
        start = await self._wire.receive_output(timeout=within)
        content = await self._wire.receive_output(timeout=within)
        await self._wire.wait(timeout=within)
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, content["body"].decode())

    async def abandoned(self) -> None:
        """The client closes the connection before there is an answer."""
        await self._wire.send_input({"type": "http.disconnect"})
        await self._wire.wait(timeout=WITHIN)


async def ask(method: str, target: str, body: str | bytes = b"", **more: Any) -> Answer:
    return await (await Request(method, target, body, **more).sent()).answer()


class Visitor:
    """One client of Socket.IO. `open` makes the connection, `enter` one whose person is let in.

    Heartbeats are left out, since they are due by the clock of the process, whenever a test began.
    """

    hears_heartbeats = False

    def __init__(self, path: str = PATH, **more: Any) -> None:
        self.path = path
        self.more = more
        self.opened: dict[str, Any] = {}
        self._came: deque[str] = deque()  # in one poll
        self._passed: deque[str] = deque()  # while an acknowledgement was waited for
        self._number = 0

    async def open(self) -> Self:
        raise NotImplementedError

    async def say(self, packet: str) -> None:
        """One packet of Engine.IO."""
        raise NotImplementedError

    async def _next(self) -> str:
        raise NotImplementedError

    async def packet(self) -> str:
        """The next packet. Raises `Closed` at the end."""
        while True:
            packet = self._passed.popleft() if self._passed else await self._next()
            if self.hears_heartbeats or not packet.startswith('42["heartbeat"'):
                return packet

    async def leave(self) -> None:
        raise NotImplementedError

    async def connect(self, auth: Any = None) -> str:
        await self.say("40" + (json.dumps(auth) if auth is not None else ""))
        return await self.packet()

    async def emit(self, name: str, *arguments: Any) -> None:
        await self.say("42" + json.dumps([name, *arguments]))

    async def ask(self, name: str, *arguments: Any) -> Any:
        """Emit, and wait for the acknowledgement; what else comes is kept."""
        self._number += 1
        await self.say(f"42{self._number}{json.dumps([name, *arguments])}")
        beginning = f"43{self._number}["
        while not (packet := await self._next()).startswith(beginning):
            self._passed.append(packet)
        (argument,) = json.loads(packet.removeprefix(f"43{self._number}"))
        return argument

    async def event(self) -> tuple[str, Any]:
        """The next event."""
        packet = await self.packet()
        assert packet.startswith("42["), packet
        name, argument = json.loads(packet[2:])
        return name, argument

    async def until(self, name: str) -> list[tuple[str, Any]]:
        events: list[tuple[str, Any]] = []
        while not events or events[-1][0] != name:
            events.append(await self.event())
        return events

    async def rest(self) -> list[str]:
        """What still comes before the end."""
        packets = []
        while True:
            try:
                packets.append(await self.packet())
            except Closed:
                return packets


class BySocket(Visitor):
    """WebSocket alone."""

    async def open(self) -> Self:
        self.client = await Client(f"{self.path}?EIO=4&transport=websocket", **self.more).open()
        if self.client.accepted:
            self.opened = json.loads((await self.packet()).removeprefix("0"))
        return self

    async def say(self, packet: str) -> None:
        await self.client.say_text(packet)

    async def _next(self) -> str:
        return await self.client.next_text()

    async def leave(self) -> None:
        await self.client.leave()


class ByPolling(Visitor):
    """Polling alone, with a poll open whenever something is waited for."""

    async def open(self) -> Self:
        answer = await ask("GET", self.target, **self.more)
        assert answer.status == 200, answer.text
        self.opened = json.loads(answer.text.removeprefix("0"))
        clients.append(self)
        return self

    @property
    def target(self) -> str:
        sid = f"&sid={self.opened['sid']}" if self.opened else ""
        return f"{self.path}?EIO=4&transport=polling{sid}"

    async def say(self, packet: str) -> None:
        answer = await ask("POST", self.target, packet, **self.more)
        assert (answer.status, answer.text) == (200, "ok")

    async def poll(self) -> list[str]:
        answer = await ask("GET", self.target, **self.more)
        if answer.status != 200:
            raise Closed(answer.status)
        return answer.text.split(SEPARATOR)

    async def _next(self) -> str:
        while not self._came:
            self._came.extend(await self.poll())
        packet = self._came.popleft()
        if packet == "1":
            raise Closed(packet)
        return packet

    async def leave(self) -> None:
        if self in clients:
            clients.remove(self)
        await ask("POST", self.target, "1", **self.more)


async def enter(user: User, kind: type[Visitor], path: str = PATH, **more: Any) -> Visitor:
    """A client of *user* that hears what happens from now on."""
    visitor = await kind(path, **more).open()
    assert (await visitor.connect({"token": await token_of(user)})).startswith("40{")
    assert (await visitor.event())[0] == "hello"
    assert await visitor.ask("ping") != {}  # any first frame ends the wait for a resume
    return visitor


async def soon(condition: Any) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(WITHIN):
        while not condition():
            await asyncio.sleep(0.005)
