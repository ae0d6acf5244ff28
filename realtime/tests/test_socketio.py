"""Clients of Socket.IO: the same events, answers and ends as native ones, over both transports."""

import asyncio
import json

import pytest
from channels.layers import get_channel_layer

from accounts.services import make_ws_ticket, revoke_session
from accounts.tests.factories import SessionFactory, UserFactory, rule
from accounts.tokens import make_access
from common.models import LogEpoch
from messaging.services import mark_read, send_message
from messaging.tests.factories import group_of
from realtime import registry, sockets
from realtime.hub import close_hub, hub
from realtime.routing import every_topic
from realtime.socketio import engine, packets, visit

from . import clients
from .clients import Client, Closed, in_thread, live, token_of
from .socketio_clients import (
    ByPolling,
    BySocket,
    Request,
    Visitor,
    ask,
    enter,
    soon,
)
from .test_metrics import grown, scrape

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nobody_of_another_loop():
    yield
    engine.connections.clear()  # those that linger for a poll
    engine.strangers.clear()


both_kinds = pytest.mark.parametrize("kind", [BySocket, ByPolling])


def say(actor, chat, count=1, text="Salam"):
    for _ in range(count):
        send_message(actor=actor, chat=chat, text=text)


# --- Coming in ----------------------------------------------------------------------------------------------


@both_kinds
@live
async def test_a_connection_opens_with_what_a_client_must_know(kind):
    visitor = await kind().open()

    told = dict(visitor.opened)
    assert len(told.pop("sid")) == 24
    assert told == {
        "upgrades": ["websocket"] if kind is ByPolling else [],
        "pingInterval": 25000,
        "pingTimeout": 20000,
        "maxPayload": 1_048_576,
    }


@both_kinds
@live
async def test_the_first_event_is_hello(kind, layla):
    session = await in_thread(SessionFactory)(user=layla)
    visitor = await kind().open()

    connected = await visitor.connect({"token": make_access(session)})
    name, hello = await visitor.event()

    assert json.loads(connected.removeprefix("40")).keys() == {"sid"}
    assert name == "hello"
    assert hello.pop("time").endswith("Z")
    assert hello == {
        "session": str(session.pk),
        "user_seq": 0,
        "epoch": await in_thread(LogEpoch.current)(),
        "heartbeat": 15000,
        "limits": {"frame_characters": 262144, "resume_topics": 5000},
    }


@both_kinds
@live
async def test_a_ticket_opens_one_socket(kind, layla):
    ticket, _ = await in_thread(make_ws_ticket)(session=await in_thread(SessionFactory)(user=layla))
    first, second = await kind().open(), await kind().open()

    assert (await first.connect({"ticket": ticket})).startswith("40{")
    assert (await second.connect({"ticket": ticket})).startswith("44{")


@both_kinds
@live
async def test_a_server_signs_in_by_its_header(kind, layla):
    visitor = await kind(headers={"Authorization": f"Bearer {await token_of(layla)}"}).open()

    assert (await visitor.connect()).startswith("40{")


@pytest.mark.parametrize(
    "auth",
    [None, {}, {"token": "nonsense"}, {"token": ""}, {"token": 7}, {"ticket": "x"}, [], {"token": "é"}],
)
@both_kinds
@live
async def test_who_is_nobody_is_told_so_with_the_problem(kind, auth):
    visitor = await kind().open()

    refused = json.loads((await visitor.connect(auth)).removeprefix("44"))

    assert refused["message"] == "Sign in first: this needs an access token."
    assert (refused["data"]["status"], refused["data"]["code"]) == (401, "not_authenticated")
    assert await visitor.rest() == []


@both_kinds
@live
async def test_a_revoked_session_is_no_way_in(kind, layla):
    session = await in_thread(SessionFactory)(user=layla)
    await in_thread(revoke_session)(session=session, reason="logout")

    visitor = await kind().open()

    assert "not_authenticated" in await visitor.connect({"token": make_access(session)})


