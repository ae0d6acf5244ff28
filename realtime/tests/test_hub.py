"""The hub: what a lost bell costs, what a crowd costs."""

import asyncio
import json
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connections
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import revoke_session, set_active
from accounts.tests.factories import SessionFactory, UserFactory
from accounts.tokens import make_access
from common.actors import SYSTEM
from common.events import topic_of_user
from common.models import LogEntry
from messaging.events import topic_of_chat
from messaging.models import Chat
from messaging.services import add_participants, mark_read, remove_participant, send_message
from messaging.tests.factories import group_of
from realtime import log, registry
from realtime.hub import close_hub, hub

from .clients import Client, enter, in_thread, live, seqs, token_of

pytestmark = pytest.mark.django_db(transaction=True)


def say(actor: User, chat: Chat, count: int = 1, text: str = "Salam") -> None:
    for _ in range(count):
        send_message(actor=actor, chat=chat, text=text)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is told is told by another process: nothing of it is at hand here."""
    monkeypatch.setattr(log, "line_of", lambda told: None)


@pytest.fixture
def deaf(elsewhere: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel layer takes every stroke of the bell and gives none on."""

    async def drop(group: str, message: dict[str, Any]) -> None:
        pass

    monkeypatch.setattr(get_channel_layer(), "group_send", drop, raising=False)


# --- The bell may fail --------------------------------------------------------------------------------------


@live
async def test_what_a_lost_bell_kept_quiet_the_sweep_finds(deaf, settings, layla, omar, group):
    settings.SOCKET_SWEEP = 0.05
    client = await enter(omar)

    await in_thread(say)(layla, group, 3)

    assert seqs(await client.until("message.sent", seq=3)) == [1, 2, 3]


@live
async def test_who_is_added_hears_of_it_without_a_bell(deaf, settings, layla, group):
    settings.SOCKET_SWEEP = 0.05
    mina = await in_thread(UserFactory)(username="mina")
    client = await enter(mina)

    await in_thread(add_participants)(actor=layla, chat=group, users=[mina])
    await in_thread(say)(layla, group)

    assert seqs(await client.until("message.sent")) == [1, 2]


@live
async def test_a_topic_that_is_ahead_of_the_persons_own_stream_is_told_once(deaf, layla, omar, group):
    omars = await enter(omar)
    for _ in range(2):
        await in_thread(remove_participant)(actor=layla, chat=group, user=omar)
        await in_thread(add_participants)(actor=layla, chat=group, users=[omar])
    await in_thread(remove_participant)(actor=layla, chat=group, user=omar)
    await in_thread(say)(layla, group, text="Alone")
    (await hub()).moved(topic_of_chat(group.pk), 6)
    heard = await omars.until("participant.removed", seq=5)

    (await hub()).moved(topic_of_user(omar.pk), 6)
    heard += await omars.until("chat.removed", user_seq=6)
    await in_thread(add_participants)(actor=layla, chat=group, users=[omar])
    (await hub()).moved(topic_of_user(omar.pk), 7)

    heard += await omars.until("participant.added", seq=7)
    assert seqs(heard) == [1, 2, 3, 4, 5, 7]


@live
async def test_a_failing_bell_fails_no_change(monkeypatch, settings, layla, omar, group):
    async def fail(group: str, message: dict[str, Any]) -> None:
        raise ConnectionError("the channel layer is away")

    monkeypatch.setattr(get_channel_layer(), "group_send", fail, raising=False)
    settings.SOCKET_SWEEP = 0.05
    client = await enter(omar)

    answer = await client.ask("message.send", data={"chat": str(group.pk), "text": "Salam"})

    assert answer["data"]["seq"] == 1
    assert await client.until("message.sent", seq=1)


@live
async def test_a_bell_that_could_not_be_heard_is_heard_when_it_is_back(
    elsewhere, monkeypatch, settings, layla, omar, group
):
    layer = get_channel_layer()
    group_add = layer.group_add
    away = True

    async def add(name: str, channel: str) -> None:
        if away:
            raise ConnectionError("the channel layer is away")
        await group_add(name, channel)

    monkeypatch.setattr(layer, "group_add", add, raising=False)
    settings.SOCKET_SWEEP = 0.05
    client = await enter(omar)
    away = False
    await in_thread(say)(layla, group)
    await client.until("message.sent", seq=1)  # by the sweep, which went to listen before it looked

    await in_thread(mark_read)(actor=layla, chat=group, seq=1)

    assert (await client.next())["type"] == "message.read"  # by the bell: it stands in no log


