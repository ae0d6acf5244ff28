"""HTTP as a server process takes it in: bodies beyond their cap, and what is no request at all."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPResponse
from io import BufferedReader
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest

from tests.live_server import SERVERS, LiveServer
from tests.proofs.crowd import Member, gather_group

MEBIBYTE = 1024 * 1024
LOGIN = "/api/v1/auth/login"
HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("server"), SERVER=request.param) as running:
        yield running


@pytest.fixture(scope="module", params=SERVERS)
def impatient_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("impatient")
    with LiveServer(folder, SERVER=request.param, manners={"IDLE": 0.5}) as running:
        yield running


@contextmanager
def wire(server: LiveServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connected:
        yield connected


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def answer(connected: "socket.socket | Stream") -> tuple[HTTPResponse, dict[str, Any]]:
    response = HTTPResponse(connected)  # type: ignore[arg-type]
    response.begin()
    return response, json.loads(response.read())


class Stream(BufferedReader):
    """What comes over a connection, for several answers: each would read on beyond its own, and close it."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(socket.SocketIO(connected, "r"))

    def makefile(self, _mode: str) -> Self:
        return self

    def close(self) -> None:
        """The connection's to do."""


def is_over(connected: socket.socket) -> bool:
    try:
        return connected.recv(1) == b""
    except ConnectionResetError:
        return True


# --- A body whose length is declared ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [LOGIN, "/api/auth/login/", "/api/v1/users/me", "/api/v1/nothing", "/nothing", "/admin/login/"]
)
def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(path, server):
    with wire(server) as connected:
        connected.sendall(head("POST", path, "Content-Type: application/json", "Content-Length: 9999999999"))

        response, problem = answer(connected)

        assert (response.status, problem["code"]) == (413, "body_too_large")
        assert problem["limit"] == MEBIBYTE
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.headers["Connection"] == "close"
        assert response.headers["X-Request-ID"]
        assert is_over(connected)


def test_whoever_asks_before_sending_is_not_told_to_go_on(server):
    with wire(server) as connected:
        connected.sendall(head("POST", LOGIN, "Content-Length: 1048577", "Expect: 100-continue"))

        response, problem = answer(connected)

        assert (response.status, problem["code"]) == (413, "body_too_large")


def test_whoever_sends_it_all_the_same_still_hears_why(server):
    for _ in range(5):
        response = httpx.post(f"{server.url}{LOGIN}", content=b"x" * 20 * MEBIBYTE)

        assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_a_body_of_exactly_the_cap_is_read(server):
    start, end = b'{"email": "', b'"}'
    body = start + b"x" * (MEBIBYTE - len(start + end)) + end

    response = httpx.post(f"{server.url}{LOGIN}", content=body, headers=JSON)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("body", [b"x", b"--x--\r\n", b"--x\r\n\r\n--x--\r\n"])
def test_a_form_that_is_none_is_refused_by_the_application(body, server):
    form = {"Content-Type": "multipart/form-data; boundary=x"}

    response = httpx.post(f"{server.url}{LOGIN}", content=body, headers=form)

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert response.headers["X-Request-ID"] == response.json()["request_id"]


# --- A body in chunks ---------------------------------------------------------------------------------------


def test_a_body_without_an_end_is_refused_and_kept_nowhere(server):
    with wire(server) as connected:
        connected.sendall(head("POST", LOGIN, "Content-Type: application/json", "Transfer-Encoding: chunked"))
        before, chunk = server.memory(), b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        sent = 0

        while sent < 1000 * MEBIBYTE:
            try:
                connected.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                break
            sent += 0x10000
            if sent == 2 * MEBIBYTE:
                response, problem = answer(connected)

    assert (response.status, problem["code"], problem["limit"]) == (413, "body_too_large", MEBIBYTE)
    assert server.memory() - before < 30 * MEBIBYTE
    assert open_bodies(server) == []


def open_bodies(server: LiveServer) -> list[str]:
    """Temporary files that the server holds open: bodies on disk."""
    assert server.process
    links = []
    for path in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            links.append(str(path.readlink()))
    return [link for link in links if "(deleted)" in link and "/tmp" in link]


def test_small_chunks_count_by_what_is_in_them(server):
    body = b'{"email": "layla@example.com", "password": "seven camels at dawn"}' + b" " * 200_000
    chunks = (body[at : at + 1] for at in range(len(body)))  # six bytes on the wire for one of the body

    response = httpx.post(f"{server.url}{LOGIN}", content=chunks, headers=JSON)

    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")