@both_kinds
@live
async def test_who_says_nothing_is_sent_away(kind, monkeypatch):
    monkeypatch.setattr(visit, "CONNECT_WITHIN", 0.05)

    visitor = await kind().open()

    assert (await visitor.packet()).startswith("44{")
    assert await visitor.rest() == []


@both_kinds
@live
async def test_there_is_one_namespace(kind, layla):
    visitor = await kind().open()

    await visitor.say("40/admin,")

    assert await visitor.packet() == '44/admin,{"message":"Invalid namespace"}'
    assert (await visitor.connect({"token": await token_of(layla)})).startswith("40{")


@both_kinds
@live
async def test_a_chat_of_others_is_refused(kind):
    stranger = await in_thread(UserFactory)()
    chat = await in_thread(group_of)(await in_thread(UserFactory)())
    visitor = await kind(f"/api/chat/{chat.pk}/ws/").open()

    refused = json.loads((await visitor.connect({"token": await token_of(stranger)})).removeprefix("44"))

    assert refused["data"]["code"] == "not_allowed"


# --- The same as native clients -----------------------------------------------------------------------------


@both_kinds
@live
async def test_both_kinds_of_client_meet_in_the_same_chat(kind, layla, omar, group):
    native, visitor = await clients.enter(layla), await enter(omar, kind)

    message = await visitor.ask("message.send", {"chat": str(group.pk), "text": "By Socket.IO"})
    heard = (await native.until("message.sent"))[-1]
    answer = await native.ask("message.send", data={"chat": str(group.pk), "text": "By WebSocket"})
    events = await visitor.until("message.sent")
    events += await visitor.until("message.sent")

    assert message["text"] == heard["data"]["text"] == "By Socket.IO"
    assert [name for name, _ in events] == ["message.sent", "message.sent"]
    own, other = [event for _, event in events]
    assert own == {member: value for member, value in heard.items() if member != "type"}
    assert (other["chat"], other["seq"], other["data"]["text"]) == (str(group.pk), 2, "By WebSocket")
    assert answer["data"]["id"] == other["data"]["id"]


@both_kinds
@live
async def test_every_command_is_refused_in_the_words_that_a_native_client_hears(kind, layla):
    native, visitor = await clients.enter(layla), await enter(layla, kind)

    for command in [*registry.commands, "nothing.such", "resume"]:
        there = await native.ask(command, data={"nonsense": 1})
        here = await visitor.ask(command, {"nonsense": 1})

        assert here.keys() == {"error"}, command
        codes = [(error["code"], error.get("known")) for error in (here["error"], there["error"])]
        assert codes[0] == codes[1], command


@both_kinds
@live
async def test_what_nobody_asked_to_be_acknowledged_is_silent_unless_refused(kind, layla, group):
    visitor = await enter(layla, kind)

    await visitor.emit("message.send", {"chat": str(group.pk), "text": "Salam"})
    await visitor.emit("message.send", {"chat": str(group.pk), "text": ""})
    events = dict([await visitor.event(), await visitor.event()])

    assert events.keys() == {"message.sent", "error"}
    assert events["error"]["error"]["code"] == "invalid"


@both_kinds
@live
async def test_ping_is_answered_to_whoever_asks_how(kind, layla):
    visitor = await enter(layla, kind)

    await visitor.emit("ping")
    name, event = await visitor.event()

    assert (name, event.keys()) == ("pong", {"time"})
    assert (await visitor.ask("ping", {})).keys() == {"time"}


@both_kinds
@live
async def test_typing_and_marks_pass_by(kind, layla, omar, group):
    visitor = await enter(omar, kind)
    native = await clients.enter(layla)
    await in_thread(say)(layla, group)

    await native.ask("typing.start", data={"chat": str(group.pk)})
    await in_thread(mark_read)(actor=layla, chat=group, seq=1)
    events = await visitor.until("message.read")

    assert {name for name, _ in events} == {"message.sent", "typing.start", "message.read"}
    assert events[-1][1]["data"] == {"user": str(layla.pk), "read_seq": 1}


