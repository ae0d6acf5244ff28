"""The server as it really runs: a process of its own, real sockets and signals, on the embedded default."""

import asyncio
import gc
import json
import signal
import socket
import sqlite3
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import websockets
from websockets.client import ClientProtocol
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tests.live_server import SERVERS, LiveServer
from tests.proofs.crowd import Member, everybody_has, gather_group, send_all

MEGABYTE = 1024 * 1024
QUICK = {"PING_EVERY": 1, "PONG_WITHIN": 1, "LISTENS_EVERY": 0.01}  # seconds


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("server"), SERVER=request.param, manners=QUICK) as running:
        yield running


@pytest.fixture(scope="module", params=SERVERS)
def hasty_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """One that soon drops whom it has closed."""
    folder = tmp_path_factory.mktemp("hasty")
    with LiveServer(folder, SERVER=request.param, manners={"CLOSE_WITHIN": 1}) as running:
        yield running


@pytest.fixture(autouse=True)
def _litter_is_ours() -> Iterator[None]:
    """Sockets that a killed server left half open are swept up here, not in whichever test comes next."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Pinged(websockets.ClientConnection):
    """Counts the pings that it answers."""

    pings = 0

    def process_event(self, event: Any) -> None:
        self.pings += getattr(event, "opcode", None) is Opcode.PING
        super().process_event(event)


async def signed_in(server: LiveServer, name: str) -> Member:
    member = Member(name, [server.url])
    await member.sign_up()
    return member


def socket_of(server: LiveServer, member: Member, **more: Any) -> websockets.connect:
    headers = {"Authorization": f"Bearer {member.access}"}
    return websockets.connect(f"{server.ws_url}/ws", additional_headers=headers, proxy=None, **more)


@contextmanager
def opened(server: LiveServer, access: str) -> Iterator[tuple[socket.socket, ClientProtocol]]:
    """A socket of which nothing is read but what a test reads."""
    protocol = ClientProtocol(parse_uri(f"{server.ws_url}/ws"))
    request = protocol.connect()
    request.headers["Authorization"] = f"Bearer {access}"
    protocol.send_request(request)
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.settimeout(15)
        wire.connect(("127.0.0.1", server.port))
        wire.sendall(b"".join(protocol.data_to_send()))
        while protocol.state is State.CONNECTING:
            protocol.receive_data(wire.recv(1))  # no frame behind the head with it
        yield wire, protocol


async def code_of(client: websockets.ClientConnection) -> int | None:
    async with asyncio.timeout(15):
        while True:
            try:
                await client.recv()
            except websockets.ConnectionClosed:
                return client.close_code


def test_strangers_become_a_group_that_talks_and_a_kill_loses_nothing(server):
    async def talk() -> None:
        members = [Member(name, [server.url]) for name in ("layla-live", "omar-live", "mina-live")]
        heard = [member.heard for member in members]
        await gather_group(members)
        listening = [asyncio.create_task(member.listen()) for member in members]
        sent: list[str] = []
        talking = [asyncio.create_task(send_all(member, 10, 2, sent)) for member in members[:2]]
        while len(sent) < 10:
            await asyncio.sleep(0.01)

        server.kill()
        await asyncio.to_thread(server.start)

        await asyncio.gather(*talking)
        await everybody_has(heard, 20, within=15)
        history = await members[2].history()
        for each in listening:
            each.cancel()
        await asyncio.wait(listening)
        for member in members:
            await member.close()
        assert [message["seq"] for message in history] == list(range(1, 21))
        assert sorted(message["client_id"] for message in history) == sorted(
            [f"layla-live-{n}" for n in range(10)] + [f"omar-live-{n}" for n in range(10)]
        )
        assert [each.seqs for each in heard] == [list(range(1, 21))] * 3

    asyncio.run(talk())


def test_a_client_that_does_not_pong_is_closed(server):
    async def connect() -> str:
        member = await signed_in(server, "silent")
        await member.close()
        return member.access

    with opened(server, asyncio.run(connect())) as (wire, protocol):  # the last that this client ever says
        opcodes = []
        while protocol.close_rcvd is None and (data := wire.recv(65_536)):
            protocol.receive_data(data)
            opcodes += [event.opcode for event in protocol.events_received() if isinstance(event, WireFrame)]

    assert Opcode.PING in opcodes
    assert protocol.close_rcvd is not None
    assert protocol.close_rcvd.code == 4408
    assert 'serai_socket_closes_total{code="NO_PONG"} 1.0' in httpx.get(f"{server.url}/metrics").text


def test_a_client_that_pongs_stays(server):
    async def wait() -> None:
        member = await signed_in(server, "healthy")
        async with socket_of(server, member, create_connection=Pinged) as client:
            await client.recv()
            async with asyncio.timeout(20):
                while client.pings < 2:  # the second comes to whoever has answered the first
                    await asyncio.sleep(0.05)

            await client.send(json.dumps({"type": "ping", "id": 1}))

            assert (await answer_of(client))["id"] == 1
        await member.close()

    asyncio.run(wait())


def test_a_reader_that_reads_nothing_is_closed_and_holds_no_memory(server):
    async def flood() -> None:
        member = await signed_in(server, "deaf")
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", server.port))
        async with socket_of(server, member, sock=narrow, max_queue=1, ping_interval=None) as client:
            await client.recv()
            before = server.memory()
            echo = json.dumps({"type": "ping", "id": "x" * 250_000})

            for _ in range(200):  # fifty megabytes of answers that nobody reads
                await client.send(echo)
            grown = server.memory() - before

            assert await code_of(client) == 4413
        await member.close()
        assert grown < 40 * MEGABYTE

    asyncio.run(flood())


def test_who_never_reads_why_they_are_closed_is_dropped(hasty_server):
    async def connect() -> str:
        member = await signed_in(hasty_server, "never-reads")
        await member.close()
        return member.access

    with opened(hasty_server, asyncio.run(connect())) as (wire, protocol):
        echo = json.dumps({"type": "ping", "id": "x" * 250_000}).encode()
        wire.settimeout(30)

        with pytest.raises(ConnectionError):
            say_for_ever(wire, protocol, echo)  # and read nothing

    assert "Traceback" not in hasty_server.log


def say_for_ever(wire: socket.socket, protocol: ClientProtocol, text: bytes) -> None:
    while True:
        protocol.send_text(text)
        wire.sendall(b"".join(protocol.data_to_send()))


def test_a_slow_reader_holds_nobody_else_up(server):
    async def talk() -> None:
        members = [Member(name, [server.url]) for name in ("quick", "sleepy")]
        chat = await gather_group(members)
        quick, sleepy = members
        async with (
            socket_of(server, quick) as hears,
            socket_of(server, sleepy, max_queue=1, close_timeout=0.1) as sleeps,
        ):
            await hears.recv()
            await sleeps.recv()
            echo = json.dumps({"type": "ping", "id": "x" * 250_000})
            for _ in range(30):
                await sleeps.send(echo)

            started = time.monotonic()
            response = await quick.call("POST", f"chats/{chat}/messages", json={"text": "Awake?"})
            frame = json.loads(await asyncio.wait_for(hears.recv(), 5))

            assert response.status_code == 201
            assert frame["data"]["text"] == "Awake?"
            assert time.monotonic() - started < 2
        for member in members:
            await member.close()

    asyncio.run(talk())


# --- Clients that say too much ------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=SERVERS)
def strict_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("strict"), SERVER=request.param, LIMIT_SOCKET="100/m") as running:
        yield running


def test_what_a_client_says_faster_than_it_is_heard_waits_with_the_client(server):
    async def flood() -> None:
        talker, other = [await signed_in(server, name) for name in ("talker", "patient")]
        large = json.dumps({"type": "message.send", "data": {"chat": "x", "text": "x" * 200_000}})
        async with (
            socket_of(server, talker, ping_interval=None) as talks,
            socket_of(server, other) as waits,
        ):
            await talks.recv()
            await waits.recv()
            before = most = server.memory()

            sending = asyncio.create_task(say_all(talks, [large] * 400))  # eighty megabytes
            answers = 0
            while answers < 400:
                answers += json.loads(await talks.recv())["type"] == "error"
                if answers % 40 == 0:
                    most = max(most, server.memory())
                    await waits.send(json.dumps({"type": "ping", "id": answers}))
                    assert (await asyncio.wait_for(answer_of(waits), 5))["id"] == answers
            await sending

            assert talks.close_code is None
        await talker.close()
        await other.close()
        assert most - before < 25 * MEGABYTE

    asyncio.run(flood())


def test_pongs_that_nobody_reads_are_held_nowhere(strict_server):
    async def connect() -> str:
        member = await signed_in(strict_server, "pings")
        await member.close()
        return member.access

    with opened(strict_server, asyncio.run(connect())) as (wire, protocol):
        wire.settimeout(60)
        for _ in range(500):
            protocol.send_ping(b"x" * 125)
        pings = b"".join(protocol.data_to_send())
        before = strict_server.memory()

        for _ in range(250):  # sixteen megabytes
            wire.sendall(pings)
        grown = strict_server.memory() - before

    assert grown < 8 * MEGABYTE


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([b"x" * 5 * MEGABYTE], 1009),
        ([b"x" * 100_000] * 20, 1009),
        ([b"x" * 300_000], 4400),  # few enough bytes, but too many characters
        ([b"\xff"], 1007),
    ],
    ids=["too large", "too large in pieces", "too long", "no text"],
)
def test_what_no_frame_may_be_closes_the_socket_and_says_so(pieces, code, server):
    async def connect() -> str:
        member = await signed_in(server, f"says-{uuid4().hex[:8]}")
        await member.close()
        return member.access

    with opened(server, asyncio.run(connect())) as (wire, protocol):
        for number, piece in enumerate(pieces, 1):
            say = protocol.send_text if number == 1 else protocol.send_continuation
            say(piece, fin=number == len(pieces))
        wire.sendall(b"".join(protocol.data_to_send()))
        while protocol.close_rcvd is None and (data := wire.recv(65_536)):
            protocol.receive_data(data)

    assert protocol.close_rcvd is not None
    assert protocol.close_rcvd.code == code
    assert "Traceback" not in server.log


async def answer_of(client: websockets.ClientConnection) -> dict[str, Any]:
    """What comes next but heartbeats, which are due by the clock of the process, whenever a test began."""
    while (answer := json.loads(await client.recv()))["type"] == "heartbeat":
        pass
    return answer


async def said_by(client: websockets.ClientConnection) -> AsyncIterator[str]:
    """What the server says until it closes, however it does."""
    try:
        while True:
            yield str(await client.recv())
    except websockets.ConnectionClosed:
        return


async def say_all(client: websockets.ClientConnection, frames: list[str]) -> None:
    try:
        for text in frames:
            await client.send(text)
    except websockets.ConnectionClosed:
        pass  # that it is closed is looked at by whoever reads


def test_a_client_over_its_limit_is_closed_and_nobody_else(strict_server):
    async def flood() -> None:
        loud, quiet = [await signed_in(strict_server, name) for name in ("loud", "quiet")]
        async with (
            socket_of(strict_server, loud) as talks,
            socket_of(strict_server, loud) as of_the_same,
            socket_of(strict_server, quiet) as waits,
        ):
            for client in (talks, of_the_same, waits):
                await client.recv()
            before = strict_server.memory()

            sending = asyncio.create_task(say_all(talks, ['{"type": "ping"}'] * 100_000))
            pongs = sum([json.loads(text)["type"] == "pong" async for text in said_by(talks)])
            await sending

            assert talks.close_code == 4429
            assert pongs <= 100
            assert strict_server.memory() - before < 10 * MEGABYTE
            for client in (of_the_same, waits):
                await client.send('{"type": "ping", "id": "still"}')
                assert (await asyncio.wait_for(answer_of(client), 5))["id"] == "still"
        async with socket_of(strict_server, loud) as again:
            assert json.loads(await again.recv())["type"] == "hello"
        await loud.close()
        await quiet.close()

    asyncio.run(flood())
    assert "Traceback" not in strict_server.log


def test_a_connection_that_fills_up_in_the_middle_loses_no_frame_and_no_order(strict_server):
    async def talk() -> list[str]:
        member = await signed_in(strict_server, "narrow")
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", strict_server.port))
        async with socket_of(strict_server, member, sock=narrow, max_queue=1) as client:
            await client.recv()
            for number in range(60):  # some go straight out, then all wait, then they leave together
                await client.send(json.dumps({"type": "ping", "id": f"{number} " + "x" * 60_000}))
            answers = [(await asyncio.wait_for(answer_of(client), 15))["id"] for _ in range(60)]
        await member.close()
        return [answer.partition(" ")[0] for answer in answers]

    assert asyncio.run(talk()) == [str(number) for number in range(60)]


def test_a_client_whose_pongs_wait_behind_its_frames_is_not_taken_for_dead(server):
    async def talk() -> None:
        member = await signed_in(server, "waiting")
        chat = (await member.call("POST", "chats", json={"type": "group", "title": "Petra"})).json()["id"]
        async with socket_of(server, member, create_connection=Pinged) as client:
            await client.recv()
            said = json.dumps({"type": "message.send", "data": {"chat": chat, "text": "Salam"}})
            with closing(sqlite3.connect(server.data / "serai.sqlite3", isolation_level=None)) as database:
                database.execute("BEGIN IMMEDIATE")  # nobody else writes, so the first frame waits
                await say_all(client, [said] * 100)
                async with asyncio.timeout(20):
                    while client.pings < 3:
                        await asyncio.sleep(0.05)

            acks = 0
            while acks < 100:
                acks += json.loads(await asyncio.wait_for(client.recv(), 15))["type"] == "ack"
        await member.close()

    asyncio.run(talk())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quickly_and_cleanly(how, server):
    async def stop() -> tuple[int, float, list[int | None]]:
        member = await signed_in(server, how.name.lower())
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(socket_of(server, member)) for _ in range(10)]
            for client in clients[:5]:
                await client.recv()  # half of them have had their hello, half may not yet
            code, seconds = await asyncio.to_thread(server.stop, how)
            codes = [await code_of(client) for client in clients]
        await member.close()
        return code, seconds, codes

    code, seconds, codes = asyncio.run(stop())

    assert code == 0
    assert seconds < 5
    assert codes == [1012] * 10
    assert "Traceback" not in server.log
    assert server.start() < 15  # everything is there already


def test_a_request_under_way_is_answered_before_the_process_ends(server):
    head = (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as wire:
        wire.sendall(head)
        assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"

        server.process.send_signal(signal.SIGTERM)
        wait_until_refused(server)
        wire.sendall(b"{}")
        with HTTPResponse(wire) as response:
            response.begin()
            problem = json.loads(response.read())
        code = server.process.wait(15)

    assert (response.status, problem["code"]) == (400, "invalid")
    assert code == 0
    assert "Traceback" not in server.log
    server.start()


def wait_until_refused(server: LiveServer) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.02)
    raise TimeoutError("It still takes connections in.")


def test_a_server_that_is_none_is_told_in_words(tmp_path):
    server = LiveServer(tmp_path, SERVER="apache")

    code = server.spawn().wait(60)

    assert code == 1
    assert "SERVER is 'apache': use daphne or uvicorn." in server.log


@pytest.mark.parametrize("kind", SERVERS)
def test_a_request_is_one_line_of_the_log_whatever_serves(kind, tmp_path):
    (other,) = set(SERVERS) - {kind}
    with LiveServer(tmp_path, words=("--server", kind), SERVER=other, LOG_LEVEL="INFO") as server:
        headers = {"X-Request-ID": "of-this-test", "X-Forwarded-For": "203.0.113.7"}  # by no proxy of ours
        answer = httpx.get(f"{server.url}/api/v1/users/me", headers=headers)
        assert server.process
        loaded = Path(f"/proc/{server.process.pid}/maps").read_text()

    lines = [json.loads(line) for line in server.log.splitlines() if "of-this-test" in line]
    assert [line["event"] for line in lines] == ["request_finished"]
    assert lines[0]["request"] == "GET /api/v1/users/me"
    assert lines[0]["code"] == answer.status_code == 401
    assert lines[0]["address"] == "127.0.0.1"
    assert ("uvloop" in loaded) is (kind == "uvicorn")  # what is said wins over what is set


def test_a_taken_port_is_told_in_words(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = LiveServer(tmp_path, port=port)

        code = server.spawn().wait(30)

    assert code == 1
    assert f"Port {port} is taken." in server.log
    assert f"PORT={port + 1} make run" in server.log
    assert "Traceback" not in server.log
