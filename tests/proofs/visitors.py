"""Four real clients behind one face, for the conformance script: what they say and hear are frames."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import websockets

from .browser import Browser
from .crowd import NODE, Violated

WITHIN = 20.0  # seconds for what is due, on a machine that may have other work
POLLED_EVERY = 0.03  # seconds: a page is asked what came
PROTOCOL = "serai.v1"
Frame = dict[str, Any]


class Connection:
    """One socket of a visitor."""

    def __init__(self, visitor: "Visitor", number: int) -> None:
        self.number = number
        self.frames: list[Frame] = []
        self.protocol: str | None = None
        self.code: int | None = None  # once it is closed
        self._visitor = visitor
        self._asked = 0
        self._came = asyncio.Event()

    def take(self, line: Frame) -> None:
        match line["event"]:
            case "open":
                self.protocol = line.get("protocol")
            case "frame":
                self.frames.append(line["frame"])
            case "close":
                self.code = self.code or line["code"]
        self._came.set()

    async def until(self, what: str, holds: Callable[[], Any], *, within: float = WITHIN) -> Any:
        """What *holds* gives, once it gives anything.

        Raises:
            Violated
        """
        try:
            async with asyncio.timeout(within):
                while not (found := holds()):
                    self._came.clear()
                    await self._came.wait()
                return found
        except TimeoutError:
            last = [each.get("type") for each in self.frames[-5:]]
            raise Violated(f"no {what} within {within:.0f} s; closed: {self.code}, last: {last}") from None

    async def frame(self, type_: str, within: float = WITHIN, **members: Any) -> Frame:
        """The first frame of this type that has these members, come or to come."""

        def found() -> Frame | None:
            wanted = {"type": type_, **members}.items()
            return next((each for each in self.frames if wanted <= _flat(each)), None)

        answer: Frame = await self.until(f"{type_} {members or ''}", found, within=within)
        return answer

    async def positions(self, chat: str, count: int) -> list[int]:
        """The positions of a chat, in the order in which they came, once there are so many."""
        await self.until(f"{count} positions", lambda: len(self.seqs(chat)) >= count)
        return self.seqs(chat)

    def seqs(self, chat: str) -> list[int]:
        return [each["seq"] for each in self.frames if each.get("chat") == chat and "seq" in each]

    async def ask(self, type_: str, data: Frame | None = None, **members: Any) -> Frame:
        """Say something, and wait for its answer."""
        id_ = await self.say(type_, data, **members)
        answer: Frame = await self.until(
            f"answer to {type_}", lambda: next((each for each in self.frames if each.get("id") == id_), None)
        )
        return answer

    async def say(self, type_: str, data: Frame | None = None, **members: Any) -> str:
        self._asked += 1
        id_ = f"{type_}-{self._asked}"
        said = {"type": type_, "id": id_, **members} | ({} if data is None else {"data": data})
        await self._visitor.tell("say", n=self.number, frame=said)
        return id_

    async def garbage(self) -> None:
        await self._visitor.tell("garbage", n=self.number)

    async def closed(self) -> int:
        """Its close code, once it is closed by the server."""
        code: int = await self.until("end", lambda: self.code)
        return code

    async def close(self) -> None:
        await self._visitor.tell("close", n=self.number)
        await self.closed()


def _flat(frame: Frame) -> Any:
    return {name: value for name, value in frame.items() if not isinstance(value, dict | list)}.items()


class Visitor(ABC):
    """A client.

    Attributes:
        ways: in which it can say who it is.
        paths: by what they carry; None where it has none.
    """

    name = ""
    ways: tuple[str, ...] = ("header", "subprotocol", "ticket", "first frame")
    paths: dict[str, str | None] = {
        "everything": "/ws",
        "everything, older": "/api/messages/ws",
        "a chat": "/ws/chats/{chat}",
        "a chat, older": "/api/chat/{chat}/ws",
    }

    def __init__(self, url: str) -> None:
        self.url = url
        self._connections: dict[int, Connection] = {}

    async def start(self) -> None: ...  # noqa: B027 (most need nothing)

    async def end(self) -> None: ...  # noqa: B027

    @abstractmethod
    async def tell(self, what: str, **told: Any) -> None:
        """Have the client do something with a socket of it."""

    def take(self, line: Frame) -> None:
        self._connections[line["n"]].take(line)

    async def open(
        self, way: str, proof: str, *, place: str = "everything", chat: str = "", greeted: bool = True
    ) -> Connection:
        """A new connection.

        Args:
            proof: a token, or a ticket where that is the way.
            greeted: wait for `hello`, which has to come first.
        """
        number = len(self._connections) + 1
        opened = self._connections[number] = Connection(self, number)
        path = self.paths[place]
        assert path
        await self.tell("open", n=number, **self._how(way, proof, path.format(chat=chat)))
        if way == "first frame":
            await opened.until("open socket", lambda: opened.protocol is not None)
            await self.tell("say", n=number, frame={"type": "auth", "token": proof})
        if greeted:
            await opened.frame("hello")
            if opened.frames[0]["type"] != "hello":
                raise Violated(f"{opened.frames[0]['type']} came before hello")
        return opened

    def _how(self, way: str, proof: str, path: str) -> Frame:
        url = self.url.replace("http", "ws", 1) + path
        match way:
            case "header":
                return {"url": url, "protocols": [PROTOCOL], "headers": {"Authorization": f"Bearer {proof}"}}
            case "subprotocol":
                return {"url": url, "protocols": [PROTOCOL, f"bearer.{proof}"]}
            case "ticket":
                return {"url": f"{url}?ticket={proof}", "protocols": [PROTOCOL]}
        return {"url": url, "protocols": [PROTOCOL]}


class OnPython(Visitor):
    name = "Python websockets"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._sockets: dict[int, websockets.ClientConnection] = {}
        self._reading: list[asyncio.Task[None]] = []

    async def tell(self, what: str, **told: Any) -> None:
        number = told["n"]
        match what:
            case "open":
                socket = self._sockets[number] = await websockets.connect(
                    told["url"],
                    subprotocols=told["protocols"],
                    additional_headers=told.get("headers"),
                    open_timeout=WITHIN,
                    proxy=None,
                )
                self.take({"n": number, "event": "open", "protocol": socket.subprotocol})
                self._reading.append(asyncio.create_task(self._read(number, socket)))
            case "say":
                await self._send(number, json.dumps(told["frame"]))
            case "garbage":
                await self._send(number, "no frame")
            case "close":
                await self._sockets[number].close()

    async def _send(self, number: int, text: str) -> None:
        with suppress(websockets.ConnectionClosed):  # told by its reader
            await self._sockets[number].send(text)

    async def _read(self, number: int, socket: websockets.ClientConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for text in socket:
                self.take({"n": number, "event": "frame", "frame": json.loads(text)})
        self.take({"n": number, "event": "close", "code": socket.close_code})

    async def end(self) -> None:
        for socket in self._sockets.values():
            await socket.close()
        await asyncio.gather(*self._reading, return_exceptions=True)


class Misled(OnPython):
    """The same, with something wrong between it and the server: what is to be noticed.

    One event of each socket, the fifth of a chat or of a stream, is dropped, comes twice, or behind the next
    one; `code`: each end has another code.
    """

    FAULTS = ("drop", "double", "swap", "code")

    def __init__(self, url: str, fault: str) -> None:
        super().__init__(url)
        self.name = f"{super().name}, with {fault}"
        self._fault = fault
        self._held: dict[int, Frame] = {}  # by socket, what comes behind the next event

    def take(self, line: Frame) -> None:
        for each in self._mislead(line):
            super().take(each)

    def _mislead(self, line: Frame) -> list[Frame]:
        if line["event"] == "close":
            return [line | {"code": 1000}] if self._fault == "code" else [line]
        frame = line.get("frame", {})
        position = frame.get("seq", frame.get("user_seq"))
        if position is None or frame["type"] == "hello":
            return [line]
        if held := self._held.pop(line["n"], None):
            return [line, held]
        if position != 5:
            return [line]
        match self._fault:
            case "drop":
                return []
            case "double":
                return [line, line]
            case "swap":
                self._held[line["n"]] = line
                return []
        return [line]


class OnNode(Visitor):
    """In a process of Node; this one is npm's `ws`."""

    name = "npm ws"
    kind = "ws"

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url)
        self._folder = folder

    async def start(self) -> None:
        words = ["node", "conformance.js", self.kind]
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *words, cwd=self._folder, stdin=pipe, stdout=pipe, limit=2**22
        )
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            self.take(json.loads(line))

    async def tell(self, what: str, **told: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": what, **told}).encode() + b"\n")

    async def end(self) -> None:
        self._process.kill()
        await self._process.wait()
        await self._reading


class OnSocketIO(OnNode):
    name = "socket.io-client"
    kind = "socketio"
    ways = ("auth: token", "auth: ticket", "header", "ticket")
    paths = {
        "everything": "/socket.io/",
        "everything, older": "/api/messages/ws/",
        "a chat": None,
        "a chat, older": "/api/chat/{chat}/ws/",
    }

    def _how(self, way: str, proof: str, path: str) -> Frame:
        how = {
            "auth: token": {"auth": {"token": proof}},
            "auth: ticket": {"auth": {"ticket": proof}},
            "header": {"headers": {"Authorization": f"Bearer {proof}"}},
            "ticket": {"query": {"ticket": proof}},
        }
        return {"url": self.url, "path": path} | how[way]


class InChromium(Visitor):
    """The browser's own WebSocket, on a page of the server, so that its `Origin` is the server's."""

    name = "Chromium"
    ways = ("subprotocol", "ticket", "first frame")  # a page can't set headers

    async def start(self) -> None:
        self._wire = asyncio.Lock()  # one call at a time
        self._browser = await asyncio.to_thread(Browser().__enter__)
        script = (NODE / "sockets.js").read_text().replace("export ", "")
        # The page's policy is for what the page itself does; it has nothing that opens sockets.
        await self._call(self._browser.call, "Page.setBypassCSP", enabled=True)
        await self._call(self._browser.open, f"{self.url}/api/health")
        made = "window.told = []; window.sockets = nativeSockets(WebSocket, (line) => told.push(line)); 0"
        await self._call(self._browser.ask, f"{script}\n{made}")
        self._polling = asyncio.create_task(self._poll())

    async def _call(self, call: Callable[..., Any], *words: Any, **more: Any) -> Any:
        async with self._wire:
            return await asyncio.to_thread(call, *words, **more)

    async def _poll(self) -> None:
        while True:
            for line in await self._call(self._browser.ask, "told.splice(0)"):
                self.take(line)
            await asyncio.sleep(POLLED_EVERY)

    async def tell(self, what: str, **told: Any) -> None:
        await self._call(self._browser.ask, f"sockets.{what}({json.dumps(told)}), 0")

    async def end(self) -> None:
        self._polling.cancel()
        await asyncio.wait([self._polling])
        await self._call(self._browser.__exit__)
