"""Proof: four real clients find the live protocol as docs/live.md has it, each in all that is open to it.

`make prove-conformance`, against a server of its own; ARGS="--url https://…" against another one, with
three accounts (`--account EMAIL:PASSWORD`, three times) where it has no page of mails. Prints a table of
clients and expectations. Exit code 1 if one does not hold. Not in it: `too_old`, which from outside takes
seven days. ARGS="--fault drop" plants a fault, for one client: then it is 1 if all hold.
"""

import argparse
import asyncio
import os
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.crowd import Member, Violated, carry_out  # noqa: E402
from tests.proofs.databases import STARTS_WITHIN  # noqa: E402
from tests.proofs.visitors import (  # noqa: E402
    PROTOCOL,
    Connection,
    InChromium,
    Misled,
    OnNode,
    OnPython,
    OnSocketIO,
    Visitor,
)

OF_ITS_OWN = {"SOCKET_HEARTBEAT": "1", "LIMIT_SOCKET": "300/m"}  # soon, and soon reached
FRAMES_AT_MOST = 5000  # of a socket until it has to be closed with 4429
SETTLES_WITHIN = 0.7  # seconds in which what must not come would have come


class NotOpen(Exception):  # noqa: N818 (no error)
    """This client has no way to try it."""


@dataclass
class Stage:
    """A client, and who is there: Layla and Mina who share chats, Omar who is a stranger."""

    visitor: Visitor
    layla: Member
    mina: Member
    omar: Member
    opened: list[Connection] = field(default_factory=list)

    async def group(self, *, of: Member | None = None) -> str:
        """A fresh chat: Layla's with Mina, or of one alone."""
        others = [] if of else [self.mina.id]
        body = {"type": "group", "title": "Wadi Rum", "participants": others}
        made = await (of or self.layla).call("POST", "chats", json=body)
        chat: str = made.raise_for_status().json()["id"]
        return chat

    async def enter(self, member: Member, *, place: str = "everything", chat: str = "") -> Connection:
        """A connection of *member*, in the first way that the client has."""
        if self.visitor.paths[place] is None:
            raise NotOpen
        way = self.visitor.ways[0]
        self.opened.append(await self.visitor.open(way, member.access, place=place, chat=chat))
        return self.opened[-1]

    async def try_to_enter(self, way: str, proof: str, *, place: str = "everything", chat: str = "") -> int:
        """The code that it is closed with."""
        refused = await self.visitor.open(way, proof, place=place, chat=chat, greeted=False)
        return await refused.closed()

    async def leave(self) -> None:
        for connection in self.opened:
            if connection.code is None:
                await connection.close()
        self.opened.clear()


Expectation = Callable[[Stage], Awaitable[None]]
EXPECTATIONS: dict[str, Expectation] = {}


def expectation(title: str) -> Callable[[Expectation], Expectation]:
    def add(check: Expectation) -> Expectation:
        EXPECTATIONS[title] = check
        return check

    return add