def test_after_a_body_that_was_fine_the_connection_goes_on(server):
    with httpx.Client(base_url=server.url) as client:
        bodies = (iter([b"{}"]), b"{}", iter([b"{", b"}"]))
        answers = [client.post(LOGIN, content=body, headers=JSON) for body in bodies]
        after = client.get("/api/health/live")

    assert [response.json()["code"] for response in answers] == ["invalid"] * 3
    assert after.status_code == 200
    assert after.headers.get("Connection") is None


# --- A head, and what comes before and after it ------------------------------------------------------------


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(head("GET", "/")[:-2] + b"X-Y: ", id="a head"),
        pytest.param(head("POST", LOGIN, "Transfer-Encoding: chunked") + b"0\r\nX-Y: ", id="a trailer"),
    ],
)
def test_a_header_without_an_end_is_refused_and_kept_nowhere(begun, server):
    with wire(server) as connected:
        connected.sendall(begun)
        before, sent = server.memory(), 0

        while sent < 100 * MEBIBYTE:
            try:
                connected.sendall(b"x" * 0x10000)
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                break
            sent += 0x10000
            if sent == MEBIBYTE:
                response, problem = answer(connected)

    assert (response.status, problem["code"]) == (400, "bad_request")
    assert server.memory() - before < 10 * MEBIBYTE


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HTT", id="half a head"),
        pytest.param(head("POST", LOGIN, "Content-Length: 5") + b"{", id="half a body"),
        pytest.param(head("GET", "/api/health/live"), id="a request"),
    ],
)
def test_a_connection_over_which_nothing_comes_is_closed(said, impatient_server):
    with wire(impatient_server) as connected:
        connected.sendall(said)

        while connected.recv(0x10000):
            pass  # an answer, and then the end

    assert "Traceback" not in impatient_server.log


def test_a_header_that_looks_like_another_one_is_left_out(server):
    with wire(server) as connected:
        connected.sendall(head("GET", "/api/v1/users/me", "X_Request_ID: not-a-name-of-ours"))

        response, _ = answer(connected)

    assert response.headers["X-Request-ID"] != "not-a-name-of-ours"
    assert response.headers["Server"] == "serai"


def test_nobody_says_by_a_header_where_the_application_begins(server):
    with wire(server) as connected:
        connected.sendall(head("GET", "/api/health/live", "Daphne-Root-Path: /api"))

        response, _told = answer(connected)

    assert response.status == 200


def test_requests_one_behind_the_other_are_answered_in_their_order(server):
    paths = ("/api/health/live", "/api/v1/users/me", "/api/health/live")
    with wire(server) as connected:
        connected.sendall(b"".join(head("GET", path) for path in paths) + b"nonsense\r\n\r\n")

        stream = Stream(connected)
        statuses = [answer(stream)[0].status for _ in paths]

    assert statuses == [200, 401, 200]


def test_of_a_crowd_that_comes_at_once_each_is_answered(server):
    with ExitStack() as stack:
        crowd = [stack.enter_context(wire(server)) for _ in range(60)]
        begun, rest = head("GET", "/api/health/live")[:20], head("GET", "/api/health/live")[20:]
        for part in (begun, rest, begun + rest):
            for connected in crowd:
                connected.sendall(part)

        streams = [Stream(connected) for connected in crowd]
        statuses = [[answer(stream)[0].status for _ in range(2)] for stream in streams]

    assert statuses == [[200, 200]] * 60


# --- Several requests over one connection, by the door in front of Django and by Django ---------------------


@pytest.fixture(scope="module")
def member(server: LiveServer) -> Member:
    """Somebody with a chat of their own, whose first send has shown the fast door how Django answers."""

    async def come() -> Member:
        member = Member("layla-in-line", [server.url])
        await gather_group([member])
        for path in (f"chats/{member.chat}/messages", f"chats/{member.chat}/messages?limit=1"):
            await member.call("POST", path, json={"text": "First"})
            await member.call("GET", path)
        await member.close()
        return member

    return asyncio.run(come())


def of_member(member: Member, method: str, path: str, body: dict[str, object] | None = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"Authorization: Bearer {member.access}", "Content-Type: application/json"]
    return head(method, f"/api/v1/{path}", *lines, f"Content-Length: {len(content)}") + content


