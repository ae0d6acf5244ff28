"""Frames of a client: answered one by one, refused in the words of REST, or the end of the socket."""

import json
from uuid import UUID

import pytest

from accounts.tests.factories import UserFactory
from common.models import LogEntry
from common.tests.outages import NOWHERE, database_away
from messaging.models import Message
from messaging.tests.factories import group_of
from realtime import registry

from .clients import enter, in_thread, live

pytestmark = pytest.mark.django_db(transaction=True)


@live
async def test_a_ping_is_answered(layla):
    client = await enter(layla)

    await client.say("ping", id=7)

    pong = await client.next()
    assert pong.pop("time").endswith("Z")
    assert pong == {"type": "pong", "id": 7}


@live
async def test_an_unknown_command_is_refused_and_the_socket_goes_on(layla):
    client = await enter(layla)

    answer = await client.ask("message.shout", data={})

    assert UUID(answer["error"].pop("request_id")).version == 7
    assert answer == {
        "type": "error",
        "id": "asked",
        "error": {
            "type": "http://testserver/api/docs/problems#unknown_command",
            "title": "There is no such command.",
            "status": 400,
            "detail": "There is no such command.",
            "code": "unknown_command",
            "known": [
                "auth",
                "draft.save",
                "message.delete",
                "message.delivered",
                "message.edit",
                "message.read",
                "message.send",
                "ping",
                "presence.set",
                "reaction.add",
                "reaction.remove",
                "resume",
                "thread.read",
                "typing.start",
                "typing.stop",
            ],
        },
    }
    assert (await client.ask("ping"))["type"] == "pong"


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"text": "Salam"}, [{"field": "chat", "code": "required"}]),
        ({"chat": "not-an-id", "text": "Salam"}, [{"field": "chat", "code": "invalid"}]),
        ({}, [{"field": "chat", "code": "required"}]),
        (None, [{"field": "body", "code": "null"}]),
        ([], [{"field": "body", "code": "invalid"}]),
        ("Salam", [{"field": "body", "code": "invalid"}]),
    ],
)
@live
async def test_data_of_another_shape_is_refused_field_by_field(data, errors, layla):
    client = await enter(layla)

    answer = await client.ask("message.send", data=data)

    assert answer["type"] == "error"
    assert (answer["error"]["status"], answer["error"]["code"]) == (400, "invalid")
    assert [{"field": each["field"], "code": each["code"]} for each in answer["error"]["errors"]] == errors
    assert not await in_thread(Message.objects.exists)()


@live
async def test_a_field_that_no_command_knows_is_refused(layla, group):
    client = await enter(layla)

    answer = await client.ask("message.send", data={"chat": str(group.pk), "text": "Hi", "txet": "Hi"})

    assert answer["error"]["errors"] == [
        {"field": "txet", "code": "unknown_field", "detail": "There is no such field here."}
    ]
    assert not await in_thread(Message.objects.exists)()


@pytest.mark.parametrize(
    ("command", "data"), [("message.send", {"text": "Hi"}), ("message.read", {"seq": 0})]
)
@live
async def test_a_chat_of_others_is_not_there(command, data, layla):
    foreign = await in_thread(group_of)(await in_thread(UserFactory)())
    client = await enter(layla)

    answer = await client.ask(command, data={"chat": str(foreign.pk)} | data)

    assert answer["error"]["errors"] == [
        {"field": "chat", "code": "unknown_chat", "detail": "There is no such chat."}
    ]
    assert not await in_thread(Message.objects.exists)()
    assert not await in_thread(LogEntry.objects.filter(topic=f"chat:{foreign.pk}").exists)()


@live
async def test_an_outage_is_told_as_one_and_the_socket_goes_on(layla, monkeypatch, caplog):
    def lost(actor, data):
        raise database_away()

    monkeypatch.setitem(registry.commands, "lose", lost)
    client = await enter(layla)

    answer = await client.ask("lose")

    error = answer["error"]
    assert (error["status"], error["code"], error["retry_after"]) == (503, "temporarily_unavailable", 5)
    assert NOWHERE not in json.dumps(answer)
    assert (await client.ask("ping"))["type"] == "pong"


@live
async def test_a_fault_of_ours_tells_nothing_and_the_socket_goes_on(layla, monkeypatch, caplog):
    def broken(actor, data):
        raise RuntimeError("the secret of the house")

    monkeypatch.setitem(registry.commands, "break", broken)
    client = await enter(layla)

    answer = await client.ask("break")

    assert (answer["error"]["status"], answer["error"]["code"]) == (500, "server_fault")
    assert "secret" not in json.dumps(answer)
    assert (await client.ask("ping"))["type"] == "pong"


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "",
        "[]",
        "7",
        "null",
        '"ping"',
        "{}",
        '{"type": null}',
        '{"type": 7}',
        '{"type": "ping"',
        '{"type": "ping", "id": "' + "x" * 262_144 + '"}',
    ],
)
@live
async def test_what_is_no_frame_ends_the_socket(text, layla):
    client = await enter(layla)

    await client.say_text(text)

    assert await client.closed() == 4400


@live
async def test_a_binary_frame_ends_the_socket(layla):
    client = await enter(layla)

    await client.say_bytes(b'{"type": "ping"}')

    assert await client.closed() == 4400


@live
async def test_nothing_is_done_for_a_socket_that_was_ended(layla, group):
    client = await enter(layla)

    await client.say_text("nonsense")
    await client.say("message.send", data={"chat": str(group.pk), "text": "Too late"})

    assert await client.closed() == 4400
    await client.leave()  # its frames were all looked at by then
    assert not await in_thread(Message.objects.exists)()


@live
async def test_the_largest_message_fits_however_it_is_escaped(layla, group):
    client = await enter(layla)
    text = "🐪" * 10_000  # twelve characters each, as JSON escapes them

    answer = await client.ask("message.send", data={"chat": str(group.pk), "text": text})

    assert answer["data"]["text"] == text
