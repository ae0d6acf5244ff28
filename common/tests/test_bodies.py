"""Bodies at the ASGI door, whichever server stands before it."""

import asyncio
import json

import pytest

from common import sizes
from config.asgi import application

MEBIBYTE = 1024 * 1024
LOGIN = "/api/v1/auth/login"


def post(path, *chunks, length=None, taken=None):
    """What the application answers to a body that comes in these chunks: its status and body."""
    coming = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    coming[-1]["more_body"] = False
    headers = [(b"host", b"testserver"), (b"content-type", b"application/json")]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": headers,
    }
    sent = []

    async def receive():
        if not coming:
            await asyncio.Event().wait()
        if taken is not None:
            taken.append(coming[0])
        return coming.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(application(scope, receive, send))
    content = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(content)


@pytest.mark.django_db(transaction=True)
def test_a_body_that_fits_is_read_however_it_comes():
    body = b'{"email": "layla@example.com", "password": "seven camels at dawn"}'

    whole = post(LOGIN, body, length=len(body))
    in_chunks = post(LOGIN, *(body[at : at + 1] for at in range(len(body))), b"")

    assert [status for status, _ in (whole, in_chunks)] == [401, 401]
    assert in_chunks[1]["code"] == "invalid_credentials"


@pytest.mark.parametrize(
    "path", [LOGIN, "/api/auth/signup", "/api/v1/auth/login/", "/admin/login/", "/nothing"]
)
def test_a_body_that_is_declared_too_large_is_not_waited_for(path):
    taken = []

    status, problem = post(path, b"x" * 1000, b"x" * 1000, length=MEBIBYTE + 1, taken=taken)

    assert (status, problem["code"], problem["limit"]) == (413, "body_too_large", MEBIBYTE)
    assert problem["request_id" if path != "/api/auth/signup" else "requestId"]
    assert len(taken) <= 2


def test_a_body_that_grows_too_large_is_not_read_further():
    status, problem = post(LOGIN, *[b"x" * (MEBIBYTE // 4)] * 1000)

    assert (status, problem["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("length", ["-1", "x", "1" * 5000, "١"])
def test_a_length_that_is_none_breaks_nothing(length):
    status, _ = post(LOGIN, b"{}", length=length)

    assert status in (400, 413)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "takes_more"),
    [
        ("/api/v1/chats/7/files", True),
        ("/api/v1/chats/7/files/", True),
        ("/api/chats/7/files", True),
        ("/api/messages/7/files", True),  # an old name
        ("/api/v1/chats/7", False),
        ("/api/v1/chats/7/files/8", False),
        ("/chats/7/files", False),
    ],
)
def test_a_path_may_take_larger_ones_under_every_name_it_has(path, takes_more, monkeypatch):
    monkeypatch.setattr(sizes, "large_bodies", {r"chats/[^/]+/files": 3 * MEBIBYTE})

    larger = post(path, b"x" * 2 * MEBIBYTE, length=2 * MEBIBYTE)
    too_large = post(path, b"x" * 4 * MEBIBYTE, length=4 * MEBIBYTE)

    assert (larger[0] != 413) is takes_more
    assert too_large[0] == 413
    assert too_large[1]["limit"] == (3 * MEBIBYTE if takes_more else MEBIBYTE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/api/v1/users/me/avatar", "/api/user/avatar"])
def test_a_picture_may_be_larger_than_any_other_body(path):
    larger = post(path, b"x" * 5 * MEBIBYTE, length=5 * MEBIBYTE)
    too_large = post(path, b"x" * 7 * MEBIBYTE, length=7 * MEBIBYTE)

    assert (larger[0], larger[1]["code"]) == (401, "not_authenticated")
    assert (too_large[0], too_large[1]["limit"]) == (413, 6 * MEBIBYTE)
