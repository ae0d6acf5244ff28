"""Proof: a server process, Redis or PostgreSQL dies at any moment; nothing is lost, doubled or out of order.

`make prove-crashes` (ARGS="--rounds 20"). Two server processes on a PostgreSQL and a Redis of its own. People
on both talk without a pause, by REST and socket in turn. In each round one victim is killed at a random
moment and started again; everybody comes back by themselves. In the end notifications and webhooks have had
all of it, too. Exit code 1 if the servers broke their word.
"""

import argparse
import asyncio
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import httpx  # noqa: E402

from tests.proofs.crowd import (  # noqa: E402
    Heard,
    Member,
    NodeReader,
    Violated,
    carry_out,
    check,
    everybody_has,
    gather_group,
    report,
)
from tests.proofs.databases import STARTS_WITHIN, Cluster, cluster_of_its_own  # noqa: E402

RENEWED_EVERY = 120  # seconds: an access token is good for 300
BEFORE = (0.3, 2.0)  # seconds of undisturbed talk before a victim dies
DOWN = (0.0, 1.5)  # seconds that Redis or PostgreSQL is gone, beside its start
BACKLOG = re.compile(r'^serai_backlog\{of="(relay_[a-z]+|dead_letters)"\} (\S+)$', re.MULTILINE)
WAITS = {"relay_notifications", "relay_webhooks", "dead_letters"}
RECOVERS_WITHIN = 90  # seconds, on a machine that may have other work


