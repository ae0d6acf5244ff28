"""Proof: two server processes on PostgreSQL and Redis act as one, and one of them may die.

`make prove-cluster` (ARGS="--messages 600"). Works in a database of its own, beside that of `DATABASE_URL`,
and under a prefix of its own in Redis. Exit code 1 if the servers broke their word.
"""

import argparse
import asyncio
import os
import secrets
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import websockets  # noqa: E402

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.crowd import (  # noqa: E402
    Member,
    NodeReader,
    Violated,
    carry_out,
    check,
    everybody_has,
    gather_group,
    report,
    send_all,
)
from tests.proofs.databases import database_of_its_own  # noqa: E402

ARRIVES_WITHIN = 1.0  # seconds from one process to a socket of the other
ENDS_WITHIN = 5.0  # seconds from a revocation to the end of the session's sockets and tokens


async def prove_arrival(writer: Member, reader: Member, rounds: int = 20) -> int:
    """A message sent on one process is on the other's sockets within a second."""
    took = []
    for number in range(rounds):
        position = reader.heard.position
        started = time.monotonic()
        await writer.send(f"arrival-{number}", by_socket=number % 2 == 0)
        while reader.heard.position == position:
            if time.monotonic() - started > ARRIVES_WITHIN:
                raise Violated(f"message {number} did not arrive within {ARRIVES_WITHIN} s")
            await asyncio.sleep(0.001)
        took.append(time.monotonic() - started)
    took.sort()
    print(
        f"sent on A, heard on B: {1000 * took[rounds // 2]:.0f} ms in the middle, "
        f"{1000 * took[-1]:.0f} ms at most, of {rounds}"
    )
    return rounds


async def prove_revocation(here: str, there: str) -> None:
    """A session that is revoked on one process ends on the other: its socket and its access token."""
    phone = Member("two-devices", [there])
    await phone.sign_up()
    laptop = Member("two-devices", [here])
    await laptop.sign_in()
    url = f"{there.replace('http', 'ws', 1)}/ws"
    headers = {"Authorization": f"Bearer {phone.access}"}
    async with websockets.connect(url, additional_headers=headers, proxy=None) as socket:
        await socket.recv()
        started = time.monotonic()
        response = await laptop.call("DELETE", f"auth/sessions/{phone.session}")
        if response.status_code != 204:
            raise Violated(f"revoking a session: {response.status_code} {response.text}")
        try:
            async with asyncio.timeout(ENDS_WITHIN):
                await socket.wait_closed()
        except TimeoutError:
            raise Violated(f"the socket is open {ENDS_WITHIN} s after its session was revoked") from None
        closed = time.monotonic() - started
        if socket.close_code != 4401:
            raise Violated(f"the socket of a revoked session closed with {socket.close_code}")
    while (status := (await phone.call("GET", "users/me")).status_code) != 401:
        if time.monotonic() - started > ENDS_WITHIN:
            raise Violated(f"the access token still gives {status}")
        await asyncio.sleep(0.01)
    print(
        f"revoked on A: socket on B closed (4401) after {1000 * closed:.0f} ms, "
        f"token refused after {1000 * (time.monotonic() - started):.0f} ms"
    )
    await phone.close()
    await laptop.close()


async def prove_death(
    first: LiveServer, members: list[Member], node: NodeReader, *, messages: int, before: int
) -> None:
    """One process is killed in mid-conversation, its clients go to the other, and nobody misses anything."""
    senders, heard = members[:3], [member.heard for member in members] + [node.heard]
    sent = [f"arrival-{number}" for number in range(before)]
    shares = [messages // 3 + (number < messages % 3) for number in range(3)]
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for sender, share in zip(senders, shares, strict=True):
            group.create_task(send_all(sender, share, 4, sent))
        while len(sent) - before < messages // 2:
            await asyncio.sleep(0.005)
        first.kill()
        print(f"kill -9 of A after {len(sent) - before} acknowledged")
    said = time.monotonic() - started
    await everybody_has(heard, before + messages, within=30)
    took = time.monotonic() - started
    check(heard, await members[-1].history(), sent)
    print(
        f"{messages} messages by 3 senders: {said:.1f} s, {messages / said:.0f} messages/s; everybody had "
        f"all {took - said:.2f} s after the last acknowledgement; {sum(s.repeats for s in senders)} repeated"
    )
    report(heard)


async def prove(folder: Path, database: str, *, messages: int) -> None:
    shared = {
        "DATABASE_URL": database,
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": f"serai-proof-{secrets.token_hex(4)}",
    }
    a, b = (LiveServer(folder / "data", **shared) for _ in range(2))
    try:
        for server in (a, b):
            await asyncio.to_thread(server.start)
        on_a, on_b = [a.url, b.url], [b.url, a.url]
        members = [
            Member("layla-proof", on_a),
            Member("omar-proof", on_b),
            Member("mina-proof", on_a),
            Member("reader-a", on_a),
            Member("reader-b", on_b),
        ]
        on_node = Member("node-a", on_a)
        await gather_group([*members, on_node])
        node = NodeReader(on_node, folder)
        async with asyncio.TaskGroup() as group:
            listening = [group.create_task(each.listen()) for each in [*members, node]]
            while any(each.resumed == 0 for each in [*(member.heard for member in members), node.heard]):
                await asyncio.sleep(0.02)
            before = await prove_arrival(members[0], members[4])
            await prove_revocation(a.url, b.url)
            await prove_death(a, members, node, messages=messages, before=before)
            for task in listening:
                task.cancel()
        for member in [*members, on_node]:
            await member.close()
        print("Two processes acted as one: 1…n for every member, no gap, no double, and the history agrees.")
    finally:
        a.kill()
        b.kill()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=600)
    given = options.parse_args()
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        sys.exit("Set DATABASE_URL and REDIS_URL, or run: make prove-cluster")
    with database_of_its_own(os.environ["DATABASE_URL"]) as database:
        carry_out(lambda folder: prove(folder, database, messages=given.messages))


if __name__ == "__main__":
    main()
