"""Proof: ten thousand idle sockets on one process: what each takes of memory, and what their heartbeats cost.

`make prove-idle` (ARGS="--sockets 10000"). One process on a PostgreSQL and a Redis of its own; the sockets
are those of bench/client, in a process of their own, and belong to `--people`. Exit code 1 if one was refused
or lost.
"""

import argparse
import asyncio
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from bench.contenders import Server  # noqa: E402
from bench.load import Load, build, read_result  # noqa: E402
from tests.live_server import ROOT  # noqa: E402
from tests.machine import cpu_seconds  # noqa: E402
from tests.proofs.crowd import Member, Violated, carry_out, gather_group  # noqa: E402
from tests.proofs.databases import cluster_of_its_own  # noqa: E402

OF_A_CHAT = 5  # people
AT_ONCE = 20  # handshakes
SPARE = 500  # open files beside the sockets
CONNECTS_WITHIN = 290  # seconds: the client waits for 300
SETTLES = 20  # seconds
WATCHED = 60  # seconds: four heartbeats, two or three pings


def allow_files(wanted: int) -> None:
    """Let this process and those that it starts open so many files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, most)))
    except (ValueError, OSError):
        sys.exit(f"This needs {wanted} open files, and {most} are allowed: ulimit -n {wanted}, as root")
    print(f"open files: {wanted} allowed (ulimit -n)")


def connections_to(port: int) -> int:
    """Established ones, as the kernel lists them (proc(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(local.endswith(f":{port:04X}") and state == "01" for _, local, _, state, *_ in rows)


async def prove(folder: Path, *, sockets: int, people: int) -> None:
    with cluster_of_its_own(folder, processes=1) as cluster:
        [server] = cluster.servers
        members = [Member(f"person-{number}", [server.url]) for number in range(people)]
        for start in range(0, people, OF_A_CHAT):
            await gather_group(members[start : start + OF_A_CHAT])
        for member in members:
            await member.renew()
            await member.close()  # what is connected from here on is the crowd
        lines = [f"{member.access} {member.chat}\n" for member in members]
        (folder / "idle.people").write_text("".join(lines[number % people] for number in range(sockets)))
        assert server.process
        pid, before = server.process.pid, server.memory()
        load = Load(wsload=build(ROOT / "var/bench"), people=folder)
        of_ours = Server("ours", server.port, pid, cluster.services.postgres.pid, "native", is_ordered=True)
        began = time.monotonic()
        hold = SETTLES + WATCHED + SETTLES
        with load.running_sockets(of_ours, "idle", crowd="idle", sockets=sockets, d=hold, k=AT_ONCE) as crowd:
            while (there := connections_to(server.port)) < sockets:
                if time.monotonic() - began > CONNECTS_WITHIN or crowd.poll() is not None:
                    raise Violated(f"only {there} of {sockets} sockets connected")
                await asyncio.sleep(1)  # the list is long
            connected = time.monotonic() - began
            await asyncio.sleep(SETTLES)
            worked, started = cpu_seconds(pid), time.monotonic()
            await asyncio.sleep(WATCHED)
            load_of_heartbeats = (cpu_seconds(pid) - worked) / (time.monotonic() - started)
            memory = server.memory() - before
            result = await asyncio.to_thread(read_result, crowd, of_ours)
        if (result["ready"], result["dead"]) != (sockets, 0):
            raise Violated(f"{result['ready']} of {sockets} sockets were let in, {result['dead']} lost")
        print(
            f"{sockets} idle sockets of {people} people: connected in {connected:.0f} s "
            f"({sockets / connected:.0f} a second), {memory / sockets / 1024:.1f} KiB each "
            f"({memory / 2**20:.0f} MiB together); heartbeats, pings and presence: "
            f"{100 * load_of_heartbeats:.0f} % of a core; none lost; load {os.getloadavg()[0]:.1f}"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sockets", type=int, default=10_000)
    options.add_argument("--people", type=int, default=50)
    given = vars(options.parse_args())
    allow_files(given["sockets"] + SPARE)
    carry_out(lambda folder: prove(folder, **given), with_node=False)


if __name__ == "__main__":
    main()