@live
async def test_a_sweep_that_failed_is_made_up_for(deaf, monkeypatch, settings, layla, omar, group):
    settings.SOCKET_SWEEP = 0.05
    client = await enter(omar)
    queryset = type(LogEntry.objects.all())
    moved_since = queryset.moved_since
    failures = 3

    def moved(self: Any, at: Any) -> dict[str, int]:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise OSError("the database is away")
        return moved_since(self, at)

    monkeypatch.setattr(type(LogEntry.objects), "moved_since", moved)
    await in_thread(say)(layla, group)

    assert await client.until("message.sent", seq=1)
    assert failures < 0


@live
async def test_the_heartbeat_names_what_moved(settings, layla, omar, group):
    quiet = await in_thread(group_of)(layla, omar, title="Petra")
    await in_thread(say)(layla, group, 2)
    await in_thread(say)(layla, quiet)
    settings.SOCKET_HEARTBEAT = 0.1
    client = await enter(omar)
    await in_thread(say)(layla, group, 3)
    frames = await client.until("message.sent", seq=5)

    for _ in range(3):
        frames += await client.until("heartbeat")

    beats = [frame for frame in frames if frame["type"] == "heartbeat"]
    named = [beat["chats"] for beat in beats]  # one may come ahead of the message that it names
    assert named.count({str(group.pk): 5}) == 1
    assert named[-1] == {}
    assert all(str(quiet.pk) not in chats for chats in named)
    assert all(beat["user"] == 2 for beat in beats)


@live
async def test_however_many_at_a_time_each_socket_has_its_heartbeat(settings, monkeypatch, layla, omar):
    monkeypatch.setattr("realtime.hub.BEATS_AT_ONCE", 1)
    settings.SOCKET_HEARTBEAT = 0.1
    clients = [await enter(user) for user in (layla, omar) for _ in range(3)]

    for _ in range(2):
        beats = [(await client.until("heartbeat"))[-1] for client in clients]
        assert beats == [{"type": "heartbeat", "chats": {}, "user": 0}] * 6


# --- Sessions end -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_deaf", [False, True])
@live
async def test_a_revoked_session_takes_its_sockets_along(is_deaf, request, settings, layla):
    settings.SOCKET_SWEEP = 0.05 if is_deaf else 3600.0
    if is_deaf:
        request.getfixturevalue("deaf")
    mine, other = await in_thread(SessionFactory.create_batch)(2, user=layla)
    phone, laptop = await enter(layla, token=make_access(mine)), await enter(layla, token=make_access(other))

    await in_thread(revoke_session)(session=mine, reason="logout")

    assert await phone.closed() == 4401
    assert await laptop.so_far() == []


@pytest.mark.parametrize("is_deaf", [False, True])
@live
async def test_a_deactivated_person_is_sent_away(is_deaf, request, settings, layla):
    settings.SOCKET_SWEEP = 0.05 if is_deaf else 3600.0
    if is_deaf:
        request.getfixturevalue("deaf")
    client = await enter(layla)

    await in_thread(set_active)(user=layla, active=False, actor=SYSTEM)

    assert await client.closed() == 4401


# --- What a crowd costs -------------------------------------------------------------------------------------


@live
async def test_what_is_said_here_is_read_by_nobody_and_looks_as_if_it_were(monkeypatch, layla, omar, group):
    clients = [await enter(user) for user in (layla, omar) for _ in range(5)]
    shown: list[int] = []
    shape = registry.shapes["message.sent"]

    def counted(message: Any) -> Any:
        shown.append(message.seq)
        return shape(message)

    monkeypatch.setitem(registry.shapes, "message.sent", counted)
    monkeypatch.setattr(log, "read", None)  # whoever calls it fails

    await in_thread(send_message)(actor=layla, chat=group, text="Salam", client_id="c1", silent=True)

    heard = [(await client.until("message.sent", seq=1))[-1] for client in clients]
    assert shown == [1]
    monkeypatch.undo()
    [line] = await in_thread(log.read)(topic_of_chat(group.pk), after=0)
    assert all(frame == json.loads(line.text) for frame in heard)


@live
async def test_what_is_more_than_a_text_is_read(layla, omar, group):
    client = await enter(omar)
    await in_thread(say)(layla, group)
    root = await in_thread(group.messages.get)()

    await in_thread(send_message)(actor=layla, chat=group, text="Below", thread=root.pk)
    await in_thread(say)(layla, group)

    heard = await client.until("message.sent", seq=3)
    said = [each["data"] for each in heard if each["type"] == "message.sent"]
    assert [each["thread"] for each in said] == [None, str(root.pk), None]


@live
async def test_lines_at_hand_are_not_for_ever(monkeypatch, layla, omar, group):
    monkeypatch.setattr("realtime.topics.MAX_AT_HAND", 2)
    client = await enter(omar)
    topic = (await hub())._topics[topic_of_chat(group.pk)]

    await in_thread(say)(layla, group, 5)

    assert seqs(await client.until("message.sent", seq=5)) == [1, 2, 3, 4, 5]
    await client.so_far()
    assert topic.at_hand == {}