class Talker:
    """A member who says one thing after the other, each until it is acknowledged."""

    def __init__(self, member: Member, sent: list[str]) -> None:
        self.member = member
        self.own: list[str] = []  # acknowledged, in the order in which it was said
        self.begun = 0.0  # when the newest of these was begun
        self._sent = sent

    async def talk(self, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            begun = time.monotonic()
            client_id = f"{self.member.name}-{len(self.own)}"
            await self.member.send(client_id, by_socket=len(self.own) % 2 == 0)
            self.own.append(client_id)
            self._sent.append(client_id)
            self.begun = begun
            await asyncio.sleep(random.uniform(0, 0.1))


def kill_process(cluster: Cluster, number: int) -> Callable[[], None]:
    """`kill -9` of one of the two.

    Returns:
        What makes up for it.
    """
    server = cluster.servers[number % 2]
    server.kill()
    return lambda: server.start(within=STARTS_WITHIN) and None


def kill_redis(cluster: Cluster, number: int) -> Callable[[], None]:
    """`kill -9`; it comes back empty."""
    cluster.services.redis.kill()
    return cluster.services.redis.start


def kill_postgres(cluster: Cluster, number: int) -> Callable[[], None]:
    """`kill -9` of all its processes, and immediate shutdown, in turn."""
    postgres = cluster.services.postgres
    (postgres.stop_at_once if number % 2 else postgres.kill)()
    return postgres.start


VICTIMS = {"process": kill_process, "redis": kill_redis, "postgres": kill_postgres}


class Rounds:
    """The conversation, and what is done to it.

    Attributes:
        took: seconds from the moment of death until what all said after it was with everybody, by victim.
        passed: seconds from a new start of Redis until what stands in no log passes between the processes.
    """

    def __init__(self, cluster: Cluster, talkers: Sequence[Talker], heard: Sequence[Heard]) -> None:
        self.cluster, self.talkers, self.heard = cluster, talkers, heard
        self.took: dict[str, list[float]] = {}
        self.passed: list[float] = []

    async def one(self, victim: str, number: int) -> None:
        await asyncio.sleep(random.uniform(*BEFORE))
        died = time.monotonic()
        restore = await asyncio.to_thread(VICTIMS[victim], self.cluster, number)
        if victim != "process":
            await asyncio.sleep(random.uniform(*DOWN))
        restoring = asyncio.create_task(asyncio.to_thread(restore))
        try:
            async with asyncio.timeout(RECOVERS_WITHIN):
                while any(talker.begun < died for talker in self.talkers):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            stuck = [talker.member.name for talker in self.talkers if talker.begun < died]
            raise Violated(f"{victim} {number}: {stuck} got no message through") from None
        newest = sum(len(talker.own) for talker in self.talkers)  # what is acknowledged has a position
        await everybody_has(self.heard, newest, within=RECOVERS_WITHIN)
        recovered = time.monotonic() - died
        self.took.setdefault(victim, []).append(recovered)
        await restoring
        if victim == "redis":
            self.passed.append(await self._typing_passes(self.talkers[0].member, self.talkers[1].member))
        print(f"{victim} {number}: all was well again after {recovered:.1f} s", flush=True)

    async def _typing_passes(self, writer: Member, reader: Member) -> float:
        """From one process to the other only Redis carries that somebody is typing."""
        started = time.monotonic()
        while reader.saw_typing < started:
            if time.monotonic() - started > RECOVERS_WITHIN:
                raise Violated(f"nothing passes from {writer.name} to {reader.name} any more")
            for command in ("typing.start", "typing.stop"):
                await writer.command(command, {"chat": writer.chat})
            await asyncio.sleep(0.1)
        return reader.saw_typing - started


async def renew(members: Sequence[Member | NodeReader]) -> None:
    while True:
        await asyncio.sleep(RENEWED_EVERY)
        for member in members:
            await member.renew()


def in_order(talkers: Sequence[Talker], said: Sequence[str]) -> None:
    """What one said is in the history in the order in which they said it.

    Raises:
        Violated
    """
    for talker in talkers:
        if [client_id for client_id in said if client_id in set(talker.own)] != talker.own:
            raise Violated(f"what {talker.member.name} said is out of order")


async def relayed(url: str, *, within: float) -> None:
    """What notifications and webhooks are made of has reached them, and nothing was put aside.

    Raises:
        Violated
    """
    end = time.monotonic() + within
    async with httpx.AsyncClient() as client:
        while True:
            figures = (await client.get(f"{url}/metrics")).raise_for_status().text
            waiting = {of: float(left) for of, left in BACKLOG.findall(figures)}
            if waiting.keys() != WAITS or waiting["dead_letters"]:
                raise Violated(f"put aside: {waiting}")
            if not any(waiting.values()):
                return
            if time.monotonic() > end:
                raise Violated(f"not taken within {within:.0f} s: {waiting}")
            await asyncio.sleep(0.5)


async def prove(folder: Path, *, rounds: int, victims: list[str]) -> None:
    with cluster_of_its_own(folder, processes=2) as cluster:
        a, b = cluster.servers
        on_a, on_b = [a.url, b.url], [b.url, a.url]
        members = [Member(f"person-{number}", [on_a, on_b][number % 2]) for number in range(6)]
        on_node = Member("node", on_a)
        await gather_group([*members, on_node])
        node = NodeReader(on_node, folder)
        heard, sent = [*(member.heard for member in members), node.heard], list[str]()
        talkers = [Talker(member, sent) for member in members[:4]]
        crashing, is_over = Rounds(cluster, talkers, heard), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            forever = [group.create_task(each.listen()) for each in [*members, node]]
            forever.append(group.create_task(renew([*members, node])))
            while any(each.resumed == 0 for each in heard):
                await asyncio.sleep(0.02)
            started = time.monotonic()
            talking = [group.create_task(talker.talk(is_over)) for talker in talkers]
            for number in range(rounds):
                for victim in victims:
                    await crashing.one(victim, number)
            is_over.set()
            await asyncio.wait(talking)
            said = time.monotonic() - started
            await everybody_has(heard, len(sent), within=60)
            history = await members[-1].history()
            check(heard, history, sent)
            in_order(talkers, [message["client_id"] for message in history])
            await relayed(a.url, within=60)
            for task in forever:
                task.cancel()
        refused = sum((member.refused for member in members), Counter[int]())
        for member in [*members, on_node]:
            await member.close()
        print(
            f"{len(sent)} messages in {said:.0f} s, {sum(member.repeats for member in members)} repeated; "
            f"refused meanwhile: {dict(refused)}; load {os.getloadavg()[0]:.1f}"
        )
        print("| killed | rounds | recovered after, median | worst |\n|---|---|---|---|")
        for victim, took in crashing.took.items():
            print(f"| {victim} | {len(took)} | {median(took):.1f} s | {max(took):.1f} s |")
        if crashing.passed:
            print(
                f"typing passed between the processes {median(crashing.passed):.1f} s after a start of Redis "
                f"in the middle, {max(crashing.passed):.1f} s at most"
            )
        report(heard)
        print("Every member: 1…n, no gap, no double, in order, and the history agrees. All of it is relayed.")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20, help="of each victim")
    options.add_argument("--victims", nargs="+", choices=VICTIMS, default=list(VICTIMS))
    given = vars(options.parse_args())
    carry_out(lambda folder: prove(folder, **given))


if __name__ == "__main__":
    main()