@both_kinds
@live
async def test_the_heartbeat_names_what_moved(kind, settings, layla, omar, group):
    settings.SOCKET_HEARTBEAT = 0.1
    visitor = await enter(omar, kind)
    visitor.hears_heartbeats = True
    await in_thread(say)(layla, group, 3)
    named = []

    while {str(group.pk): 3} not in named:
        named.append((await visitor.until("heartbeat"))[-1][1]["chats"])

    assert (await visitor.until("heartbeat"))[-1][1]["chats"] == {}


@both_kinds
@live
async def test_what_was_missed_comes_in_order_and_then_the_present_state(kind, layla, omar, group):
    await in_thread(say)(layla, group, 5)
    visitor = await kind().open()
    await visitor.connect({"token": await token_of(omar)})

    await visitor.emit("resume", {"id": "of no use here", "chats": {str(group.pk): 2}, "user": 0})
    events = await visitor.until("resumed")
    answer = await visitor.ask("resume", {"chats": {str(group.pk): 5}})

    assert [name for name, _ in events] == ["hello", *["message.sent"] * 3, "chat.added", "resumed"]
    assert [event["seq"] for name, event in events if name == "message.sent"] == [3, 4, 5]
    state = {"seq": 5, "read_seq": 0, "unread_count": 5, "unread_mentions": 0, "thread_unread_count": 0}
    assert events[-1][1] == {"chats": {str(group.pk): state}, "user": 1}
    assert answer == events[-1][1]


@both_kinds
@live
async def test_an_absence_longer_than_any_queue_is_made_up_whole(kind, monkeypatch, layla, omar, group):
    monkeypatch.setattr(sockets, "MAX_FRAMES", 20)
    monkeypatch.setattr(engine, "ROOM", 2000)
    await in_thread(say)(layla, group, 80)
    visitor = await kind().open()
    await visitor.connect({"token": await token_of(omar)})

    await visitor.emit("resume", {"chats": {str(group.pk): 0}})
    events = await visitor.until("resumed")

    assert [event["seq"] for name, event in events if name == "message.sent"] == list(range(1, 81))


@both_kinds
@live
async def test_another_epoch_believes_no_position(kind, layla, omar, group):
    await in_thread(say)(layla, group)
    visitor = await enter(omar, kind)

    await visitor.emit("resume", {"epoch": "of another log", "chats": {str(group.pk): 0}})

    assert await visitor.event() == ("reset", {"chats": [str(group.pk)], "reason": "epoch"})
    assert await visitor.event() == ("resumed", {"chats": {}, "user": 1})


@pytest.mark.parametrize("path", ["/socket.io", "/socket.io/", "/api/messages/ws", "/api/messages/ws/"])
@both_kinds
@live
async def test_older_paths_are_the_same(kind, path, layla, omar, group):
    visitor = await enter(omar, kind, path)

    await in_thread(say)(layla, group)

    assert (await visitor.event())[1]["data"]["text"] == "Salam"


@both_kinds
@live
async def test_at_the_path_of_one_chat_it_is_about_that_one(kind, layla, omar, group):
    other = await in_thread(group_of)(layla, omar, title="Petra")
    visitor = await enter(omar, kind, f"/api/chat/{group.pk}/ws/")
    await in_thread(say)(layla, other)

    answer = await visitor.ask("message.send", {"text": "Here"})

    assert answer["chat"] == str(group.pk)
    assert [event["chat"] for _, event in await visitor.until("message.sent")] == [str(group.pk)]


@live
async def test_a_native_client_at_an_older_path_is_a_native_client(omar, layla, group):
    native = await clients.enter(omar, "/api/messages/ws")

    await in_thread(say)(layla, group)

    assert (await native.next())["type"] == "message.sent"


@live
async def test_an_event_is_made_once_for_all_sockets(monkeypatch, layla, omar, group):
    visitors = [await enter(user, kind) for user in (layla, omar) for kind in (BySocket, ByPolling)]
    made = []
    make = packets._event

    def counted(name, frame):
        made.append(name)
        return make(name, frame)

    monkeypatch.setattr(packets, "_event", counted)
    native = await clients.enter(omar)
    await in_thread(say)(layla, group)
    await native.ask("typing.start", data={"chat": str(group.pk)})

    for visitor in visitors:
        await visitor.until("message.sent")
    for visitor in visitors[:2]:
        await visitor.until("typing.start")
    assert [name for name in made if name != "heartbeat"] == ["message.sent", "typing.start"]