@pytest.mark.parametrize(("most", "expected"), [(50, [4]), (3, [3, 1])])
@live
async def test_topics_that_moved_meanwhile_are_read_together(most, expected, deaf, monkeypatch, layla, omar):
    monkeypatch.setattr("realtime.log.AT_ONCE", most)
    groups = [await in_thread(group_of)(layla, omar) for _ in range(4)]
    client = await enter(omar)
    await in_thread(lambda: [say(layla, chat) for chat in groups])()
    looks: list[int] = []
    read_each = log.read_each

    def counted(asked: Any) -> Any:
        looks.append(len(asked))
        return read_each(asked)

    monkeypatch.setattr(log, "read_each", counted)

    here = await hub()
    for chat in groups:  # in one breath: the loop has not looked up yet
        here.moved(topic_of_chat(chat.pk), 1)

    heard = {(await client.until("message.sent", seq=1))[-1]["chat"] for _ in groups}
    assert heard == {str(chat.pk) for chat in groups}
    assert looks == expected


@live
async def test_a_message_is_encoded_once_for_all_sockets(elsewhere, monkeypatch, layla, omar, group):
    clients = [await enter(user) for user in (layla, omar) for _ in range(5)]
    rendered: list[list[int]] = []
    render = registry.renderers["message.sent"]

    def counted(entries: Any) -> Any:
        rendered.append([entry.seq for entry in entries])
        return render(entries)

    monkeypatch.setitem(registry.renderers, "message.sent", counted)

    await in_thread(say)(layla, group)

    for client in clients:
        await client.until("message.sent", seq=1)
    assert rendered == [[1]]


@pytest.mark.parametrize("crowd", [1, 25])
@live
async def test_a_message_costs_as_many_queries_whatever_the_crowd(
    crowd, elsewhere, monkeypatch, layla, omar, group
):
    clients = [await enter(omar) for _ in range(crowd)]
    counts: list[int] = []
    read = log.read

    def counted(*args: Any, **kwargs: Any) -> Any:
        with CaptureQueriesContext(connections["default"]) as queries:
            lines = read(*args, **kwargs)
        counts.append(len(queries))
        return lines

    monkeypatch.setattr(log, "read", counted)

    await in_thread(say)(layla, group)

    for client in clients:
        await client.until("message.sent", seq=1)
    # The entries of the log, the messages with their authors, their reactions, their files.
    assert counts == [4]


@live
async def test_sockets_that_are_gone_leave_nothing_behind(layla, omar, group):
    clients = [await enter(user) for user in (layla, omar) for _ in range(3)]

    for client in clients:
        await client.leave()

    here = await hub()
    assert (here._sockets, here._topics) == ({}, {})


@live
async def test_the_end_of_the_process_tells_every_socket_to_come_back(layla):
    client = await enter(layla)

    await close_hub()

    assert await client.next() == {"type": "going_away", "delay": 500}
    assert await client.closed() == 1012


@live
async def test_who_waits_for_an_answer_has_it_before_the_process_ends(monkeypatch, layla):
    begun, release, done = asyncio.Event(), asyncio.Event(), []

    async def wait(actor, data):
        done.append(data)
        begun.set()
        await release.wait()
        return {}

    monkeypatch.setitem(registry.commands, "wait", wait)
    client = await enter(layla)
    await client.say("wait", id="before", data={"number": 1})
    await begun.wait()

    ending = asyncio.create_task(close_hub())
    told = await client.next()
    await client.say("wait", id="after", data={"number": 2})
    release.set()

    assert told == {"type": "going_away", "delay": 500}
    assert await client.next() == {"type": "ack", "id": "before", "data": {}}
    assert await client.closed() == 1012
    await ending
    assert done == [{"number": 1}]


@live
async def test_a_socket_held_for_a_resume_hears_what_came_meanwhile(layla, omar, group):
    client = await Client(token=await token_of(omar)).open()
    assert (await client.next())["type"] == "hello"

    await in_thread(say)(layla, group, 2)

    assert seqs(await client.until("message.sent", seq=2)) == [1, 2]


@live
async def test_a_hub_that_could_not_open_is_opened_by_the_next_socket(monkeypatch, layla):
    layer = get_channel_layer()
    new_channel = layer.new_channel

    async def fail(prefix: str) -> str:
        raise ConnectionError("the channel layer is away")

    monkeypatch.setattr(layer, "new_channel", fail, raising=False)
    token = await token_of(layla)
    refused = await Client(token=token).open()
    with pytest.raises(ConnectionError):
        await refused.ended()

    monkeypatch.setattr(layer, "new_channel", new_channel, raising=False)

    assert (await (await Client(token=token).open()).next())["type"] == "hello"
