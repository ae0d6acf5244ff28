"""The door in front of Django: what it answers itself is what Django would say, and all else is Django's."""

import asyncio
import json
from datetime import timedelta

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import User
from accounts.services import revoke_session
from accounts.tests.factories import UserFactory
from common import usage
from common.fast import routes
from common.fast.requests import MAX_BODY
from common.gate import Rules
from common.models import Usage
from common.tests.limits import OFF
from common.tests.outages import database_away
from common.tests.test_metrics import more, scraped
from messaging.api.fast import sends
from messaging.models import Chat, Message
from messaging.services import Sent
from messaging.tests.factories import group_of
from tests.asgi import connections_kept, converse, response_of

pytestmark = pytest.mark.django_db

SALAM = b'{"text": "Salam"}'
OWN = {"X-Request-ID", "Content-Length", "Location"}  # headers that differ from answer to answer


@pytest.fixture
def chat(layla, omar) -> Chat:
    return group_of(layla, omar)


@pytest.fixture
def given_on(fast):
    """The requests that Django got."""
    given, django = [], fast._application

    async def watched(scope, receive, send):
        given.append(scope)
        await django(scope, receive, send)

    fast._application = watched
    return given


@pytest.fixture
def ask(fast, chat, layla, client_of):
    """Sends a request of Layla's to the application, as it comes over the wire."""
    token = client_of(layla)._credentials["HTTP_AUTHORIZATION"]

    def ask(
        method="POST",
        *,
        pieces=(SALAM,),
        path=f"/api/v1/chats/{chat.pk}/messages",
        query="",
        headers=(),
        converse=converse,
    ):
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [
                (name.lower().encode(), value.encode("latin1"))
                for name, value in {
                    "Host": "testserver",
                    "Authorization": token,
                    "Content-Type": "application/json",
                    "Content-Length": str(sum(map(len, pieces))),
                    **dict(headers),
                }.items()
                if value is not None
            ],
            "client": ("127.0.0.1", 50000),
            "server": ("testserver", 80),
        }
        answered = []
        with connections_kept():
            async_to_sync(converse)(fast, scope, list(pieces), answered)
        return response_of(answered)

    return ask


def test_a_plain_send_is_answered_without_django(ask, given_on, chat):
    response = ask(headers={"X-Request-ID": "r-1", "Accept": "*/*", "User-Agent": "phone"})

    message = chat.messages.get()
    assert response.status_code == 201
    assert given_on == []
    assert (message.text, json.loads(response.content)["id"]) == ("Salam", str(message.pk))
    assert response.headers["X-Request-ID"] == "r-1"
    assert response.headers["Location"] == f"/api/v1/messages/{message.pk}"
    assert response.headers["Content-Length"] == str(len(response.content))


def test_the_headers_are_those_of_django(ask, given_on, settings):
    settings.LIMITS = OFF | {"USER": "9/m"}

    ours = ask()
    djangos = ask(headers={"X-Nobody-Knows": "1"})

    assert len(given_on) == 1
    assert set(ours.headers) == set(djangos.headers) >= {"RateLimit-Limit", "Content-Security-Policy", "Vary"}
    differing = {name for name in ours.headers if ours.headers[name] != djangos.headers[name]}
    assert differing == {"X-Request-ID", "Location", "RateLimit-Remaining"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Idempotency-Key": "k-1"},
        {"Origin": "https://elsewhere.example"},
        {"X-API-Version": "1"},
        {"Accept": "application/json; case=camel"},
        {"Accept": "text/html"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=latin1"},
        {"Content-Encoding": "gzip"},
        {"Content-Length": None, "Transfer-Encoding": "chunked"},
        {"Content-Length": "many"},
        {"Cookie": "sessionid=1"},
        {"Authorization": None},
        {"Authorization": "Api-Key k"},
        {"Authorization": "Bearer no-token"},
        {"Host": "never-asked.example"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-Nobody-Knows": "1"},
    ],
    ids=str,
)
def test_who_asks_for_more_asks_django(headers, ask, given_on):
    ask(headers=headers)

    assert len(given_on) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"text": "Salam"', 400),
        (b'{"text": "a", "text": "b"}', 400),
        (b'["text"]', 400),
        (b'{"text": ""}', 400),
        (b'{"text": "Salam", "colour": "red"}', 400),
        (b'{"text": "\xff"}', 400),
        (b'{"text": "' + b"x" * MAX_BODY + b'"}', 400),
        (b'{"text": "Salam", "silent": true}', 201),
        (b'{"text": "' + b"\\u0041" * 10_000 + b'"}', 201),
    ],
)
def test_a_body_that_is_no_plain_text_is_read_by_django(body, status, ask, given_on, chat):
    response = ask(pieces=[body])

    assert response.status_code == status
    assert len(given_on) == (len(body) > MAX_BODY or status == 400 or b"silent" in body)
    assert chat.messages.count() == (status == 201)