def test_sends_one_behind_the_other_are_answered_each_with_its_own(server, member):
    path = f"chats/{member.chat}/messages"
    texts = [f"{number} in line" for number in range(10)]  # every third is Django's to answer
    bodies = [
        {"text": text} | ({"silent": True} if number % 3 == 2 else {}) for number, text in enumerate(texts)
    ]
    with wire(server) as connected:
        connected.sendall(b"".join(of_member(member, "POST", path, body) for body in bodies))

        stream = Stream(connected)
        answers = [answer(stream) for _ in texts]

    assert [response.status for response, _ in answers] == [201] * len(texts)
    assert [message["text"] for _, message in answers] == texts
    seqs = [message["seq"] for _, message in answers]
    assert seqs == list(range(seqs[0], seqs[0] + len(texts)))
    assert len({response.headers["X-Request-ID"] for response, _ in answers}) == len(texts)


def test_what_is_refused_in_between_takes_nobodys_place(server, member):
    path = f"chats/{member.chat}/messages"
    said = [
        (of_member(member, "POST", path, {"text": "Before"}), (201, "Before")),
        (of_member(member, "GET", f"chats/{uuid4()}/messages"), (404, "not_found")),
        (of_member(member, "POST", path, {"text": ""}), (400, "invalid")),
        (of_member(member, "POST", path, {"text": "After"}), (201, "After")),
        (of_member(member, "GET", f"{path}?limit=x"), (400, "invalid")),
    ]
    with wire(server) as connected:
        stream = Stream(connected)
        for _ in range(2):  # the connection goes on
            connected.sendall(b"".join(request for request, _ in said))

            answers = [answer(stream) for _ in said]

            told = [(response.status, body.get("text") or body["code"]) for response, body in answers]
            assert told == [expected for _, expected in said]


def test_a_request_in_pieces_behind_another_is_answered_behind_it(server, member):
    path = f"chats/{member.chat}/messages"
    whole = of_member(member, "POST", path, {"text": "In one piece"})
    pieces = of_member(member, "POST", path, {"text": "In two pieces"})
    with wire(server) as connected:
        connected.sendall(whole + pieces[:-9])
        stream = Stream(connected)
        first = answer(stream)
        connected.sendall(pieces[-9:] + of_member(member, "GET", f"{path}?limit=1"))

        answers = [first, answer(stream), answer(stream)]

    assert [response.status for response, _ in answers] == [201, 201, 200]
    *sent, page = [body for _, body in answers]
    assert [message["text"] for message in sent] == ["In one piece", "In two pieces"]
    assert [message["text"] for message in page["results"]] == ["In two pieces"]


def test_whoever_would_rather_speak_http_2_is_answered_in_full(server):
    body = b'{"email": "layla@example.com", "password": "seven camels at dawn"}'
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAA")
    request = head("POST", LOGIN, *upgrade, "Content-Type: application/json", f"Content-Length: {len(body)}")
    with wire(server) as connected:
        for _ in range(2):  # over one connection
            connected.sendall(request + body)

            response, problem = answer(connected)

            assert (response.status, problem["code"]) == (401, "invalid_credentials")


# --- What the server refuses by itself ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Y: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX\xff: a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?a=\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Y: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Y: a\r\n" * 600 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + (b"X-Y: " + b"x" * 4000 + b"\r\n") * 5 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_what_is_no_request_is_a_problem_too(request_, server):
    with wire(server) as connected:
        connected.sendall(request_)

        response, problem = answer(connected)

    assert (response.status, problem["code"], problem["status"]) == (400, "bad_request", 400)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("path", "origin"), [("/ws", "https://evil.example"), ("/ws/nowhere", "http://localhost")]
)
def test_a_socket_refused_before_it_opens_is_a_problem_too(path, origin, server):
    with wire(server) as connected:
        connected.sendall(head("GET", path, *HANDSHAKE, f"Origin: {origin}"))

        response, problem = answer(connected)

    assert (response.status, problem["code"]) == (403, "not_allowed")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("key", ["Sec-WebSocket-Key: short", "X-Y: z"])
def test_a_handshake_that_is_none_is_a_problem_too(key, server):
    with wire(server) as connected:
        connected.sendall(head("GET", "/ws", *HANDSHAKE[:-1], key))

        response, problem = answer(connected)

        assert (response.status, problem["code"]) == (400, "bad_request")
        assert is_over(connected)
    assert "Traceback" not in server.log


def test_a_handshake_may_have_as_large_a_head_as_any_request(server):
    more = ["Cookie: " + "x" * 9000, *(f"X-{number}: y" for number in range(300))]
    with wire(server) as connected:
        connected.sendall(head("GET", "/ws", *HANDSHAKE, *more))

        response = HTTPResponse(connected)
        response.begin()

    assert response.status == 101
    assert response.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert response.headers["Server"] == "serai"