# --- Ends ---------------------------------------------------------------------------------------------------


@both_kinds
@live
async def test_a_revoked_session_takes_its_sockets_along(kind, settings, layla):
    settings.SOCKET_SWEEP = 3600.0
    session = await in_thread(SessionFactory)(user=layla)
    visitor = await kind().open()
    await visitor.connect({"token": make_access(session)})
    assert (await visitor.event())[0] == "hello"

    await in_thread(revoke_session)(session=session, reason="logout")

    assert await visitor.rest() == ['42["closing",{"code":4401,"name":"NOT_AUTHENTICATED"}]', "41"]


@both_kinds
@live
async def test_auth_on_an_open_socket_moves_it_to_the_fresh_session(kind, layla):
    visitor = await enter(layla, kind)
    session = await in_thread(SessionFactory)(user=layla)

    answer = await visitor.ask("auth", {"token": make_access(session)})

    assert answer == {"session": str(session.pk)}
    await in_thread(revoke_session)(session=session, reason="logout")
    assert (await visitor.rest())[-1] == "41"


@pytest.mark.parametrize(
    "packet",
    [
        "",
        "x",
        "0{}",
        "2",
        "3",  # nobody asked
        "5",
        "6",
        "4",
        "4x",
        "42",
        "42{}",
        "42[]",
        "42[7]",
        "42[null,{}]",
        '42["ping",{},{}]',
        '42["ping"',
        '42["ping",{"a":1,"a":2}]',
        '42/admin,["ping"]',
        "40",  # a second time
        "43[]",
        "44{}",
        '451-["ping",{"_placeholder":true,"num":0}]',
        '42["ping",{"x":"' + "x" * 262_144 + '"}]',
        "bAQID",
    ],
)
@live
async def test_what_is_no_packet_ends_the_socket(packet, layla):
    by_socket, by_polling = [await enter(layla, kind) for kind in (BySocket, ByPolling)]

    await by_socket.say(packet)
    refused = await ask("POST", by_polling.target, packet)

    farewell = ['42["closing",{"code":4400,"name":"BAD_FRAME"}]', "41"]
    assert await by_socket.rest() == farewell
    assert (refused.status, refused.code) == (400, "malformed")
    assert await by_polling.rest() == farewell
    assert not engine.connections


@live
async def test_binary_data_ends_the_socket(layla):
    visitor = await enter(layla, BySocket)

    await visitor.client.say_bytes(b'42["ping"]')

    assert "BAD_FRAME" in (await visitor.rest())[0]


@both_kinds
@live
async def test_what_a_stranger_says_first_is_connect(kind, layla):
    visitor = await kind().open()

    if kind is BySocket:
        await visitor.say('42["ping"]')
    else:
        assert (await ask("POST", visitor.target, '42["ping"]')).status == 400

    assert await visitor.rest() == []


@both_kinds
@live
async def test_who_tries_namespaces_without_end_is_sent_away(kind):
    visitor = await kind().open()

    if kind is BySocket:
        for _ in range(11):
            await visitor.say("40/admin,")
    else:
        assert (await ask("POST", visitor.target, "\x1e".join(["40/admin,"] * 11))).status == 400

    assert len(await visitor.rest()) == 10


@both_kinds
@live
async def test_who_says_too_much_is_sent_away(kind, settings, layla):
    settings.LIMITS = settings.LIMITS | {"SOCKET": "3/m"}
    visitor = await enter(layla, kind)  # one, a ping

    for _ in range(3):
        await visitor.emit("ping")

    packets = await visitor.rest()
    assert packets[-1] == '42["closing",{"code":4429,"name":"TOO_MANY"}]'  # and it may come back by itself
    assert len(packets) == 3


