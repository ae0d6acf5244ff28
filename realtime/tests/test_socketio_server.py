"""Socket.IO on the server as it really runs: the bounds and the end of Daphne itself."""

import asyncio
import json
import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.live_server import SERVERS, LiveServer
from tests.proofs.crowd import Member

MEGABYTE = 1024 * 1024
QUERY = "EIO=4&transport="


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("server"), SERVER=request.param) as running:
        yield running


class Poller:
    """A polling client of Socket.IO, whose polls are the test's to make."""

    def __init__(self, server: LiveServer, member: Member) -> None:
        self.rest = httpx.AsyncClient(timeout=30)
        self.url = f"{server.url}/socket.io/?{QUERY}polling"
        self.member = member

    async def enter(self) -> "Poller":
        opened = (await self.rest.get(self.url)).raise_for_status().text
        self.url += f"&sid={json.loads(opened[1:])['sid']}"
        await self.say("40" + json.dumps({"token": self.member.access}))
        came = ""
        while "hello" not in came:
            came += await self.poll()
        return self

    async def say(self, packet: str) -> httpx.Response:
        return await self.rest.post(self.url, content=packet)

    async def poll(self) -> str:
        return (await self.rest.get(self.url)).raise_for_status().text


async def signed_in(server: LiveServer, name: str) -> Member:
    member = Member(name, [server.url])
    await member.sign_up()
    return member


def test_who_never_polls_is_dropped_and_holds_no_memory(server):
    async def flood() -> None:
        member = await signed_in(server, "never-polls")
        poller = await Poller(server, member).enter()
        before = server.memory()

        for _ in range(4):
            await poller.say("\x1e".join(f'42{number}["ping"]' for number in range(2000)))
        packets = (await poller.poll()).split("\x1e")

        assert '"TOO_SLOW"' in packets[-1]
        assert len(packets) < 4000
        assert await poller.poll() == "1"
        assert (await poller.rest.get(poller.url)).status_code == 400
        assert server.memory() - before < 10 * MEGABYTE
        await poller.rest.aclose()
        await member.close()

    asyncio.run(flood())


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_beyond_its_cap_is_refused_before_it_is_held(announced, server):
    async def post() -> None:
        member = await signed_in(server, f"large-{announced}".lower())
        poller = await Poller(server, member).enter()
        before = server.memory()

        async def chunks():
            for _ in range(50):
                yield b"4" + b"x" * MEGABYTE

        content = b"4" + b"x" * 50 * MEGABYTE if announced else chunks()
        answer = await poller.rest.post(poller.url, content=content)

        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert server.memory() - before < 10 * MEGABYTE
        assert "BAD_FRAME" in await poller.poll()
        await poller.rest.aclose()
        await member.close()

    asyncio.run(post())


def test_a_signal_tells_who_polls_to_come_back(server):
    async def stop() -> tuple[str, int]:
        member = await signed_in(server, "polls-on")
        poller = await Poller(server, member).enter()
        polling = asyncio.create_task(poller.poll())
        await asyncio.sleep(0)
        code, _ = await asyncio.to_thread(server.stop, signal.SIGTERM)
        came = await polling
        while "heartbeat" in came:
            came = await poller.poll()
        await poller.rest.aclose()
        await member.close()
        return came, code

    came, code = asyncio.run(stop())

    packets = came.split("\x1e")
    assert [json.loads(packet[2:])[0] for packet in packets] == ["going_away", "closing"]
    assert code == 0
    assert "Traceback" not in server.log
