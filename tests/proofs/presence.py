"""Proof: whose process is killed with `kill -9` goes offline by expiry, no later than docs/live.md says.

`make prove-presence` (ARGS="--people 5"). Two processes on a PostgreSQL and a Redis of its own. People on A,
one who looks on B. A is killed and stays dead; each has to be told of as offline within 30 + 90 seconds,
once, while somebody of A who comes back on B never is. Exit code 1 if the servers broke their word.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.proofs.crowd import Member, Violated, carry_out, gather_group  # noqa: E402
from tests.proofs.databases import cluster_of_its_own  # noqa: E402
from tests.proofs.visitors import Frame, OnPython  # noqa: E402

GONE_WITHIN = 120.0  # seconds: told 30 after somebody is gone, and with a process that died after 90 more
LATE = 5.0  # seconds that a machine with other work may take to say so


async def presence_of(member: Member, others: list[Member]) -> dict[str, str]:
    answer = await member.call("GET", "presence", params={"users": ",".join(each.id for each in others)})
    return {each["user"]: each["presence"] for each in answer.raise_for_status().json()["results"]}


async def prove(folder: Path, *, people: int) -> None:
    with cluster_of_its_own(folder, processes=2) as cluster:
        a, b = cluster.servers
        gone = [Member(f"person-{number}", [b.url]) for number in range(people)]
        watcher, returner = Member("watcher", [b.url]), Member("returner", [b.url])
        await gather_group([watcher, returner, *gone])
        here, there = OnPython(b.url), OnPython(a.url)
        looks = await here.open("header", watcher.access)
        for member in [*gone, returner]:
            await there.open("header", member.access)

        def told(member: Member, type_: str) -> list[Frame]:
            return [
                each for each in looks.frames if each["type"] == type_ and each["data"]["user"] == member.id
            ]

        for member in [*gone, returner]:
            await looks.until(f"{member.name} online", lambda member=member: told(member, "user.online"))
        a.kill()
        died = time.monotonic()
        await here.open("header", returner.access)
        took = []
        for member in gone:
            await looks.until(
                f"{member.name} offline",
                lambda member=member: told(member, "user.offline"),
                within=max(1.0, died + GONE_WITHIN + LATE - time.monotonic()),
            )
            took.append(time.monotonic() - died)
        found = await presence_of(watcher, [*gone, returner])
        if wrong := [member.name for member in gone if found.get(member.id) != "offline"]:
            raise Violated(f"by REST not offline: {wrong}")
        if found.get(returner.id) != "online" or told(returner, "user.offline"):
            raise Violated(f"who came back: {found.get(returner.id)}, {told(returner, 'user.offline')}")
        if twice := [member.name for member in gone if len(told(member, "user.offline")) != 1]:
            raise Violated(f"told of more than once: {twice}")
        for visitor in (here, there):
            await visitor.end()
        for member in [watcher, returner, *gone]:
            await member.close()
        print(
            f"{people} people of a killed process were told of as offline, once each, {min(took):.0f} to "
            f"{max(took):.0f} s after it died ({GONE_WITHIN:.0f} allowed); who came back on the other "
            f"process stayed online; load {os.getloadavg()[0]:.1f}"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=5)
    given = vars(options.parse_args())
    carry_out(lambda folder: prove(folder, **given), with_node=False)


if __name__ == "__main__":
    main()
