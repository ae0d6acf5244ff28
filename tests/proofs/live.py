"""Proof: a conversation survives `kill -9` of its server. Nothing is lost, nothing doubled, on any socket.

`make prove-live` (ARGS="--messages 1000 --kills 3"). Uses the public API alone. Exit code 1 if the server
broke its word.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.crowd import (  # noqa: E402
    Member,
    NodeReader,
    carry_out,
    check,
    everybody_has,
    gather_group,
    report,
    send_all,
)

SENDERS = ("layla", "omar", "mina")


async def prove(folder: Path, *, messages: int, kills: int, at_once: int) -> None:
    server = LiveServer(folder / "data")
    try:
        print(f"first start: {await asyncio.to_thread(server.start):.1f} s")
        senders = [Member(f"{name}-proof", [server.url]) for name in SENDERS]
        reader, on_node = Member("reader", [server.url]), Member("node", [server.url])
        everybody = [*senders, reader, on_node]
        await gather_group(everybody)
        node = NodeReader(on_node, folder)
        heard = [member.heard for member in [*senders, reader]] + [node.heard]
        sent: list[str] = []
        shares = [messages // len(senders) + (n < messages % len(senders)) for n in range(len(senders))]
        async with asyncio.TaskGroup() as group:
            listening = [group.create_task(each.listen()) for each in [*senders, reader, node]]
            while any(each.resumed == 0 for each in heard):
                await asyncio.sleep(0.02)
            started = time.monotonic()
            talking = [
                group.create_task(send_all(sender, share, at_once, sent))
                for sender, share in zip(senders, shares, strict=True)
            ]
            down = 0.0
            for kill in range(1, kills + 1):
                while len(sent) < messages * kill // (kills + 1):
                    await asyncio.sleep(0.005)
                server.kill()
                down += (seconds := await asyncio.to_thread(server.start))
                print(f"kill -9 after {len(sent)} acknowledged; up again in {seconds:.1f} s")
            await asyncio.wait(talking)
            said = time.monotonic() - started
            await everybody_has(heard, messages, within=30)
            took = time.monotonic() - started
            check(heard, await reader.history(), sent)
            for task in listening:
                task.cancel()
        for member in everybody:
            await member.close()
        print(
            f"{messages} messages by {len(senders)} senders, REST and socket in turn: {said:.1f} s, of which "
            f"{down:.1f} s without a server; {messages / (said - down):.0f} messages/s; everybody had all "
            f"{took - said:.2f} s after the last acknowledgement; {sum(s.repeats for s in senders)} repeated"
        )
        report(heard)
        print("Every member: 1…n, no gap, no double, and the history agrees.")
    finally:
        server.kill()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=1000)
    options.add_argument("--kills", type=int, default=1, help="how often the server is killed")
    options.add_argument("--at-once", type=int, default=4, help="messages on their way, of each sender")
    given = vars(options.parse_args())
    carry_out(lambda folder: prove(folder, **given))


if __name__ == "__main__":
    main()