@pytest.mark.parametrize("body", [SALAM, b'{"text": "Salam", "silent": true}'])
def test_a_body_may_come_in_pieces(body, ask, chat):
    response = ask(pieces=[body[:1], b"", body[1:5], body[5:]])

    assert response.status_code == 201
    assert chat.messages.get().text == "Salam"


def test_a_client_that_leaves_in_the_middle_has_sent_nothing(ask, chat, given_on):
    async def leave(application, scope, pieces, answered):
        came = iter(
            [{"type": "http.request", "body": SALAM[:5], "more_body": True}, {"type": "http.disconnect"}]
        )

        async def receive():
            return next(came)

        async def send(message):
            raise AssertionError("to nobody")

        await application(scope, receive, send)
        answered.append({"type": "http.response.start", "status": 599, "headers": []})

    assert ask(converse=leave).status_code == 599  # no answer
    assert len(given_on) == 1
    assert not chat.messages.exists()


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_djangos(method, ask, given_on):
    ask(method, pieces=[b""])

    assert len(given_on) == 1


def test_an_expired_token_is_refused(ask, given_on, chat):
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        response = ask()

    assert (response.status_code, json.loads(response.content)["code"]) == (401, "token_invalid")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="serai"'
    assert len(given_on) == 1
    assert not chat.messages.exists()


def test_a_revoked_session_sends_nothing_from_that_moment_on(ask, chat, layla):
    assert ask().status_code == 201
    revoke_session(session=layla.sessions.get(), reason="staff")

    response = ask()

    assert (response.status_code, json.loads(response.content)["code"]) == (401, "session_ended")
    assert chat.messages.count() == 1


def test_who_was_deactivated_sends_nothing_from_that_moment_on(ask, chat, layla):
    assert ask().status_code == 201
    User.objects.filter(pk=layla.pk).update(is_active=False)

    assert ask().status_code == 401
    assert chat.messages.count() == 1


def test_what_changed_of_the_sender_is_seen_at_once(ask, given_on, layla):
    before = json.loads(ask().content)["author_name"]
    User.objects.filter(pk=layla.pk).update(display_name="Layla of Petra")

    assert (before, json.loads(ask().content)["author_name"]) == (layla.display_name, "Layla of Petra")
    assert given_on == []


def test_a_denied_address_is_refused(ask, monkeypatch):
    monkeypatch.setattr(Rules, "denies", lambda *args, **more: True)

    assert (ask().status_code, json.loads(ask().content)["code"]) == (403, "address_denied")


@pytest.mark.parametrize("to", ["a chat", "nowhere", "no JSON"])
def test_a_request_counts_once_through_whichever_hands_it_goes(to, ask, chat, settings):
    settings.LIMITS = OFF | {"USER": "3/m"}
    path = f"/api/v1/chats/{UserFactory().pk if to == 'nowhere' else chat.pk}/messages"
    pieces = [b"{" if to == "no JSON" else SALAM]

    answers = [ask(path=path, pieces=pieces) for _ in range(4)]

    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert [answer.status_code == 429 for answer in answers] == [False, False, False, True]
    assert int(answers[3].headers["Retry-After"]) <= 60