def expect(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise Violated(f"{what}: {found!r}, not {wanted!r}")


# --- Coming in ----------------------------------------------------------------------------------------------


@expectation("in by each way, `hello` first")
async def comes_in(stage: Stage) -> None:
    for way in stage.visitor.ways:
        proof = stage.layla.access
        if "ticket" in way:
            answer = await stage.layla.call("POST", "auth/ws-ticket")
            proof = answer.raise_for_status().json()["ticket"]
        opened = await stage.visitor.open(way, proof)
        stage.opened.append(opened)
        hello = await opened.frame("hello")
        wanted = {"type", "session", "user_seq", "epoch", "heartbeat", "limits", "time"}
        expect(set(hello), wanted, f"hello by {way}")
        expect(hello["session"], stage.layla.session, f"the session by {way}")
        expect(opened.protocol or PROTOCOL, PROTOCOL, "the subprotocol")
        if "ticket" in way:
            expect(await stage.try_to_enter(way, proof), 4401, "a ticket for the second time")


@expectation("a token of nobody: 4401")
async def nobody_is_closed(stage: Stage) -> None:
    for way in stage.visitor.ways:
        expect(await stage.try_to_enter(way, "nonsense"), 4401, f"nonsense by {way}")


@expectation("each path")
async def each_path(stage: Stage) -> None:
    chat, other = await stage.group(), await stage.group()
    for place, path in stage.visitor.paths.items():
        if path is None:
            continue
        here = await stage.enter(stage.layla, place=place, chat=chat)
        sent = await here.ask("message.send", {"chat": chat, "client_id": uuid.uuid4().hex, "text": place})
        expect(sent["type"], "ack", f"a message by {path}")
        await here.frame("message.sent", chat=chat, seq=sent["data"]["seq"])
        elsewhere = {"client_id": uuid.uuid4().hex, "text": "elsewhere"}
        await stage.mina.call("POST", f"chats/{other}/messages", json=elsewhere)
        if "chat" in place:
            unnamed = {"client_id": uuid.uuid4().hex, "text": "without a chat"}
            expect((await here.ask("message.send", unnamed))["data"]["chat"], chat, "the chat of the path")
            expect(here.seqs(other), [], "of another chat")
        else:
            await here.until("frame of the other chat", lambda here=here: here.seqs(other))


# --- Saying and hearing -------------------------------------------------------------------------------------


@expectation("`ping` gives `pong`")
async def pings(stage: Stage) -> None:
    here = await stage.enter(stage.layla)
    answer = await here.ask("ping")
    expect((answer["type"], set(answer)), ("pong", {"type", "id", "time"}), "the answer")


@expectation("every send is acked, events come in order")
async def sends(stage: Stage) -> None:
    chat = await stage.group()
    here, there = await stage.enter(stage.layla), await stage.enter(stage.mina)
    await asyncio.sleep(SETTLES_WITHIN)  # live frames begin by themselves, without a command
    texts = [f"Number {number}" for number in range(20)]
    asked = [
        await here.say("message.send", {"chat": chat, "client_id": uuid.uuid4().hex, "text": text})
        for text in texts
    ]
    for connection in (here, there):
        expect(await connection.positions(chat, 20), list(range(1, 21)), "positions")
    acks = [await here.frame("ack", id=id_) for id_ in asked]
    said = {each["seq"]: each["data"] for each in there.frames if each.get("chat") == chat and "seq" in each}
    for ack, text in zip(acks, texts, strict=True):
        event = said[ack["data"]["seq"]]
        expect((event["id"], event["text"]), (ack["data"]["id"], text), "the event of an ack")
        expect(event["author"], stage.layla.id, "the author")
    expect(await here.positions(chat, 20), list(range(1, 21)), "positions, of the sender")


@expectation("the same `client_id` is the same message")
async def sends_again(stage: Stage) -> None:
    chat = await stage.group()
    here, there = await stage.enter(stage.layla), await stage.enter(stage.mina)
    message = {"chat": chat, "client_id": uuid.uuid4().hex, "text": "We leave at dawn."}
    first, again = await here.ask("message.send", message), await here.ask("message.send", message)
    expect(again["data"]["id"], first["data"]["id"], "the message of a repeat")
    del message["chat"]
    by_rest = await stage.layla.call("POST", f"chats/{chat}/messages", json=message)
    expect((by_rest.status_code, by_rest.json()["id"]), (200, first["data"]["id"]), "a repeat by REST")
    other = await here.ask("message.send", {"chat": chat, **message, "text": "We leave at noon."})
    expect(other["error"]["code"], "client_id_conflict", "another text")
    last = await here.ask("message.send", {"chat": chat, "client_id": uuid.uuid4().hex, "text": "Now."})
    expect(last["data"]["seq"], 2, "the position after repeats")
    expect(await there.positions(chat, 2), [1, 2], "positions")


@expectation("refusals carry the problem and the id")
async def refuses(stage: Stage) -> None:
    chat, strange = await stage.group(), await stage.group(of=stage.omar)
    here = await stage.enter(stage.layla)
    tried = [
        ("message.send", {"chat": chat, "client_id": "blank", "text": ""}, 400, "invalid"),
        ("message.send", {"chat": strange, "client_id": "strange", "text": "Hello?"}, 400, "invalid"),
        ("message.edit", {"message": str(uuid.uuid4()), "text": "Hello?"}, 400, "invalid"),
        ("presence.set", {"status": "asleep"}, 400, "invalid"),
        ("nothing.such", {}, 400, "unknown_command"),
    ]
    for command, data, status, code in tried:
        answer = await here.ask(command, data)
        expect(answer["type"], "error", f"the answer to {command}")
        expect(
            (answer["error"]["status"], answer["error"]["code"]), (status, code), f"the refusal of {command}"
        )
    answer = await here.ask("resume", chats={chat: -1})
    expect(answer["error"]["code"], "invalid", "a position below zero")
    expect(here.seqs(chat), [], "what a refusal tells")


@expectation("typing passes to the others")
async def types(stage: Stage) -> None:
    chat = await stage.group()
    here, there = await stage.enter(stage.layla), await stage.enter(stage.mina)
    await there.ask("ping")  # live frames flow from the first command on
    for command in ("typing.start", "typing.stop"):
        expect((await here.ask(command, {"chat": chat}))["type"], "ack", f"the answer to {command}")
        passed = await there.frame(command, chat=chat)
        expect(passed["data"]["user"], stage.layla.id, "who types")
        expect("seq" in passed, False, "a position")
    expect(passed["data"], {"user": stage.layla.id}, "who stops")


@expectation("presence is told, and kept")
async def is_here(stage: Stage) -> None:
    await stage.group()
    here, there = await stage.enter(stage.layla), await stage.enter(stage.mina)
    await there.ask("ping")
    for status in ("busy", "online"):
        answer = await here.ask("presence.set", {"status": status})
        expect(answer["data"], {"status": status, "presence": status}, "the ack")

        def told(status: str = status) -> bool:
            return any(
                each["type"] == "user.online" and each["data"] == {"user": stage.layla.id, "presence": status}
                for each in there.frames
            )

        await there.until(f"user.online with {status}", told)
        kept = await stage.mina.call("GET", "presence", params={"users": stage.layla.id})
        expect(status in kept.text, True, f"{status} by REST")


@expectation("read marks move, on all devices")
async def reads(stage: Stage) -> None:
    chat = await stage.group()
    here, device, there = [await stage.enter(each) for each in (stage.layla, stage.layla, stage.mina)]
    for each in (device, there):
        await each.ask("ping")
    for text in ("One", "Two", "Three"):
        message = {"client_id": uuid.uuid4().hex, "text": text}
        (await stage.mina.call("POST", f"chats/{chat}/messages", json=message)).raise_for_status()
    await here.positions(chat, 3)
    delivered = await here.ask("message.delivered", {"chat": chat, "seq": 3})
    expect(delivered["data"], {"chat": chat, "delivered_seq": 3}, "message.delivered")
    first = await here.ask("message.read", {"chat": chat, "seq": 2})
    expect((first["data"]["read_seq"], first["data"]["unread_count"]), (2, 1), "what is read")
    back = await here.ask("message.read", {"chat": chat, "seq": 1})
    expect(back["data"]["read_seq"], 2, "a mark that would move back")
    heard = await there.frame("message.read", chat=chat)
    expect(heard["data"], {"user": stage.layla.id, "read_seq": 2}, "what the others hear")
    moved = await device.frame("mark.moved")
    expect((moved["data"]["chat"], moved["data"]["read_seq"]), (chat, 2), "what the own devices hear")
    resumed = await device.ask("resume", chats={chat: 3})
    place = resumed["chats"][chat]
    expect((place["read_seq"], place["unread_count"]), (2, 1), "the mark in `resumed`")


@expectation("a heartbeat names what moved")
async def beats(stage: Stage) -> None:
    chat = await stage.group()
    here = await stage.enter(stage.layla)
    every = (await here.frame("hello"))["heartbeat"] / 1000
    sent = await here.ask("message.send", {"chat": chat, "client_id": uuid.uuid4().hex, "text": "Tick."})
    position = sent["data"]["seq"]

    def named() -> bool:
        return any(
            each["type"] == "heartbeat" and each["chats"].get(chat) == position for each in here.frames
        )

    await here.until("heartbeat that names it", named, within=2 * every + 10)


# --- Coming back --------------------------------------------------------------------------------------------


async def eventful(stage: Stage) -> tuple[str, list[str]]:
    """A chat in which something of most kinds happened, and the types of its events in order."""
    chat = await stage.group()
    here = await stage.enter(stage.layla)
    sent = [
        await here.ask("message.send", {"chat": chat, "client_id": uuid.uuid4().hex, "text": text})
        for text in ("One", "Two", "Three")
    ]
    first, second, third = (each["data"]["id"] for each in sent)
    await here.ask("message.edit", {"message": second, "text": "Two, at noon"})
    await here.ask("reaction.add", {"message": first, "emoji": "👍"})
    await here.ask("reaction.remove", {"message": first, "emoji": "👍"})
    await here.ask("message.delete", {"message": third, "for": "all"})
    (await stage.layla.call("PATCH", f"chats/{chat}", json={"title": "Petra"})).raise_for_status()
    added = await stage.layla.call("POST", f"chats/{chat}/participants", json={"users": [stage.omar.id]})
    if added.status_code not in (200, 201):
        raise Violated(f"Omar is added: {added.status_code} {added.text}")
    gone = await stage.layla.call("DELETE", f"chats/{chat}/participants/{stage.omar.id}")
    expect(gone.status_code, 204, "Omar is removed")
    types = ["message.sent"] * 3 + [
        "message.updated",
        "reaction.added",
        "reaction.removed",
        "message.deleted",
    ]
    types += ["chat.updated", "participant.added", "participant.removed"]
    await here.positions(chat, len(types))
    expect(
        [each["type"] for each in here.frames if each.get("chat") == chat and "seq" in each], types, "live"
    )
    return chat, types


@expectation("resume at every index, and with zero events")
async def resumes(stage: Stage) -> None:
    chat, types = await eventful(stage)
    newest = len(types)
    for position in range(newest + 1):
        back = await stage.enter(stage.mina)
        epoch = (await back.frame("hello"))["epoch"]
        resumed = await back.ask("resume", epoch=epoch, chats={chat: position})
        missed = [each for each in back.frames if each.get("chat") == chat and "seq" in each]
        expect([each["seq"] for each in missed], list(range(position + 1, newest + 1)), f"after {position}")
        expect([each["type"] for each in missed], types[position:], f"kinds after {position}")
        expect(resumed["chats"][chat]["seq"], newest, f"`resumed` after {position}")
        expect(any(each["type"] == "reset" for each in back.frames), False, "a reset")
        await back.close()
    fresh = await stage.group()
    here = await stage.enter(stage.layla)
    resumed = await here.ask("resume", chats={fresh: 0})
    expect((resumed["chats"][fresh]["seq"], here.seqs(fresh)), (0, []), "a chat in which nothing happened")


@expectation("resume of one's own stream, at every index")
async def resumes_own(stage: Stage) -> None:
    here = await stage.enter(stage.mina)
    start = (await here.frame("hello"))["user_seq"]
    for _ in range(4):
        await stage.group()
    await here.until("chat.added", lambda: len([e for e in here.frames if e["type"] == "chat.added"]) >= 4)
    newest = max(each["user_seq"] for each in here.frames if "user_seq" in each)
    for position in range(start, newest + 1):
        back = await stage.enter(stage.mina)
        resumed = await back.ask("resume", user=position)
        missed = [each["user_seq"] for each in back.frames[1:] if "user_seq" in each]
        expect(missed, list(range(position + 1, newest + 1)), f"after {position}")
        expect(resumed["user"], newest, f"`resumed` after {position}")
        await back.close()


@expectation("another epoch, or a position ahead: reset")
async def resets(stage: Stage) -> None:
    chat, _ = await eventful(stage)
    back = await stage.enter(stage.mina)
    await back.ask("resume", epoch=str(uuid.uuid4()), chats={chat: 1}, user=0)
    found = [each for each in back.frames if each["type"] == "reset"]
    wanted = [{"type": "reset", "chats": [chat], "reason": "epoch"}]
    expect(found, [*wanted, {"type": "reset", "user": True, "reason": "epoch"}], "of another epoch")
    expect(back.seqs(chat), [], "replayed")
    ahead = await stage.enter(stage.mina)
    await ahead.ask("resume", chats={chat: 1_000_000})
    expect([each for each in ahead.frames if each["type"] == "reset"], wanted, "of a position ahead")


@expectation("who was removed has what was for them, no more")
async def removed(stage: Stage) -> None:
    chat = await stage.group()
    here = await stage.enter(stage.layla)
    await here.ask("message.send", {"chat": chat, "client_id": uuid.uuid4().hex, "text": "One"})
    gone = await stage.layla.call("DELETE", f"chats/{chat}/participants/{stage.mina.id}")
    expect(gone.status_code, 204, "removing Mina")
    await here.ask("message.send", {"chat": chat, "client_id": uuid.uuid4().hex, "text": "Secret"})
    for position in range(3):
        back = await stage.enter(stage.mina)
        resumed = await back.ask("resume", chats={chat: position})
        expect(back.seqs(chat), list(range(position + 1, 3)), f"after {position}")
        expect(chat in resumed["chats"], False, "the chat in `resumed`")
        await back.close()


# --- Ends ---------------------------------------------------------------------------------------------------


@expectation("what is no frame: 4400")
async def garbage(stage: Stage) -> None:
    here = await stage.enter(stage.layla)
    await here.garbage()
    expect(await here.closed(), 4400, "closed with")


@expectation("the session ends: 4401")
async def session_ends(stage: Stage) -> None:
    phone = Member(stage.layla.name, stage.layla.urls)
    phone.email, phone.password = stage.layla.email, stage.layla.password
    await phone.sign_in()
    here = await stage.enter(phone)
    (await stage.layla.call("DELETE", f"auth/sessions/{phone.session}")).raise_for_status()
    expect(await here.closed(), 4401, "closed with")
    await phone.close()


@expectation("a chat of others: 4403")
async def strange_chat(stage: Stage) -> None:
    strange = await stage.group(of=stage.omar)
    for place, path in stage.visitor.paths.items():
        if path and "{chat}" in path:
            for chat in (strange, str(uuid.uuid4())):
                code = await stage.try_to_enter(
                    stage.visitor.ways[0], stage.layla.access, place=place, chat=chat
                )
                expect(code, 4403, f"{path} of a chat of others")


@expectation("removed from the chat of the socket: 4403")
async def removed_here(stage: Stage) -> None:
    chat = await stage.group()
    here = await stage.enter(stage.mina, place="a chat, older", chat=chat)
    await here.ask("ping")
    gone = await stage.layla.call("DELETE", f"chats/{chat}/participants/{stage.mina.id}")
    expect(gone.status_code, 204, "removing Mina")
    expect(await here.closed(), 4403, "closed with")
    last = [each for each in here.frames if each.get("chat") == chat]
    expect([each["type"] for each in last], ["participant.removed"], "its last frame")


@expectation("too many frames: 4429")
async def too_many(stage: Stage) -> None:
    here = await stage.enter(stage.layla)
    for number in range(FRAMES_AT_MOST):
        if here.code is not None:
            break
        await here.say("ping")
        if number % 100 == 0:
            await asyncio.sleep(0.05)  # to hear
    expect(await here.closed(), 4429, "closed with")


# --- The table ----------------------------------------------------------------------------------------------


async def visit(visitor: Visitor, members: Sequence[Member]) -> dict[str, str]:
    """What came of each expectation: ok, – where there is no way to try it, or what is wrong."""
    found: dict[str, str] = {}
    layla, mina, omar = members
    for member in members:
        await member.renew()
    await visitor.start()
    try:
        for title, check in EXPECTATIONS.items():
            stage = Stage(visitor, layla, mina, omar)
            try:
                await check(stage)
                found[title] = "ok"
            except NotOpen:
                found[title] = "–"
            except Violated as violated:
                found[title] = "FAIL"
                print(f"{visitor.name}: {title}: {violated}", file=sys.stderr)
            await stage.leave()
    finally:
        await visitor.end()
    return found


async def prove(folder: Path, *, url: str | None, accounts: list[str], fault: str | None) -> None:
    with ExitStack() as stack:
        if url is None:
            server = LiveServer(folder / "data", **OF_ITS_OWN)
            await asyncio.to_thread(server.start, within=STARTS_WITHIN)
            stack.callback(server.kill)
            url = server.url
        run = uuid.uuid4().hex[:6]
        members = [Member(f"{name}-{run}", [url]) for name in ("layla", "mina", "omar")]
        for member, account in zip(members, accounts or [""] * 3, strict=True):
            if account:
                member.email, _, member.password = account.partition(":")
                await member.sign_in()
            else:
                await member.sign_up()
        visitors: list[Visitor] = [
            OnSocketIO(url, folder),
            OnPython(url),
            InChromium(url),
            OnNode(url, folder),
        ]
        if fault:
            visitors = [Misled(url, fault)]
        started = time.monotonic()
        found = [await visit(visitor, members) for visitor in visitors]
        for member in members:
            await member.close()
        print(f"| | {' | '.join(visitor.name for visitor in visitors)} |\n|{'---|' * (len(visitors) + 1)}")
        for title in EXPECTATIONS:
            print(f"| {title} | {' | '.join(each[title] for each in found)} |")
        took = time.monotonic() - started
        print(f"{len(EXPECTATIONS)} expectations in {took:.0f} s, load {os.getloadavg()[0]:.1f}")
        failed = sum(each == "FAIL" for column in found for each in column.values())
        if fault and not failed:
            raise Violated(f"nobody noticed the fault: {fault}")
        if failed and not fault:
            raise Violated(f"{failed} expectations do not hold")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="of a server that runs; without it one is started")
    options.add_argument("--account", action="append", default=[], dest="accounts", metavar="EMAIL:PASSWORD")
    options.add_argument(
        "--fault", choices=Misled.FAULTS, help="goes wrong on the way: some must not hold then"
    )
    given = vars(options.parse_args())
    if given["accounts"] and len(given["accounts"]) != 3:
        options.error("three accounts are wanted, or none")
    carry_out(lambda folder: prove(folder, **given), with_node=not given["fault"])


if __name__ == "__main__":
    main()
