"""Proof: the real `socket.io-client` 4 and native sockets meet in one chat, and nobody misses anything.

`make prove-socketio` (ARGS="--messages 600"). Clients on Node (polling alone, WebSocket alone, polling that
changes to WebSocket) and native ones: first every promise one by one, then a conversation through `kill -9`,
then two processes on PostgreSQL and Redis, of which one is killed. Exit code 1 if they broke their word.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.crowd import (  # noqa: E402
    Heard,
    Member,
    Violated,
    carry_out,
    check,
    everybody_has,
    gather_group,
    report,
    send_all,
)
from tests.proofs.databases import database_of_its_own  # noqa: E402

KINDS = ("polling", "websocket", "both")
WITHIN = 20  # seconds for what is due
PATIENCE = 240  # seconds for a start of the server
Line = dict[str, Any]


class Visitor:
    """socket.io-client on Node, in a process of its own."""

    def __init__(self, kind: str, member: Member, folder: Path, *, token: str = "", path: str = "") -> None:
        self.kind = kind
        self.member = member
        self.heard = Heard(f"{member.name} (Socket.IO, {kind})")
        self.lines: list[Line] = []
        self._words = [kind, member.chat, token or member.access, *(url + path for url in member.urls)]
        self._folder = folder
        self._number = 0
        self._came = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> "Visitor":
        self.process = await asyncio.create_subprocess_exec(
            "node",
            "socketio.js",
            *self._words,
            cwd=self._folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            said = json.loads(line)
            if said["type"] == "hello":
                self.heard.begin()
            elif said["type"] in ("resumed", "reset") or "seq" in said:
                self.heard.note(said)
            async with self._came:
                self.lines.append(said)
                self._came.notify_all()

    async def wait(self, what: str, is_it: Callable[[Line], bool], *, after: int = 0) -> Line:
        """The first line that is it, among those after the first *after*."""
        try:
            async with asyncio.timeout(WITHIN), self._came:
                while not (found := [line for line in self.lines[after:] if is_it(line)]):
                    await self._came.wait()
                return found[0]
        except TimeoutError:
            raise Violated(f"{self.heard.name}: no {what}; {self.lines[-5:]}") from None

    async def until(self, type_: str, *, after: int = 0) -> Line:
        return await self.wait(type_, lambda line: line["type"] == type_, after=after)

    async def ask(self, name: str, data: Any) -> Any:
        """Emit, and the acknowledgement."""
        self._number += 1
        number = self._number
        assert self.process.stdin
        said = json.dumps({"emit": name, "data": data, "id": number}) + "\n"
        self.process.stdin.write(said.encode())
        line = await self.wait(f"answer to {name}", lambda each: each.get("id") == number)
        if line["type"] != "answer":
            raise Violated(f"{self.heard.name}: {name} was not acknowledged")
        return line["data"]

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        if self._reading:
            await self._reading


def expect(condition: object, what: str) -> None:
    if not condition:
        raise Violated(what)


async def prove_promises(folder: Path) -> None:
    """One by one: coming in, acknowledgements, refusals, typing, resume, one chat, ends."""
    server = LiveServer(folder / "promises")
    await asyncio.to_thread(server.start, within=PATIENCE)
    try:
        native, guest, leaver = members = [
            Member(name, [server.url]) for name in ("layla-proof", "guest", "leaver")
        ]
        chat = await gather_group(members)
        talk = asyncio.create_task(native.listen())
        visitors = [await Visitor(kind, guest, folder).start() for kind in KINDS]
        for visitor in visitors:
            await visitor.until("resumed")
        transports = {
            visitor.kind: [line["name"] for line in visitor.lines if line["type"] == "transport"]
            for visitor in visitors
        }
        print(f"transports: {transports}")
        await visitors[2].wait("upgrade", lambda line: line.get("name") == "websocket")
        for visitor in visitors:
            data = {"chat": chat, "text": f"By {visitor.kind}", "client_id": visitor.kind}
            expect((await visitor.ask("message.send", data))["seq"], "a message is acknowledged")
            refused = await visitor.ask("message.send", {"chat": chat, "text": ""})
            expect(refused["error"]["code"] == "invalid", "a refusal is acknowledged")
            unknown = await visitor.ask("nothing.such", {})
            expect(unknown["error"]["code"] == "unknown_command", "an unknown command is refused")
            for command in unknown["error"]["known"]:
                answer = await visitor.ask(command, {"nonsense": True}) if command != "auth" else {"time": 1}
                expect({"error", "time", "session"} & answer.keys(), f"{command} is answered: {answer}")
            expect((await visitor.ask("auth", {"token": guest.access}))["session"], "auth is acknowledged")
            resumed = await visitor.ask("resume", {"chats": {chat: 0}})
            expect(resumed["chats"][chat]["seq"], "resume is acknowledged")
        await native.send("by-native", by_socket=True)
        for visitor in visitors:
            await visitor.wait("message of a native socket", lambda line: line.get("seq") == 4)
        print(f"{len(unknown['error']['known'])} commands, each answered over each transport")
        await prove_doors(folder, server, guest, leaver)
        started = time.monotonic()
        revoked = await guest.call("DELETE", f"auth/sessions/{guest.session}")
        expect(revoked.status_code == 204, f"a session is revoked: {revoked.status_code}")
        for visitor in visitors:
            closing = await visitor.until("closing")
            expect(closing["frame"] == {"code": 4401, "name": "NOT_AUTHENTICATED"}, f"told why: {closing}")
            gone = await visitor.until("disconnect")
            expect(gone["reason"] == "io server disconnect", f"and not to come back: {gone}")
        print(f"a revoked session ends all three within {1000 * (time.monotonic() - started):.0f} ms")
        last = [await Visitor(kind, leaver, folder).start() for kind in KINDS]
        for visitor in last:
            await visitor.until("resumed")
        await asyncio.to_thread(server.stop, signal.SIGTERM)
        for visitor in last:
            expect((await visitor.until("going_away"))["frame"]["delay"], "sent away with a delay")
        said = [len(visitor.lines) for visitor in last]
        await asyncio.to_thread(server.start, within=PATIENCE)
        for visitor, lines in zip(last, said, strict=True):
            await visitor.until("resumed", after=lines)
        print("SIGTERM: all three were told to go, and came back by themselves")
        for visitor in [*visitors, *last]:
            await visitor.end()
        talk.cancel()
        await asyncio.wait([talk])
        for member in members:
            await member.close()
        expect("Traceback" not in server.log, server.log)
    finally:
        server.kill()


async def prove_doors(folder: Path, server: LiveServer, guest: Member, leaver: Member) -> None:
    for kind in KINDS:
        nobody = await Visitor(kind, guest, folder, token="nonsense").start()  # noqa: S106 (of nobody)
        refused = await nobody.until("connect_error")
        expect((refused.get("data") or {}).get("code") == "not_authenticated", f"refused: {refused}")
        await nobody.end()
        for path in ("/api/messages/ws/", f"/api/chat/{guest.chat}/ws/"):
            there = await Visitor(kind, guest, folder, path=path).start()
            await there.until("resumed")
            expect("time" in await there.ask("ping", {}), f"{path} answers")
            await there.end()
    alone = (await leaver.call("POST", "chats", json={"type": "group", "title": "Petra"})).json()["id"]
    outsider = await Visitor("both", guest, folder, path=f"/api/chat/{alone}/ws/").start()
    refused = await outsider.until("connect_error")
    expect(refused["data"]["code"] == "not_allowed", f"a chat of others: {refused}")
    await outsider.end()
    print("a token of nobody and a chat of others are refused with the problem; older paths work")


async def talk_through(
    members: list[Member],
    visitors: list[Visitor],
    messages: int,
    kill: Callable[[], Any],
) -> None:
    """A conversation of native senders, REST and socket in turn, that is interrupted in its middle."""
    heard = [member.heard for member in members] + [visitor.heard for visitor in visitors]
    sent: list[str] = []
    listening = [asyncio.create_task(member.listen()) for member in members]
    for visitor in visitors:
        await visitor.start()
    while any(each.resumed == 0 for each in heard):
        await asyncio.sleep(0.02)
    started = time.monotonic()
    talking = [asyncio.create_task(send_all(member, messages // len(members), 4, sent)) for member in members]
    while len(sent) < messages // 2:
        await asyncio.sleep(0.005)
    await kill()
    await asyncio.gather(*talking)
    said = time.monotonic() - started
    await everybody_has(heard, len(sent), within=30)
    took = time.monotonic() - started
    check(heard, await members[-1].history(), sent)
    print(
        f"{len(sent)} messages: {said:.1f} s; everybody had all {took - said:.2f} s after the last "
        f"acknowledgement"
    )
    report(heard)
    for task in listening:
        task.cancel()
    await asyncio.wait(listening)
    for visitor in visitors:
        await visitor.end()
    for member in members:
        await member.close()


async def prove_kill(folder: Path, messages: int) -> None:
    server = LiveServer(folder / "kill")
    await asyncio.to_thread(server.start, within=PATIENCE)
    try:
        members = [Member(name, [server.url]) for name in ("layla-proof", "omar-proof")]
        guests = [Member(f"guest-{kind}", [server.url]) for kind in KINDS]
        await gather_group([*members, *guests])
        visitors = [Visitor(kind, guest, folder) for kind, guest in zip(KINDS, guests, strict=True)]

        async def kill() -> None:
            server.kill()
            print(f"kill -9; up again in {await asyncio.to_thread(server.start, within=PATIENCE):.1f} s")

        await talk_through(members, visitors, messages, kill)
        for guest in guests:
            await guest.close()
    finally:
        server.kill()


async def prove_two(folder: Path, database: str, messages: int) -> None:
    """Two processes, WebSocket-only clients on both; one process dies."""
    shared = {
        "DATABASE_URL": database,
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": f"serai-proof-{secrets.token_hex(4)}",
    }
    a, b = (LiveServer(folder / "two", **shared) for _ in range(2))
    try:
        for server in (a, b):
            await asyncio.to_thread(server.start, within=PATIENCE)
        on_a, on_b = [a.url, b.url], [b.url, a.url]
        members = [Member("layla-proof", on_a), Member("omar-proof", on_b)]
        guests = [Member("guest-a", on_a), Member("guest-b", on_b)]
        await gather_group([*members, *guests])

        async def kill() -> None:
            await asyncio.to_thread(a.kill)
            print("kill -9 of A")

        visitors = [Visitor("websocket", guest, folder) for guest in guests]
        await talk_through(members, visitors, messages, kill)
        for guest in guests:
            await guest.close()
    finally:
        a.kill()
        b.kill()


async def prove(folder: Path, *, messages: int) -> None:
    await prove_promises(folder)
    await prove_kill(folder, messages)
    with database_of_its_own(os.environ["DATABASE_URL"]) as database:
        await prove_two(folder, database, messages)
    print("Every member: 1…n, no gap, no double, and the history agrees.")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=300, help="of each conversation")
    given = vars(options.parse_args())
    carry_out(lambda folder: prove(folder, **given))


if __name__ == "__main__":
    main()