def test_what_failed_in_the_middle_is_not_tried_again(ask, given_on, chat, monkeypatch):
    def fail(sends):
        return [Sent(error=ConnectionError("in the middle"))]

    monkeypatch.setattr(sends.services, "send_messages", fail)

    response = ask()

    assert (response.status_code, json.loads(response.content)["code"]) == (500, "server_fault")
    assert len(given_on) == 1
    assert not Message.objects.exists()


def test_an_outage_is_told_as_one_and_what_it_cut_off_is_not_tried_again(ask, given_on, chat, monkeypatch):
    def lose(sends):
        return [Sent(error=database_away())]

    monkeypatch.setattr(sends.services, "send_messages", lose)

    response = ask()

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert json.loads(response.content)["code"] == "temporarily_unavailable"
    assert len(given_on) == 1
    assert not Message.objects.exists()


def test_a_request_is_one_line_in_the_log(ask, given_on, log_lines, client_of, layla):
    ask(headers={"X-Request-ID": "r-1"})
    ask(headers={"X-Request-ID": "r-1", "X-Nobody-Knows": "1"})

    [ours, djangos] = log_lines()
    assert len(given_on) == 1
    assert ours | {"timestamp": ""} == djangos | {"timestamp": ""}


def test_without_the_fast_routes_every_answer_is_djangos(ask, fast, given_on):
    fast._routes = []

    assert ask().status_code == 201
    assert len(given_on) == 1


def test_both_doors_count_under_the_same_name(ask, given_on):
    before = scraped()

    ask()
    ask(headers={"X-Nobody-Knows": "1"})

    route = {"method": "POST", "route": "api/v1/chats/<uuid:chat>/messages"}
    assert len(given_on) == 1  # of the two
    assert more(before, "serai_http_requests_total", status="201", **route) == 2
    assert more(before, "serai_http_request_duration_seconds_count", **route) == 2


def test_both_doors_count_for_the_same_client(ask, given_on):
    usage.write()
    app = {"User-Agent": "SeraiApp/3.2.1 (phone)"}

    ask(headers=app)
    ask(headers=app | {"X-Nobody-Knows": "1"})
    usage.write()

    assert len(given_on) == 1  # of the two
    assert Usage.objects.get(client="SeraiApp/3.2").count == 2


def test_what_is_said_to_one_client_is_taken_for_nobody_else(ask, fast, given_on):
    fast._manners.clear()
    django = fast._application

    async def with_cookie(scope, receive, send):
        async def say(message):
            if message["type"] == "http.response.start":
                message = message | {"headers": [*message["headers"], (b"Set-Cookie", b"of=layla")]}
            await send(message)

        await django(scope, receive, say)

    fast._application = with_cookie

    assert [ask().status_code for _ in range(2)] == [201, 201]
    assert len(given_on) == 2  # the second is Django's, too
    assert not fast._manners


@pytest.mark.parametrize("are_welcome", [True, False], ids=["welcome", "refused"])
def test_of_a_crowd_that_comes_first_one_asks_django(are_welcome, ask, fast, given_on, chat):
    fast._manners.clear()

    async def crowd(application, scope, pieces, answered):
        answers = [[] for _ in range(5)]
        await asyncio.gather(*(converse(application, dict(scope), pieces, each) for each in answers))
        assert len({response_of(each).status_code for each in answers}) == 1
        answered += answers[-1]

    response = ask(converse=crowd, headers={} if are_welcome else {"Authorization": "Bearer nobody's"})

    assert response.status_code == (201 if are_welcome else 401)
    assert len(given_on) == (1 if are_welcome else 5)  # a refusal says nothing of how others are answered
    assert chat.messages.count() == (5 if are_welcome else 0)
    assert not fast._lessons


def test_who_is_known_waits_for_no_lesson(ask, fast, given_on, monkeypatch):
    monkeypatch.setattr(routes, "PATIENCE", 3600)

    async def beside_a_lesson(application, scope, pieces, answered):
        fast._lessons["POST", "http://testserver"] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(converse(application, scope, pieces, answered), 20)
        finally:
            fast._lessons.clear()

    assert ask(converse=beside_a_lesson).status_code == 201
    assert given_on == []
