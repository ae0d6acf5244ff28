"""Proof: a process that stops loses no answer, and its sockets, all at once, do not hold up the others.

`make prove-storm` (ARGS="--sockets 1000"). Two processes on a PostgreSQL and a Redis of its own. Process A
has a thousand sockets, of which some send without a pause, and gets SIGTERM. All of them have to hear
`going_away` with delays that differ; whatever A stored has to be acknowledged before the end; on B they
resume and have all. Meanwhile others talk on B, from a process of their own (bench/client). Exit code 1 if
the servers broke their word.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import websockets  # noqa: E402

from bench.contenders import Server  # noqa: E402
from bench.load import Load, begin_anew, build, end, read_result  # noqa: E402
from tests.live_server import ROOT, LiveServer  # noqa: E402
from tests.machine import cpu_seconds  # noqa: E402
from tests.proofs.crowd import (  # noqa: E402
    LOST,
    PAUSE,
    Heard,
    Member,
    Violated,
    carry_out,
    event_of,
    everybody_has,
    gather_group,
)
from tests.proofs.databases import cluster_of_its_own  # noqa: E402

PEOPLE = 20  # whose the sockets on A are
SENDERS = 20  # of the sockets
OTHERS = 10  # people on B, with a socket each
RATE = 10  # messages a second that these hear
QUIET = 10  # seconds of their talk before the storm
CALM = 2  # seconds of sending before SIGTERM
AT_ONCE = 50  # handshakes, before the storm
STOPS_WITHIN = 30  # seconds
BACK_WITHIN = 120  # seconds, on a machine that may have other work
SPREAD = 20  # different delays at least, where there are as many sockets


class Device:
    """A socket on A that goes to B when it is told to go.

    Attributes:
        delay: milliseconds, as `going_away` says.
        open_send: the client id of what it sent last, until that is acknowledged.
    """

    def __init__(self, member: Member, number: int) -> None:
        self.member, self.number = member, number
        self.heard = Heard(f"{member.name}, socket {number}")
        self.delay: int | None = None
        self.code: int | None = None
        self.open_send: str | None = None
        self.acked: list[str] = []
        self.tries = 0
        self._acks: asyncio.Queue[str] = asyncio.Queue()

    async def stay(self, url: str) -> None:
        """Connect, resume, and hear until the server ends it."""
        headers = {"Authorization": f"Bearer {self.member.access}"}
        where = f"{url.replace('http', 'ws', 1)}/ws"
        async with websockets.connect(
            where, additional_headers=headers, open_timeout=BACK_WITHIN, proxy=None
        ) as self.socket:
            self.heard.begin()
            await self.socket.recv()
            asked = {"type": "resume", "chats": {self.member.chat: self.heard.position}}
            await self.socket.send(json.dumps(asked))
            async for text in self.socket:
                self._take(json.loads(text))
        self.code = self.code or self.socket.close_code

    def _take(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "ack":
                self.acked.append(frame["id"])
                self.open_send = None
                self._acks.put_nowait(frame["id"])
            case "error":
                raise Violated(f"{self.heard.name}: {frame}")
            case "going_away":
                self.delay = frame["delay"]
            case "resumed" | "reset":
                self.heard.note(frame)
            case _ if event := event_of(frame, self.member.chat):
                self.heard.note(event)

    async def send(self) -> None:
        """One message after the other, each once the last one is acknowledged, until the server goes."""
        try:
            while self.delay is None:
                client_id = f"{self.number}-{len(self.acked)}"
                data = {"chat": self.member.chat, "client_id": client_id, "text": client_id}
                self.open_send = client_id
                await self.socket.send(json.dumps({"type": "message.send", "id": client_id, "data": data}))
                await self._acks.get()
                await asyncio.sleep(PAUSE)
        except websockets.ConnectionClosed:
            return

    async def live(self, a: str, b: str) -> None:
        while not self.heard.resumed:
            try:
                await self._until_closed(a)
            except LOST:
                await asyncio.sleep(PAUSE)
        gone = time.monotonic()
        await asyncio.sleep((self.delay or 0) / 1000)
        while True:
            self.tries += 1
            try:
                await self._until_closed(b)
            except LOST:
                await asyncio.sleep(PAUSE)
            if time.monotonic() - gone > BACK_WITHIN:
                raise Violated(f"{self.heard.name} does not come back")

    async def _until_closed(self, url: str) -> None:
        try:
            await self.stay(url)
        except websockets.ConnectionClosed as closed:
            self.code = self.code or (closed.rcvd.code if closed.rcvd else 1006)


async def all_are(devices: Sequence[Device], times: int) -> None:
    """All have resumed so many times."""
    try:
        async with asyncio.timeout(BACK_WITHIN):
            while any(device.heard.resumed < times for device in devices):
                await asyncio.sleep(0.02)
    except TimeoutError:
        missing = sum(device.heard.resumed < times for device in devices)
        raise Violated(f"{missing} of {len(devices)} sockets are not there") from None


def judge(devices: Sequence[Device], stored: set[str]) -> None:
    """What the end of A looked like from outside.

    Raises:
        Violated
    """
    untold = sum(device.delay is None for device in devices)
    codes = Counter(device.code for device in devices)
    delays = [device.delay for device in devices if device.delay is not None]
    unanswered = [device.open_send for device in devices if device.open_send in stored]
    answered = {client_id for device in devices for client_id in device.acked}
    print(
        f"going_away: {len(delays)} of {len(devices)}, {len(set(delays))} different delays, "
        f"{min(delays, default=0)} to {max(delays, default=0)} ms; closed with {dict(codes)}; "
        f"{len(answered)} sends acknowledged, "
        f"{sum(device.open_send is not None for device in devices)} not, {len(unanswered)} of these stored"
    )
    if lost := answered - stored:
        raise Violated(f"acknowledged, and not stored: {sorted(lost)[:10]}")
    if unanswered:
        raise Violated(f"stored by A, and not acknowledged: {unanswered[:10]}")
    if untold:
        raise Violated(f"{untold} sockets were not told to go")
    if set(codes) != {1012}:
        raise Violated(f"closed with {dict(codes)}")
    if len(set(delays)) < min(SPREAD, len(devices)):
        raise Violated(f"only {len(set(delays))} different delays")


async def history_of(member: Member) -> list[dict[str, Any]]:
    """Asked for until it comes: in the storm B may take its time."""
    while True:
        try:
            return await member.history()
        except LOST:
            await asyncio.sleep(PAUSE)


def talk_of(load: Load, server: Server, *, seconds: int) -> Any:
    return load.running_sockets(server, "rate", crowd="others", sockets=OTHERS, r=RATE, d=seconds)


async def storm(a: LiveServer, b: LiveServer, devices: Sequence[Device], group: asyncio.TaskGroup) -> float:
    """SIGTERM, while some send.

    Returns:
        When.
    """
    sending = [group.create_task(device.send()) for device in devices[:SENDERS]]
    await asyncio.sleep(CALM)
    began = time.monotonic()
    code, took = await asyncio.to_thread(a.stop, signal.SIGTERM, within=STOPS_WITHIN)
    print(f"SIGTERM: A ended after {took:.1f} s with {code}")
    for task in sending:
        task.cancel()  # who has no answer now gets none from A
    if code:
        raise Violated(f"A ended with {code}")
    return began


async def prove(folder: Path, *, sockets: int) -> None:
    with cluster_of_its_own(folder, processes=2) as cluster:
        a, b = cluster.servers
        people = [Member(f"person-{number}", [b.url]) for number in range(PEOPLE)]
        others = [Member(f"other-{number}", [b.url]) for number in range(OTHERS)]
        await gather_group(people)
        await gather_group(others)
        lines = "".join(f"{other.access} {other.chat}\n" for other in others)
        (folder / "others.people").write_text(lines)
        assert b.process
        postgres = cluster.services.postgres.pid
        server = Server("B", b.port, b.process.pid, postgres, "native", is_ordered=True)
        load = Load(wsload=build(ROOT / "var/bench"), people=folder)
        devices = [Device(people[number % PEOPLE], number) for number in range(sockets)]
        async with asyncio.TaskGroup() as group:
            living: list[asyncio.Task[None]] = []
            for number, device in enumerate(devices):
                living.append(group.create_task(device.live(a.url, b.url)))
                while number - sum(each.heard.resumed for each in devices[: number + 1]) > AT_ONCE:
                    await asyncio.sleep(0.02)
            await all_are(devices, 1)
            quiet = await asyncio.to_thread(
                load.sockets, server, "rate", crowd="others", sockets=OTHERS, r=RATE, d=QUIET
            )
            with talk_of(load, server, seconds=600) as talking:
                assert talking.stdout
                await asyncio.to_thread(talking.stdout.readline)  # "measuring"
                begin_anew(talking)
                worked = cpu_seconds(b.process.pid)
                began = await storm(a, b, devices, group)
                stored = {each["client_id"] for each in await history_of(people[0])}
                judge(devices, stored)
                await all_are(devices, 2)
                took, worked = time.monotonic() - began, cpu_seconds(b.process.pid) - worked
                end(talking)
                shaken = await asyncio.to_thread(read_result, talking, server)
            history = await history_of(people[0])
            await everybody_has([device.heard for device in devices], history[-1]["seq"], within=BACK_WITHIN)
            whole = list(range(1, len(history) + 1))
            if wrong := [device.heard.name for device in devices if device.heard.seqs != whole]:
                raise Violated(f"{len(wrong)} sockets did not hear 1…{len(history)}: {wrong[:5]}")
            for task in living:
                task.cancel()
        for member in [*people, *others]:
            await member.close()
        print(
            f"{sockets} sockets were back on B {took:.1f} s after SIGTERM, after "
            f"{sum(device.tries for device in devices)} tries and {worked:.1f} s of B's processor; "
            f"each heard 1…{len(history)} of their chat\n"
            f"others on B: p50 {quiet['p50_ms']:.0f} ms, p99 {quiet['p99_ms']:.0f} ms before; "
            f"p50 {shaken['p50_ms']:.0f} ms, p99 {shaken['p99_ms']:.0f} ms during; "
            f"load {os.getloadavg()[0]:.1f}"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sockets", type=int, default=1000)
    given = vars(options.parse_args())
    carry_out(lambda folder: prove(folder, **given), with_node=False)


if __name__ == "__main__":
    main()
