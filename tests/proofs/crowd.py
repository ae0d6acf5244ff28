"""Members of a chat as the proofs need them: they know the public API and nothing else, and never give up."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import websockets

PASSWORD = "a caravan of seven camels"  # noqa: S105 (of nobody)
PAUSE = 0.1  # seconds before the next try at a server that is gone
PATIENCE = 10  # seconds for an answer
NODE = Path(__file__).parent / "node"

ENDED = {4400, 4401, 4403}  # close codes after which a client does not come back by itself
LOST = (OSError, TimeoutError, websockets.WebSocketException, httpx.TransportError)


class Violated(Exception):
    """The server broke its word."""


def carry_out(proof: Callable[[Path], Coroutine[Any, Any, None]], *, with_node: bool = True) -> None:
    """Run *proof* in a folder of its own, with the clients from npm; exits 1 and says what was violated."""
    with tempfile.TemporaryDirectory(prefix="serai-proof-") as folder:
        if with_node:
            NodeReader.install(Path(folder))
        try:
            asyncio.run(proof(Path(folder)))
        except* Violated as violated:
            for each in violated.exceptions:
                print(f"VIOLATED: {each}", file=sys.stderr)
            sys.exit(1)


@dataclass
class Heard:
    """What came to one member, in the order in which it came.

    A client that is slow to ask for what it missed hears what is new before it is answered. It holds what is
    beyond its next position, and drops what comes again (docs/live.md, steps 5 and 6). Once it is answered
    nothing may come early or again.

    Attributes:
        again: frames that were dropped.
    """

    name: str
    position: int = 0
    seqs: list[int] = field(default_factory=list)
    messages: dict[int, str] = field(default_factory=dict)  # seq to id
    connections: int = 0
    resumed: int = 0
    replayed: int = 0
    again: int = 0
    _is_replay: bool = False
    _early: list[dict[str, Any]] = field(default_factory=list)

    def note(self, frame: dict[str, Any]) -> None:
        """Take in a frame of the chat, as both kinds of reader tell it."""
        match frame["type"]:
            case "resumed":
                self.resumed += 1
                self._is_replay = False
                early, self._early = self._early, []
                for each in early:
                    if each["seq"] > self.position:
                        self._add(each)
            case "reset":
                raise Violated(f"{self.name}: reset, though nothing is older than a minute")
            case _ if self._is_replay and frame["seq"] > self.position + 1:
                self._early.append(frame)
            case _ if self._is_replay and frame["seq"] <= self.position:
                self.again += 1
            case _:
                self.replayed += self._is_replay
                self._add(frame)

    def _add(self, frame: dict[str, Any]) -> None:
        self.seqs.append(frame["seq"])
        self.position = max(self.position, frame["seq"])
        self.messages[frame["seq"]] = frame["message"]

    def begin(self) -> None:
        self.connections += 1
        self._early.clear()
        self._is_replay = True


def event_of(frame: dict[str, Any], chat: str) -> dict[str, Any] | None:
    """What `Heard.note` takes of an event in the log of this chat; None if *frame* is none."""
    if frame.get("chat") != chat or "seq" not in frame:
        return None
    return {"type": frame["type"], "seq": frame["seq"], "message": frame["data"].get("id")}


class Member:
    """Somebody with one account, a REST client and one socket, which comes back as often as it is lost.

    Args:
        urls: addresses of servers; the next is tried when one does not answer.
    """

    def __init__(self, name: str, urls: Sequence[str]) -> None:
        self.name = name
        self.email = f"{name}@serai.example"
        self.password = PASSWORD
        self.urls = list(urls)
        self.heard = Heard(name)
        self.chat = ""
        self.repeats = 0
        self.refused: Counter[int] = Counter()  # answers that a server out of order gave, by their status
        self.saw_typing = 0.0  # when, by time.monotonic()
        self._commands = 0
        self._rest = httpx.AsyncClient(timeout=PATIENCE)
        self._socket: websockets.ClientConnection | None = None
        self._is_open = asyncio.Event()
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, refused or not; a server that is gone is an error for the caller."""
        return await self._rest.request(method, f"{self.urls[0]}/api/v1/{path}", **more)

    async def sign_up(self) -> None:
        """Register, follow the mailed link, sign in."""
        body = {"email": self.email, "password": self.password, "username": self.name}
        (await self.call("POST", "auth/register", json=body)).raise_for_status()
        token = await self._mailed_token()
        (await self.call("POST", "auth/verify-email", json={"token": token})).raise_for_status()
        await self.sign_in()

    async def sign_in(self) -> None:
        body = {"email": self.email, "password": self.password}
        answer = (await self.call("POST", "auth/login", json=body)).raise_for_status().json()
        self.access, self.refresh = answer["access"], answer["refresh"]
        self.session, self.device = answer["session"], answer["device"]
        self._rest.headers["Authorization"] = f"Bearer {self.access}"
        self.id = (await self.call("GET", "users/me")).raise_for_status().json()["id"]

    async def renew(self) -> None:
        """A newer access token, asked for until there is one: each is good for five minutes."""
        while True:
            try:
                answer = await self.call("POST", "auth/refresh", json={"refresh": self.refresh})
            except httpx.TransportError:
                self._turn()
            else:
                if answer.status_code == 200:
                    break
                if answer.status_code < 500:
                    raise Violated(f"{self.name}: refreshed with {answer.status_code} {answer.text}")
            await asyncio.sleep(PAUSE)
        self.access, self.refresh = answer.json()["access"], answer.json()["refresh"]
        self._rest.headers["Authorization"] = f"Bearer {self.access}"

    async def _mailed_token(self) -> str:
        while not (found := await self.mailed(r"verify-email/(\S+)")):
            await asyncio.sleep(PAUSE)
        return found

    async def mailed(self, wanted: str) -> str | None:
        """The first group of *wanted* in the newest mail to this member that has it."""
        page = await self._rest.get(f"{self.urls[0]}/dev/outbox", headers={"Accept": "application/json"})
        for mail in page.raise_for_status().json()["results"]:
            if mail["to"] == self.email and (found := re.search(wanted, mail["text"])):
                return found[1]
        return None

    def _turn(self) -> None:
        self.urls.append(self.urls.pop(0))

    # --- Hearing --------------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Hear the chat, for ever."""
        epoch = None
        while True:
            try:
                async with websockets.connect(
                    f"{self.urls[0].replace('http', 'ws', 1)}/ws",
                    subprotocols=[websockets.Subprotocol("serai.v1")],
                    additional_headers={"Authorization": f"Bearer {self.access}"},
                    open_timeout=PATIENCE,
                    proxy=None,
                ) as socket:
                    async with asyncio.timeout(PATIENCE):
                        hello = json.loads(await socket.recv())
                    epoch = epoch or hello["epoch"]
                    self.heard.begin()
                    asked = {"type": "resume", "epoch": epoch, "chats": {self.chat: self.heard.position}}
                    await socket.send(json.dumps(asked))
                    self._socket = socket
                    async for text in socket:
                        self._take(json.loads(text))
            except LOST as lost:
                if isinstance(lost, websockets.ConnectionClosed) and lost.rcvd and lost.rcvd.code in ENDED:
                    raise Violated(f"{self.name}: closed with {lost.rcvd}, and told to stay away") from lost
            finally:
                self._socket = None
                self._is_open.clear()
                for answer in self._answers.values():
                    if not answer.done():
                        answer.set_exception(ConnectionError("the socket was lost"))
            self._turn()
            await asyncio.sleep(PAUSE)

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] in ("ack", "error"):
            answer = self._answers.get(frame["id"])
            if answer and not answer.done():
                answer.set_result(frame)
        elif frame["type"] == "reset" or frame["type"] == "resumed":
            self.heard.note(frame)
            self._is_open.set()
        elif frame["type"].startswith("typing."):
            self.saw_typing = time.monotonic()
        elif (event := event_of(frame, self.chat)) is not None:
            self.heard.note(event)

    # --- Saying ---------------------------------------------------------------------------------------------

    async def send(self, client_id: str, *, by_socket: bool) -> None:
        """Send one message, and again under the same client id until it is acknowledged."""
        data = {"client_id": client_id, "text": f"This is {client_id}."}
        while True:
            try:
                await (self._send_by_socket(data) if by_socket else self._send_by_rest(data))
                return
            except LOST:
                self.repeats += 1
                await asyncio.sleep(PAUSE)

    async def _send_by_socket(self, data: dict[str, str]) -> None:
        answered = await self.command("message.send", {"chat": self.chat} | data)
        if answered["type"] != "ack":
            self._judge(answered["error"]["status"], answered)

    async def command(self, type_: str, data: dict[str, Any]) -> dict[str, Any]:
        """Say one command on the socket that `listen` has open, and wait for its `ack` or `error`."""
        async with asyncio.timeout(PATIENCE):
            await self._is_open.wait()
            if self._socket is None:
                raise ConnectionError("the socket was lost")
            self._commands += 1
            id_ = f"{type_}-{self._commands}"
            answer = self._answers[id_] = asyncio.get_running_loop().create_future()
            try:
                await self._socket.send(json.dumps({"type": type_, "id": id_, "data": data}))
                return await answer
            finally:
                del self._answers[id_]
                if answer.done() and not answer.cancelled():
                    answer.exception()  # known by now: where saying it failed, nobody awaits the answer

    async def _send_by_rest(self, data: dict[str, str]) -> None:
        try:
            response = await self.call("POST", f"chats/{self.chat}/messages", json=data)
        except httpx.TransportError:
            self._turn()
            raise
        if response.status_code not in (200, 201):
            self._judge(response.status_code, response.text)

    def _judge(self, status: int, answer: Any) -> None:
        """What a message met instead of its acknowledgement: trouble of the server, or our own mistake."""
        if status < 500:
            raise Violated(f"{self.name}: {status} {answer}")
        self.refused[status] += 1
        raise ConnectionError(f"{status}: try again")

    async def history(self) -> list[dict[str, Any]]:
        """The whole chat, page by page."""
        messages: list[dict[str, Any]] = []
        while True:
            after = messages[-1]["seq"] if messages else 0
            query = {"after": after, "limit": 200}
            page = await self.call("GET", f"chats/{self.chat}/messages", params=query)
            messages += page.raise_for_status().json()["results"]
            if not page.json()["has_after"]:
                return messages

    async def close(self) -> None:
        await self._rest.aclose()


