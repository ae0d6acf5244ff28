"""Odd bytes at every kind of door: a clear refusal, never our fault."""

import json
from base64 import b64encode

import pytest
from rest_framework.test import APIClient

from accounts.tests.factories import UserFactory
from messaging.models import Message
from messaging.tests.factories import group_of
from notifications.models import Preferences
from realtime.tests.clients import enter, in_thread, live, token_of

pytestmark = pytest.mark.django_db

LOGIN = "/api/v1/auth/login"
DEEP = 200

# What is sent, and what is said of it as the body of a request and as a frame's `data`.
BODIES = {
    "a NUL byte": (b'{"text": "a\\u0000b"}', "invalid"),
    "half of a pair": (b'{"text": "\\ud800"}', "malformed"),
    "the other half": (b'{"text": "\\udc00\\ud800"}', "malformed"),
    "bytes that are no UTF-8": (b'{"text": "\xff\xfe"}', "malformed"),
    "a surrogate as bytes": (b'{"text": "\xed\xa0\x80"}', "malformed"),
    "an overlong slash": (b'{"text": "\xc0\xaf"}', "malformed"),
    "a raw line break": (b'{"text": "a\nb"}', "malformed"),
    "a byte order mark": (b'\xef\xbb\xbf{"text": "a"}', "malformed"),
    "UTF-16": ('{"text": "a"}'.encode("utf-16"), "malformed"),
    "a field twice": (b'{"text": "a", "text": "b"}', "malformed"),
    "a field twice, spelt otherwise": (b'{"text": "a", "te\\u0078t": "b"}', "malformed"),
    "a field twice, further in": (b'{"text": {"a": 1, "a": 2}}', "malformed"),
    "lists in lists": (b'{"text": ' + b"[" * DEEP + b"]" * DEEP + b"}", "malformed"),
    "objects in objects": (b'{"text": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}", "malformed"),
    "lists without an end": (b'{"text": ' + b"[" * 50_000 + b"}", "malformed"),
    "NaN": (b'{"text": NaN}', "malformed"),
    "a number without an end": (b'{"text": ' + b"9" * 100_000 + b"}", "malformed"),
    "a number out of range": (b'{"text": 1e999}', "malformed"),
    "two bodies": (b'{"text": "a"}{"text": "b"}', "malformed"),
    "a comma too many": (b'{"text": "a",}', "malformed"),
    "a comment": (b'{"text": "a" /* b */}', "malformed"),
    "nothing": (b"", "invalid"),
    "a space": (b" ", "malformed"),
    "a list": (b"[]", "invalid"),
    "a text": (b'"text"', "invalid"),
    "an object as text": (b'{"text": {}}', "invalid"),
    "a list as text": (b'{"text": []}', "invalid"),
    "no text": (b'{"text": null}', "invalid"),
    "true": (b'{"text": true}', "invalid"),
    "another field": (b'{"text": "a", "__proto__": {}}', "invalid"),
    "a field without a name": (b'{"text": "a", "": 1}', "invalid"),
}


@pytest.mark.parametrize("path", ["/api/v1/chats/{}/messages", "/api/chats/{}/messages"])
@pytest.mark.parametrize("what", BODIES)
def test_an_odd_body_is_refused(what, path, group, layla, client_of):
    body, code = BODIES[what]

    response = client_of(layla).post(path.format(group.pk), data=body, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert not Message.objects.exists()


@pytest.mark.parametrize("body", [b'{"chatId": "a", "chat_id": "b"}', b'{"a": {"bC": 1, "b_c": 2}}'])
def test_one_field_in_both_spellings_is_a_field_twice(body, layla, client_of):
    response = client_of(layla).post("/api/chats", data=body, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("number", [2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40, 1e300, -1, 1.5])
def test_a_number_that_fits_nowhere_is_refused(number, group, layla, client_of):
    response = client_of(layla).post(f"/api/v1/chats/{group.pk}/read", {"seq": number})

    assert response.status_code in (200, 400)
    assert response.status_code == 400 or number in (2**31, 2**63 - 1)


NO_TIME_IN_UTC = ["9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00"]


@pytest.mark.parametrize("moment", NO_TIME_IN_UTC)
def test_a_time_at_the_ends_of_the_calendar_is_refused(moment, group, layla, client_of):
    client = client_of(layla)

    mute = client.patch(f"/api/v1/chats/{group.pk}/preferences", {"muted": True, "muted_until": moment})
    rest = client.patch("/api/v1/notifications/preferences", {"muted_until": moment})

    for response in (mute, rest):
        assert response.status_code == 400
        assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [
            ("muted_until", "invalid")
        ]
    assert not group.participants.exclude(muted_until=None).exists()
    assert not Preferences.objects.exists()


@pytest.mark.parametrize("moment", NO_TIME_IN_UTC)
@pytest.mark.parametrize("name", ["from", "to"])
def test_so_it_is_in_a_query(name, moment, layla, client_of):
    response = client_of(layla).get("/api/v1/users/me/history", {name: moment})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == name


@pytest.mark.parametrize("moment", NO_TIME_IN_UTC)
@pytest.mark.parametrize(
    ("path", "cursor"),
    [
        ("notifications", "p={}"),
        ("chats/CHAT/scheduled", "p={}"),
        ("users/me/activity", "n {} 0198c5b2-7d44-7000-8000-000000000000"),
    ],
)
def test_a_cursor_made_of_it_is_refused_or_means_nothing(path, cursor, moment, group, layla, client_of):
    place = moment.replace("+", "%2B") if cursor.startswith("p=") else moment
    forged = b64encode(cursor.format(place).encode()).decode()

    response = client_of(layla).get(f"/api/v1/{path.replace('CHAT', str(group.pk))}", {"cursor": forged})

    if response.status_code == 200:  # PostgreSQL has times before and after ours
        assert response.json()["results"] == []
    else:
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    ("headers", "content_type", "status", "code"),
    [
        ({"Content-Encoding": "gzip"}, "application/json", 415, "unsupported_media_type"),
        ({"Content-Encoding": "br, gzip"}, "application/json", 415, "unsupported_media_type"),
        ({"Content-Encoding": "x"}, "application/json", 415, "unsupported_media_type"),
        ({"Content-Encoding": "identity"}, "application/json", 401, "invalid_credentials"),
        ({}, "application/json; charset=utf-8", 401, "invalid_credentials"),
        ({}, 'application/json; charset="UTF-8"', 401, "invalid_credentials"),
        ({}, "application/json; charset=utf-16", 415, "unsupported_media_type"),
        ({}, "application/json; charset=latin-1", 415, "unsupported_media_type"),
        ({}, "application/json;", 401, "invalid_credentials"),
        ({}, "application/xml", 415, "unsupported_media_type"),
        ({}, "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ({}, "text/plain; charset=utf-8", 415, "unsupported_media_type"),
        ({}, "application/json, text/plain", 415, "unsupported_media_type"),
        ({}, "\xff", 415, "unsupported_media_type"),
        ({}, "", 415, "unsupported_media_type"),
    ],
)
def test_a_body_is_json_in_utf_8_and_nothing_else(headers, content_type, status, code):
    body = b'{"email": "layla@example.com", "password": "seven camels at dawn"}'

    response = APIClient().generic("POST", LOGIN, body, content_type=content_type, headers=headers)

    assert (response.status_code, response.json()["code"]) == (status, code)


ODD = [
    "%00",
    "%FF%FE",
    "%ED%A0%80",
    "%C0%AF",
    "a%00b",
    "%F0%9F%90%AA",
    "9" * 400,
    "-1",
    "1e9",
    "١",
    "%0A",
    "''--",
]


@pytest.mark.parametrize(
    "query",
    [
        "chats?filter={}",
        "chats?unread={}",
        "chats?cursor={}",
        "chats?page_size={}",
        "chats?{}=1",
        "auth/sessions?cursor={}",
        "chats/CHAT/messages?before={}",
        "chats/CHAT/messages?after={}",
        "chats/CHAT/messages?around={}",
        "chats/CHAT/messages?from={}",
        "chats/CHAT/messages?limit={}",
        "messages?chat={}",
    ],
)
def test_an_odd_query_is_refused_or_means_nothing(query, group, layla, client_of):
    client, path = client_of(layla), query.replace("CHAT", str(group.pk))

    statuses = {odd: client.get(f"/api/v1/{path.format(odd)}").status_code for odd in ODD}

    assert set(statuses.values()) <= {200, 400}, statuses


@pytest.mark.parametrize(
    "path",
    [
        "/{}",
        "/api/{}",
        "/api/v1/{}",
        "/api/v1/chats/{}",
        "/api/v1/chats/{}/messages",
        "/api/v1/chats/CHAT/participants/{}",
        "/api/v1/messages/{}",
        "/api/messages/{}",
        "/api/v1/auth/sessions/{}",
        "/api/v1/auth/verify-email/{}",
        "/reset-password/{}",
        "/unsubscribe/{}",
        "/static/{}",
    ],
)
def test_an_odd_path_leads_nowhere(path, group, layla, client_of):
    client, path = client_of(layla), path.replace("CHAT", str(group.pk))

    statuses = {odd: client.get(path.format(odd)).status_code for odd in ODD}

    # The form for a new password is shown whether the link holds or not.
    assert set(statuses.values()) <= ({200} if path.startswith("/reset") else {400, 404, 405}), statuses


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json; version=" + "9" * 5000},
        {"Accept": ";;;"},
        {"Accept-Language": "x" * 9000},
        {"Authorization": "Bearer \xff"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer a b c"},
        {"Authorization": "Basic x"},
        {"Authorization": "Api-Key \xff"},
        {"Idempotency-Key": "\xff"},
        {"X-Forwarded-For": "::1, x, \xff"},
        {"X-Request-ID": "\x00"},
        {"Origin": "\xff"},
        {"Cookie": "sessionid=\xff; \x00=; csrftoken"},
        {"If-None-Match": "\xff"},
    ],
    ids=str,
)
def test_an_odd_header_breaks_nothing(headers):
    response = APIClient().post(LOGIN, {"email": "a@example.com", "password": "x"}, headers=headers)

    assert 400 <= response.status_code < 500


# --- Sockets ------------------------------------------------------------------------------------------------


def as_text(body: bytes) -> str | None:
    """None: such bytes are no text frame, and the server closes with 1007 before we see them."""
    try:
        return body.decode() or None
    except UnicodeDecodeError:
        return None


@pytest.mark.django_db(transaction=True)
@live
async def test_odd_data_of_a_frame_is_refused_or_ends_the_socket(layla):
    chat = await in_thread(group_of)(layla)
    token = await token_of(layla)

    for what, (body, code) in BODIES.items():
        if (data := as_text(body)) is None or data.isspace():
            continue
        client = await enter(layla, token=token)
        await client.say_text(f'{{"type": "message.send", "id": "odd", "data": {data}}}')
        await client.say("auth", token="ends it")
        frames, closed = await client.all_and_code()
        if code == "malformed":
            assert (closed, frames) == (4400, []), what
        else:
            assert [frame["error"]["code"] for frame in frames] == [code], what

    assert not await in_thread(Message.objects.filter(chat=chat).exists)()


ID = "01a1fd99-dd98-7000-8000-000000000000"
FRAMES = [
    {"type": "ping", "id": None},
    {"type": "ping", "id": [["x"]]},
    {"type": "ping", "id": 2**63},
    {"type": "x" * 100_000},
    {"type": "\u0000"},
    {"type": "auth", "token": None},
    {"type": "auth", "token": "\u0000"},
    {"type": "resume", "chats": {"\u0000": 1}},
    {"type": "resume", "chats": {"x": -1}},
    {"type": "resume", "chats": {ID: 2**64}},
    {"type": "resume", "user": 2**63},
    {"type": "resume", "epoch": "\u0000"},
    {"type": "message.read", "data": {"chat": ID, "seq": 2**63}},
]


@pytest.mark.django_db(transaction=True)
@live
async def test_an_odd_frame_is_no_fault_of_ours(layla):
    token = await token_of(layla)

    for odd in FRAMES:
        client = await enter(layla, token=token)
        await client.say_text(json.dumps(odd))
        await client.say("auth", token="ends it")
        frames, closed = await client.all_and_code()

        assert [frame for frame in frames if frame.get("error", {}).get("status") == 500] == [], odd
        assert closed in (4400, 4401), odd


def test_what_is_odd_in_a_person_is_said_of_the_field(client):
    answer = client.post(
        "/api/v1/auth/register",
        {"email": "a\u0000@example.com", "password": "seven camels at dawn\u0000", "username": "la\u0000yla"},
    )

    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["errors"]} == {"email", "password", "username"}
    assert UserFactory._meta.model.objects.count() == 0