@both_kinds
@live
async def test_the_end_of_the_process_tells_every_socket_to_come_back(kind, layla):
    visitor = await enter(layla, kind)

    await close_hub()

    assert await visitor.rest() == [
        '42["going_away",{"delay":500}]',
        '42["closing",{"code":1012,"name":"GOING_AWAY"}]',
    ]


@both_kinds
@live
async def test_the_end_of_the_process_ends_whoever_is_not_in_yet(kind):
    visitor = await kind().open()

    await engine.close_connections()

    assert await visitor.rest() == []


@pytest.mark.parametrize("last", ["41", "1"])
@both_kinds
@live
async def test_who_leaves_leaves_nothing_behind(kind, last, layla):
    visitor = await enter(layla, kind)
    here = await hub()

    await visitor.say(last)

    await soon(lambda: not here._sockets)
    if last == "41":
        assert await visitor.rest() == []
    assert not engine.connections


@live
async def test_who_goes_away_leaves_nothing_behind(layla):
    by_socket, by_polling = [await enter(layla, kind) for kind in (BySocket, ByPolling)]
    here = await hub()
    waiting = await Request("GET", by_polling.target).sent()
    await asyncio.sleep(0)

    await waiting.abandoned()
    await by_socket.leave()

    await soon(lambda: not here._sockets)
    assert (engine.connections, engine.strangers) == ({}, set())


@both_kinds
@live
async def test_a_fault_of_ours_ends_it_so_that_the_client_comes_back(kind, monkeypatch, layla, caplog):
    async def fail(prefix):
        raise ConnectionError("the channel layer is away")

    monkeypatch.setattr(get_channel_layer(), "new_channel", fail, raising=False)
    visitor = await kind().open()

    await visitor.say("40" + json.dumps({"token": await token_of(layla)}))

    assert await visitor.rest() == []


@live
async def test_a_request_that_waits_for_a_native_socket_ends_with_it(monkeypatch, layla, caplog):
    begun, release = asyncio.Event(), asyncio.Event()

    async def fails_at_its_first_frame(scope, receive, send):
        await receive()
        await send({"type": "websocket.send", "text": '{"type":"hello"}'})
        await receive()
        begun.set()
        await release.wait()
        raise RuntimeError

    connection = engine.open_by_polling(None)
    scope = {"path": "/socket.io/", "headers": [], "query_string": b""}
    visit.Visit(connection, native=fails_at_its_first_frame, scope=scope)
    await connection.take('40{"token":"x"}')
    posting = asyncio.create_task(connection.take_all("\x1e".join(['42["ping"]'] * 20)))
    await begun.wait()
    assert not posting.done()

    release.set()

    await asyncio.wait_for(posting, 5)
    assert connection.is_over


@both_kinds
@live
async def test_a_silent_connection_ends(kind, monkeypatch, layla):
    before, visitor = await scrape(), await enter(layla, kind)
    monkeypatch.setattr(engine, "PONG_WITHIN", 0.05)
    engine.connections[visitor.opened["sid"]]._ask()

    assert await visitor.rest() == ["2", '42["closing",{"code":4408,"name":"NO_PONG"}]']
    assert await grown(before, "serai_socket_closes_total", code="NO_PONG") == 1


@both_kinds
@live
async def test_a_connection_that_answers_stays(kind, monkeypatch, layla):
    visitor = await enter(layla, kind)
    monkeypatch.setattr(engine, "PING_EVERY", 0.02)
    engine.connections[visitor.opened["sid"]]._ask()

    for number in range(3):
        while await visitor.packet() != "2":
            pass
        monkeypatch.setattr(engine, "PING_EVERY", 0.02 if number < 2 else 25)
        await visitor.say("3")

    assert (await visitor.ask("ping")).keys() == {"time"}


# --- Slow readers -------------------------------------------------------------------------------------------


@live
async def test_who_never_polls_is_dropped_when_enough_waits(monkeypatch, settings, layla, omar, group):
    settings.SOCKET_SWEEP = 0.05
    monkeypatch.setattr(sockets, "MAX_FRAMES", 20)
    monkeypatch.setattr(engine, "ROOM", 2000)
    visitor = await enter(omar, ByPolling)
    connection = engine.connections[visitor.opened["sid"]]

    await in_thread(say)(layla, group, 60)
    await soon(lambda: connection.is_over)

    assert connection._length < 6000  # what waited for a poll, the last words, and nothing of the queue
    assert "TOO_SLOW" in (await visitor.rest())[-1]


