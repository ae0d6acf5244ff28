"""Proof: under an hour of moderate load neither memory nor connections grow, and nothing is lost.

`make prove-soak` (ARGS="--minutes 60 --rate 5"). Two server processes on a PostgreSQL and a Redis of
their own. People talk, read, type and list their chats; devices come and go. Exit code 1 if something grew
beyond its bound, or somebody missed something.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import psycopg  # noqa: E402
import websockets  # noqa: E402

from tests.machine import cpu_seconds  # noqa: E402
from tests.proofs.crowd import (  # noqa: E402
    LOST,
    Heard,
    Member,
    Violated,
    carry_out,
    check,
    event_of,
    everybody_has,
    gather_group,
    report,
)
from tests.proofs.databases import Cluster, cluster_of_its_own  # noqa: E402

PEOPLE = 10
DEVICES = 100  # sockets beside those of the people, which come and go
STAYS = (20.0, 100.0)  # seconds that a device is connected
AWAY = (0.0, 20.0)  # seconds that it is not
RENEWED_EVERY = 120  # seconds: an access token is good for 300
SAMPLED_EVERY = 15  # seconds
MEMORY_GROWS = 1.05  # the last quarter's median to the second's; what the first fills is no leak
CONNECTIONS_GROW = 2  # the same, in connections: a pool lends one more now and then


@dataclass(frozen=True)
class Sample:
    """What is in use at one moment: of the two servers together, but for the memory."""

    memory_a: float  # MiB
    memory_b: float  # MiB
    threads: int
    files: int  # open ones, sockets included
    database: int  # connections
    redis: int  # connections
    redis_memory: float  # MiB

    @classmethod
    def take(cls, cluster: Cluster) -> "Sample":
        pids = [server.process.pid for server in cluster.servers if server.process]
        with psycopg.connect(cluster.services.postgres.url("postgres")) as connection:
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'serai'"
            [connections] = connection.execute(query).fetchone() or [0]
        redis = cluster.services.redis.client
        first, second = (server.memory() / 2**20 for server in cluster.servers)
        return cls(
            memory_a=first,
            memory_b=second,
            threads=sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids),
            files=sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids),
            database=connections,
            redis=len(redis.client_list()) - 1,  # not our own
            redis_memory=redis.info("memory")["used_memory"] / 2**20,
        )


NAMES = ("memory of A, MiB", "memory of B, MiB", "threads", "open files", "PostgreSQL connections")
NAMES += ("Redis connections", "memory of Redis, MiB")
FACTORS = {"memory of A, MiB", "memory of B, MiB"}
BOUND = {*FACTORS, "threads", "PostgreSQL connections", "Redis connections"}  # the rest is told only


async def talk(member: Member, *, every: float, until: float, sent: list[str]) -> None:
    """Say something, by REST and socket in turn, and do what people do beside."""
    number = 0
    while time.monotonic() < until:
        started = time.monotonic()
        try:
            await member.command("typing.start", {"chat": member.chat})
            client_id = f"{member.name}-{number}"
            await member.send(client_id, by_socket=number % 2 == 0)
            sent.append(client_id)
            await member.command("message.read", {"chat": member.chat, "seq": member.heard.position})
            if number % 5 == 0:
                (await member.call("GET", "chats")).raise_for_status()
        except LOST:  # no answer in time: told in the end, and `check` finds whether anything went with it
            member.repeats += 1
        number += 1
        await asyncio.sleep(max(0, started + every * random.uniform(0.5, 1.5) - time.monotonic()))


def note(heard: Heard, frame: dict[str, Any], chat: str) -> None:
    """Take in a frame of a device, whose positions have to be 1…n at any time."""
    if frame["type"] in ("resumed", "reset"):
        heard.note(frame)
    elif (event := event_of(frame, chat)) is not None:
        heard.note(event)
    if heard.position != len(heard.seqs):
        raise Violated(f"{heard.name} had {heard.seqs[-10:]}, {len(heard.seqs)} in all")


async def come_and_go(member: Member, url: str) -> None:
    """A device of *member*, for ever: connected, heard every position in its turn, gone."""
    heard = Heard(f"a device of {member.name}")
    while True:
        await asyncio.sleep(random.uniform(*AWAY))
        stays = random.uniform(*STAYS)
        headers = {"Authorization": f"Bearer {member.access}"}
        async with websockets.connect(
            f"{url.replace('http', 'ws', 1)}/ws",
            additional_headers=headers,
            open_timeout=RENEWED_EVERY,
            proxy=None,
        ) as socket:
            hello = json.loads(await socket.recv())
            asked = {"type": "resume", "epoch": hello["epoch"], "chats": {member.chat: heard.position}}
            heard.begin()
            await socket.send(json.dumps(asked))
            try:
                async with asyncio.timeout(stays):
                    async for text in socket:
                        note(heard, json.loads(text), member.chat)
                raise Violated(f"{heard.name} was closed with {socket.close_code}")
            except TimeoutError:
                pass


async def renew(members: Sequence[Member]) -> None:
    while True:
        await asyncio.sleep(RENEWED_EVERY)
        for member in members:
            await member.renew()


def judge(samples: Sequence[Sample]) -> list[str]:
    """Print what each figure was in the second and in the last quarter, and return what grew too much."""
    quarter = len(samples) // 4
    grown = []
    print("| | second quarter | last quarter | most |\n|---|---|---|---|")
    for name, values in zip(NAMES, zip(*map(astuple, samples), strict=True), strict=True):
        early, late = median(values[quarter : 2 * quarter]), median(values[-quarter:])
        print(f"| {name} | {early:.0f} | {late:.0f} | {max(values):.0f} |")
        allowed = early * MEMORY_GROWS if name in FACTORS else early + CONNECTIONS_GROW
        if name in BOUND and late > allowed:
            grown.append(f"{name}: {late:.0f} in the last quarter, {early:.0f} in the second")
    return grown


async def prove(folder: Path, *, minutes: float, rate: float) -> None:
    with cluster_of_its_own(folder, processes=2) as cluster:
        a, b = cluster.servers
        members = [
            Member(f"person-{number}", [[a.url, b.url], [b.url, a.url]][number % 2])
            for number in range(PEOPLE)
        ]
        await gather_group(members)
        heard, sent, samples = [member.heard for member in members], list[str](), list[Sample]()
        pids = [server.process.pid for server in cluster.servers if server.process]
        async with asyncio.TaskGroup() as group:
            forever = [group.create_task(member.listen()) for member in members]
            forever += [
                group.create_task(come_and_go(members[number % PEOPLE], [a.url, b.url][number % 2]))
                for number in range(DEVICES)
            ]
            forever.append(group.create_task(renew(members)))
            started = time.monotonic()
            until, worked = started + 60 * minutes, sum(map(cpu_seconds, pids))
            talking = [
                group.create_task(talk(member, every=PEOPLE / rate, until=until, sent=sent))
                for member in members
            ]
            while time.monotonic() < until:
                await asyncio.sleep(SAMPLED_EVERY)
                samples.append(await asyncio.to_thread(Sample.take, cluster))
                print(f"{time.monotonic() - started:.0f} s, {len(sent)} sent: {samples[-1]}", flush=True)
            await asyncio.wait(talking)
            took = time.monotonic() - started
            worked = sum(map(cpu_seconds, pids)) - worked
            await everybody_has(heard, len(sent), within=30)
            check(heard, await members[0].history(), sent)
            for task in forever:
                task.cancel()
        for member in members:
            await member.close()
        print(
            f"{took / 60:.0f} minutes, {len(sent)} messages, {PEOPLE} people and {DEVICES} devices: "
            f"{100 * worked / took:.0f} % of a core in both servers, load {os.getloadavg()[0]:.1f}; "
            f"{sum(member.repeats for member in members)} answers did not come in time"
        )
        report(heard)
        if grown := judge(samples):
            raise Violated("; ".join(grown))
        if errors := [server.url for server in cluster.servers if "Traceback" in server.log]:
            raise Violated(f"there are errors in the log of {errors}: {cluster.servers[0].log[:2000]}")
        print("Flat, and everybody had everything once.")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=60, help="two at least, to have quarters")
    options.add_argument("--rate", type=float, default=5, help="messages a second, of all people together")
    given = vars(options.parse_args())
    carry_out(lambda folder: prove(folder, **given), with_node=False)


if __name__ == "__main__":
    main()
