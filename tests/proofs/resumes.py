"""Proof: whoever comes back at any position gets exactly the rest, wherever, and whatever was lost meanwhile.

`make prove-resumes` (ARGS="--messages 30"). Two processes on a PostgreSQL and a Redis of its own. A chat in
which something of most kinds happened on A is resumed from each position 0…n: on A, on B, on both after Redis
was emptied, and after its `kill -9`, on B after that of A, and after a removal from the chat. Each answer has
to be the end of the first one, frame by frame. Exit code 1 if one is not.
"""

import argparse
import asyncio
import os
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.proofs.conformance import Stage, eventful, expect  # noqa: E402
from tests.proofs.crowd import Member, carry_out  # noqa: E402
from tests.proofs.databases import cluster_of_its_own  # noqa: E402
from tests.proofs.visitors import Connection, Frame, OnPython  # noqa: E402

NOT_FOR_MINA = "Said when Mina was gone"


def logged(connection: Connection, chat: str) -> list[Frame]:
    return [each for each in connection.frames if each.get("chat") == chat and "seq" in each]


async def replay(url: str, member: Member, chat: str, *, after: int) -> list[Frame]:
    """What comes to somebody who was at this position."""
    visitor = OnPython(url)
    back = await visitor.open("header", member.access)
    await back.ask("resume", chats={chat: after})
    await visitor.end()
    return logged(back, chat)


class Returns:
    """Mina comes back to a chat, again and again.

    Attributes:
        whole: the chat's frames from position 1 on: each replay has to be the end of this.
    """

    def __init__(self, mina: Member, chat: str, whole: list[Frame]) -> None:
        self.mina, self.chat, self.whole = mina, chat, whole
        self._epoch = ""

    async def at_every_position(self, when: str, url: str, *, is_in: bool = True) -> None:
        """Resume from 0…n at *url*.

        Args:
            is_in: whether she is still in the chat; else her part of it ends with `whole`.
        """
        visitor, started = OnPython(url), time.monotonic()
        for position in range(len(self.whole) + 1):
            back = await visitor.open("header", self.mina.access)
            self._epoch = self._epoch or (await back.frame("hello"))["epoch"]
            resumed = await back.ask("resume", epoch=self._epoch, chats={self.chat: position})
            frames = logged(back, self.chat)
            wanted = self.whole[position:]
            expect(
                [each["seq"] for each in frames],
                [each["seq"] for each in wanted],
                f"{when}, after {position}",
            )
            for frame, other in zip(frames, wanted, strict=True):
                expect(frame, other, f"{when}, after {position}")
            expect([each for each in back.frames if each["type"] == "reset"], [], f"{when}, resets")
            expect(self.chat in resumed["chats"], is_in, f"{when}, the chat in `resumed`")
            if is_in:
                expect(resumed["chats"][self.chat]["seq"], len(self.whole), f"{when}, its position")
            await back.close()
        await visitor.end()
        took = time.monotonic() - started
        print(f"| {when} | 0…{len(self.whole)} | the same frames | {took:.1f} s |", flush=True)


async def prove(folder: Path, *, messages: int) -> None:
    with cluster_of_its_own(folder, processes=2) as cluster:
        a, b = cluster.servers
        redis = cluster.services.redis
        layla, mina, omar = members = [Member(f"{name}-proof", [b.url]) for name in ("layla", "mina", "omar")]
        for member in members:
            await member.sign_up()
        stage = Stage(OnPython(a.url), layla, mina, omar)
        chat, types = await eventful(stage)
        for number in range(messages):
            body = {"client_id": uuid.uuid4().hex, "text": f"Number {number}"}
            (await layla.call("POST", f"chats/{chat}/messages", json=body)).raise_for_status()
        await stage.leave()
        print("| | from position | came | took |\n|---|---|---|---|")
        whole = await replay(a.url, mina, chat, after=0)
        expect([each["seq"] for each in whole], list(range(1, len(types) + messages + 1)), "the first replay")
        expect([each["type"] for each in whole], [*types, *["message.sent"] * messages], "its kinds")
        mina_returns = Returns(mina, chat, whole)
        await mina_returns.at_every_position("on A", a.url)
        await mina_returns.at_every_position("on B", b.url)
        redis.client.flushall()
        for server, name in ((a, "A"), (b, "B")):
            await mina_returns.at_every_position(f"Redis emptied, on {name}", server.url)
        redis.kill()
        await asyncio.to_thread(redis.start)
        await mina_returns.at_every_position("Redis killed and started, on B", b.url)
        a.kill()
        await mina_returns.at_every_position("A killed, on B", b.url)
        (await layla.call("DELETE", f"chats/{chat}/participants/{mina.id}")).raise_for_status()
        for number in range(3):
            body = {"client_id": uuid.uuid4().hex, "text": f"{NOT_FOR_MINA} {number}"}
            (await layla.call("POST", f"chats/{chat}/messages", json=body)).raise_for_status()
        first = whole[0]["data"]["id"]
        for path, body in (
            (f"chats/{chat}", {"title": NOT_FOR_MINA}),
            (f"messages/{first}", {"text": NOT_FOR_MINA}),
        ):
            (await layla.call("PATCH", path, json=body)).raise_for_status()
        left = await replay(b.url, mina, chat, after=0)  # anew: some of it is told without its content
        expect([each["seq"] for each in left], list(range(1, len(whole) + 2)), "what is for who was removed")
        expect((left[-1]["type"], left[-1]["data"]["user"]), ("participant.removed", mina.id), "its end")
        as_now = [each["type"] for each in left if NOT_FOR_MINA in str(each)]
        expect(as_now, [], "what was changed after the removal and is told as it is now")
        mina_returns.whole = left
        await mina_returns.at_every_position("removed from the chat, on B", b.url, is_in=False)
        await asyncio.to_thread(a.start, within=240)
        await mina_returns.at_every_position("removed from the chat, on A anew", a.url, is_in=False)
        for member in members:
            await member.close()
        print(f"From every position exactly the rest; load {os.getloadavg()[0]:.1f}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=30, help="beside ten events of other kinds")
    given = vars(options.parse_args())
    carry_out(lambda folder: prove(folder, **given), with_node=False)


if __name__ == "__main__":
    main()