class NodeReader:
    """A member whose socket is Node's `ws`."""

    def __init__(self, member: Member, folder: Path) -> None:
        self.member = member
        self.heard = Heard(f"{member.name} (Node)")
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    @staticmethod
    def install(folder: Path) -> None:
        """Fetch the package `ws` into a folder that goes away."""
        for file in NODE.iterdir():
            if file.is_file():
                shutil.copy(file, folder)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
        subprocess.run(npm, cwd=folder, check=True)  # noqa: S603 (our own words)

    async def renew(self) -> None:
        """A newer access token, which Node takes for its next connection."""
        await self.member.renew()
        assert self._process
        assert self._process.stdin
        self._process.stdin.write(self.member.access.encode() + b"\n")

    async def listen(self) -> None:
        urls = [url.replace("http", "ws", 1) for url in self.member.urls]
        process = self._process = await asyncio.create_subprocess_exec(
            "node",
            "reader.js",
            self.member.chat,
            self.member.access,
            *urls,
            cwd=self._folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout
        try:
            while line := await process.stdout.readline():
                frame = json.loads(line)
                if frame["type"] == "hello":
                    self.heard.begin()
                else:
                    self.heard.note(frame)
            raise Violated("the Node reader ended")
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def gather_group(members: Sequence[Member]) -> str:
    """Sign everybody up and put them in one group."""
    for member in members:
        await member.sign_up()
    first, *others = members
    body = {"type": "group", "title": "Wadi Rum", "participants": [member.id for member in others]}
    chat: str = (await first.call("POST", "chats", json=body)).raise_for_status().json()["id"]
    for member in members:
        member.chat = chat
    return chat


async def send_all(sender: Member, count: int, at_once: int, sent: list[str]) -> None:
    """Send *count* messages, REST and socket in turn, *at_once* on their way; note the acknowledged."""
    waiting = iter(range(count))

    async def one_after_the_other() -> None:
        for number in waiting:
            client_id = f"{sender.name}-{number}"
            await sender.send(client_id, by_socket=number % 2 == 0)
            sent.append(client_id)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one_after_the_other())