@live
async def test_who_never_polls_again_is_forgotten(monkeypatch, layla):
    monkeypatch.setattr(engine, "LINGER", 0.05)
    monkeypatch.setattr(engine, "PONG_WITHIN", 0.05)
    visitor = await enter(layla, ByPolling)
    here = await hub()

    engine.connections[visitor.opened["sid"]]._ask()

    await soon(lambda: not engine.connections)
    await soon(lambda: not here._sockets)


@live
async def test_a_websocket_that_takes_nothing_more_is_closed_without_a_farewell(monkeypatch):
    monkeypatch.setattr(engine, "FAREWELL_WITHIN", 0.05)
    sent = []

    async def send(message):
        sent.append(message)
        if message["type"] == "websocket.send":
            await asyncio.Event().wait()

    connection = engine.Connection(address=None, wire=engine.Wire(send))

    await connection.end(4413, ["farewell"])

    assert [message["type"] for message in sent] == ["websocket.send", "websocket.close"]
    assert sent[-1]["code"] == 4413
    assert not engine.connections


@live
async def test_a_websocket_that_reads_nothing_is_closed_as_a_native_one(monkeypatch, layla):
    monkeypatch.setattr(engine, "FAREWELL_WITHIN", 0.05)
    monkeypatch.setattr(sockets, "MAX_FRAMES", 20)
    texts, codes = [], []

    async def send(message):
        if message["type"] == "websocket.close":
            codes.append(message["code"])
        elif len(texts) == 2:  # it has had its `hello`
            await asyncio.Event().wait()
        else:
            texts.append(message["text"])

    connection = engine.Connection(address=None, wire=engine.Wire(send))
    scope = {"path": "/socket.io/", "headers": [], "query_string": b""}
    visit.Visit(connection, native=every_topic, scope=scope)
    await connection.take("40" + json.dumps({"token": await token_of(layla)}))

    while not connection.is_over:
        await connection.take('42["ping"]')
        await asyncio.sleep(0)
    await soon(lambda: codes)

    assert codes == [4413]
    assert not (await hub())._sockets


@live
async def test_a_pong_that_waits_behind_frames_is_waited_for(monkeypatch, layla):
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait(actor, data):
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result(5)
        return {}

    monkeypatch.setitem(registry.commands, "wait", wait)
    monkeypatch.setattr(engine, "PONG_WITHIN", 0.02)
    visitor = await enter(layla, BySocket)
    connection = engine.connections[visitor.opened["sid"]]
    for _ in range(20):
        await visitor.emit("wait")
    await soon(lambda: connection.above.is_behind)

    connection._ask()
    await asyncio.sleep(0.1)
    monkeypatch.setattr(engine, "PONG_WITHIN", 5)
    await asyncio.sleep(0.1)  # the last look by the shorter time is over: it would find an empty queue
    await visitor.say("3")
    release.set()

    assert (await visitor.ask("ping")).keys() == {"time"}


# --- Polling ------------------------------------------------------------------------------------------------


@live
async def test_many_packets_go_in_one_request(layla, group):
    visitor = await enter(layla, ByPolling)
    said = [
        '42["message.send",' + json.dumps({"chat": str(group.pk), "text": text}) + "]"
        for text in ("One", "Two", "Three")
    ]

    answer = await ask("POST", visitor.target, "\x1e".join(said))
    texts = [(await visitor.until("message.sent"))[-1][1]["data"]["text"] for _ in said]

    assert (answer.status, answer.text) == (200, "ok")
    assert texts == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [
        ("GET", "EIO=3&transport=polling", 400),
        ("GET", "EIO=4", 400),
        ("GET", "EIO=4&transport=websocket", 400),
        ("GET", "EIO=4&transport=polling&sid=unknown", 400),
        ("POST", "EIO=4&transport=polling", 400),
        ("POST", "EIO=4&transport=polling&sid=unknown", 400),
        ("PUT", "EIO=4&transport=polling", 405),
        ("GET", "transport=polling", 404),
    ],
)
@live
async def test_what_is_no_request_of_a_client_is_refused(method, query, status):
    answer = await ask(method, f"/socket.io/?{query}")

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("query", ["", "EIO=3", "EIO=4&sid=unknown"])
@live
async def test_what_is_no_websocket_of_a_client_is_refused(query):
    assert (await Client(f"/socket.io/?{query}&transport=websocket").open()).accepted is False