async def everybody_has(heard: Sequence[Heard], newest: int, *, within: float) -> None:
    try:
        async with asyncio.timeout(within):
            while any(each.position < newest for each in heard):
                await asyncio.sleep(0.02)
    except TimeoutError:
        where = {each.name: each.position for each in heard}
        raise Violated(f"not everybody has {newest} after {within} s: {where}") from None


def check(heard: Sequence[Heard], history: list[dict[str, Any]], sent: Sequence[str]) -> None:
    """Everybody heard 1…n in order, no gap and no double, and the history says the same.

    Raises:
        Violated
    """
    whole = list(range(1, len(sent) + 1))
    if [message["seq"] for message in history] != whole:
        raise Violated(f"the history is not 1…{len(sent)}")
    if sorted(message["client_id"] for message in history) != sorted(sent):
        raise Violated("the history is not what was sent")
    ids = {message["seq"]: message["id"] for message in history}
    for each in heard:
        if each.seqs != whole:
            missing, doubled = set(whole) - set(each.seqs), len(each.seqs) - len(set(each.seqs))
            raise Violated(
                f"{each.name} heard {len(each.seqs)} of {len(whole)}: {sorted(missing)[:10]} missing, "
                f"{doubled} doubled, {'in' if each.seqs == sorted(each.seqs) else 'out of'} order"
            )
        if each.messages != ids:
            raise Violated(f"{each.name} heard other messages than the history has")


def report(heard: Sequence[Heard]) -> None:
    for each in heard:
        print(
            f"  {each.name:<18} 1…{each.position}, {each.connections} connections, "
            f"{each.resumed} times resumed, {each.replayed} events replayed, {each.again} dropped"
        )