@live
async def test_a_connection_has_one_poll_at_a_time(layla):
    visitor = await enter(layla, ByPolling)
    first = await Request("GET", visitor.target).sent()
    await asyncio.sleep(0)

    second = await ask("GET", visitor.target)

    assert (second.status, second.code) == (400, "malformed")
    assert "BAD_FRAME" in (await first.answer()).text
    assert await visitor.rest() == []


@pytest.mark.parametrize("announced", [True, False])
@live
async def test_a_body_that_is_too_large_is_refused_and_ends_it(announced, layla):
    visitor = await enter(layla, ByPolling)
    headers = {} if announced else {"Content-Length": "0"}

    answer = await ask("POST", visitor.target, "4" + "x" * 1_048_576, headers=headers)

    assert (answer.status, answer.code) == (413, "body_too_large")
    assert (await visitor.rest())[-1] == "41"


@live
async def test_a_body_that_is_no_text_is_refused(layla):
    visitor = await enter(layla, ByPolling)

    assert (await ask("POST", visitor.target, b"4\xff")).code == "malformed"


@live
async def test_a_body_that_breaks_off_ends_it(layla):
    visitor = await enter(layla, ByPolling)

    await Request("POST", visitor.target, "4").abandoned()

    assert (await visitor.rest())[-1] == "41"


@live
async def test_strangers_of_one_address_are_not_without_number(monkeypatch, layla):
    monkeypatch.setattr(engine, "MAX_STRANGERS", 2)
    known = await enter(layla, ByPolling, address="203.0.113.7")
    for _ in range(2):
        await ByPolling(address="203.0.113.7").open()

    refused = await ask("GET", "/socket.io/?EIO=4&transport=polling", address="203.0.113.7")
    elsewhere = await ask("GET", "/socket.io/?EIO=4&transport=polling", address="198.51.100.1")

    assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "limit_reached", "10")
    assert elsewhere.status == 200
    assert (await known.ask("ping")).keys() == {"time"}
    await engine.close_connections()


@live
async def test_a_sid_begins_with_its_process_where_a_proxy_must_know(settings):
    settings.SOCKETIO_NODE = "b"

    assert (await ByPolling().open()).opened["sid"].startswith("b.")


# --- Whom a browser and the gate let in ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "is_welcome", "is_told"),
    [
        (None, True, False),
        ("http://testserver", True, False),
        ("https://app.example", True, True),
        ("https://evil.example", False, False),
        ("null", False, False),
    ],
)
@live
async def test_a_browser_comes_from_our_host_or_a_listed_one(origin, is_welcome, is_told, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    headers = {"Origin": origin} if origin else {}

    polled = await ask("GET", "/socket.io/?EIO=4&transport=polling", headers=headers)
    socket = await Client("/socket.io/?EIO=4&transport=websocket", headers=headers).open()

    assert polled.status == (200 if is_welcome else 403)
    assert polled.headers.get("access-control-allow-origin") == (origin if is_told else None)
    assert polled.headers["vary"] == "origin"
    assert socket.accepted is is_welcome
    await engine.close_connections()


@live
async def test_a_preflight_hears_what_may_be_sent(settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}

    answer = await ask("OPTIONS", "/socket.io/?EIO=4&transport=polling", headers=headers)

    assert (answer.status, answer.text) == (200, "")
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert not engine.connections


@live
async def test_a_denied_address_gets_nothing(settings, watched_gate, layla):
    visitor = await enter(layla, ByPolling, address="203.0.113.7")
    await in_thread(rule)("deny 203.0.113.0/24")

    again = await ask("GET", "/socket.io/?EIO=4&transport=polling", address="203.0.113.7")
    poll = await ask("GET", visitor.target, address="203.0.113.7")
    socket = await Client("/socket.io/?EIO=4&transport=websocket", address="203.0.113.7").open()

    assert [(each.status, each.code) for each in (again, poll)] == [(403, "address_denied")] * 2
    assert socket.accepted is False
    await engine.close_connections()


# --- From polling to a WebSocket ----------------------------------------------------------------------------


async def texts_of(socket: Client) -> list[str]:
    """What still comes before the server closes it."""
    texts = []
    try:
        while True:
            texts.append(await socket.next_text())
    except Closed:
        return texts


async def probing(visitor: Visitor) -> Client:
    socket = await Client(f"/socket.io/?EIO=4&transport=websocket&sid={visitor.opened['sid']}").open()
    await socket.say_text("2probe")
    assert await socket.next_text() == "3probe"
    return socket


@live
async def test_a_polling_client_changes_to_a_websocket_and_misses_nothing(layla, omar, group):
    visitor = await enter(omar, ByPolling)
    polling = await Request("GET", visitor.target).sent()
    await asyncio.sleep(0)

    socket = await probing(visitor)
    last = await polling.answer()
    await in_thread(say)(layla, group, 3)
    await soon(lambda: len(engine.connections[visitor.opened["sid"]]._waiting) >= 3)
    await socket.say_text("5")
    await in_thread(say)(layla, group)
    seqs = []
    while len(seqs) < 4:
        name, event = json.loads((await socket.next_text())[2:])
        seqs += [event["seq"]] * (name == "message.sent")
    await socket.say_text('427["ping"]')

    assert last.text == "6"
    assert seqs == [1, 2, 3, 4]
    while not (await socket.next_text()).startswith('437[{"time"'):
        pass
    assert (await ask("GET", visitor.target)).status == 400  # it polls no more


@pytest.mark.parametrize("instead", ["2", "5x", "4x", None])
@live
async def test_a_change_that_fails_leaves_a_polling_client_as_it_was(instead, layla, omar, group):
    visitor = await enter(omar, ByPolling)
    socket = await probing(visitor)

    if instead is None:
        await socket.leave()
    else:
        await socket.say_text(instead)
        with pytest.raises(Closed):
            await socket.next_text()
    await in_thread(say)(layla, group)

    assert (await visitor.event())[0] == "message.sent"


@live
async def test_a_change_that_is_not_finished_in_time_is_given_up(monkeypatch, layla):
    monkeypatch.setattr("realtime.socketio.doors.UPGRADE_WITHIN", 0.05)
    visitor = await enter(layla, ByPolling)
    socket = await probing(visitor)

    with pytest.raises(Closed):
        await socket.next_text()

    assert (await visitor.ask("ping")).keys() == {"time"}


@live
async def test_a_connection_changes_once_and_at_one_place(layla):
    visitor = await enter(layla, ByPolling)
    first = await probing(visitor)

    target = f"/socket.io/?EIO=4&transport=websocket&sid={visitor.opened['sid']}"
    meanwhile = await Client(target).open()
    await first.say_text("5")
    await first.say_text('427["ping"]')
    assert (await first.next_text()).startswith("437")
    afterwards = await Client(target).open()

    assert (meanwhile.accepted, afterwards.accepted) == (False, False)


@live
async def test_a_connection_that_ends_while_it_changes_is_closed(layla):
    session = await in_thread(SessionFactory)(user=layla)
    visitor = await ByPolling().open()
    await visitor.connect({"token": make_access(session)})
    assert (await visitor.event())[0] == "hello"
    socket = await probing(visitor)
    connection = engine.connections[visitor.opened["sid"]]

    await in_thread(revoke_session)(session=session, reason="logout")
    await soon(lambda: connection.is_over)
    await socket.say_text("5")

    assert (await texts_of(socket))[-1] == "41"
