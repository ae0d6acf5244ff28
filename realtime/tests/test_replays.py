"""What many missed is read once, is as true for the last of them as for the first, and holds up nobody."""

import asyncio
import json
from threading import Event
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from messaging.events import topic_of_chat
from messaging.models import Chat
from messaging.services import delete_message, send_message
from messaging.tests.factories import group_of
from realtime import entrants, log, replays
from realtime.missed import Missed
from realtime.registry import Place
from realtime.replays import Replays

from .clients import Client, Frame, enter, in_thread, live, seqs, token_of

pytestmark = pytest.mark.django_db(transaction=True)

Reads = list[tuple[int, int]]


def say(actor: User, chat: Chat, count: int) -> None:
    for number in range(count):
        send_message(actor=actor, chat=chat, text=f"Message {number}")


@pytest.fixture
def chat() -> Chat:
    return group_of(UserFactory(), UserFactory())


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """From where up to where the log was read."""
    done: Reads = []
    replay = log.replay

    def counted(parts: list[log.Part]) -> list[list[log.Line]]:
        done.extend((part.after, part.upto) for part in parts)
        return replay(parts)

    monkeypatch.setattr(log, "replay", counted)
    return done


def lack(chat: Chat, *, newest: int, after: int = 0, is_in: bool = True) -> Missed:
    return Missed(topic_of_chat(chat.pk), Place(seq=newest, is_in=is_in), after, newest)


async def all_of(kept: Replays, missed: Missed) -> list[str]:
    """The frames of it, portion after portion."""
    texts: list[str] = []
    after = missed.after
    left = None if missed.place.is_in else missed.place.seq
    while after < missed.upto:
        portion, after = await kept.next(missed, after=after, left=left)
        texts += [text for bundle in portion for text in bundle.frames]
    return texts


def seqs_of(texts: list[str]) -> list[int]:
    return [json.loads(text)["seq"] for text in texts]


@live
async def test_what_many_missed_is_read_once(chat, reads):
    await in_thread(say)(chat.created_by, chat, 4)
    kept = Replays()

    whole, same, later = await asyncio.gather(
        all_of(kept, lack(chat, newest=4)),
        all_of(kept, lack(chat, newest=4)),
        all_of(kept, lack(chat, newest=4, after=2)),
    )

    assert reads == [(0, 4)]
    assert seqs_of(whole) == [1, 2, 3, 4]
    assert [id(text) for text in same] == [id(text) for text in whole]  # encoded once, too
    assert later == whole[2:]


@live
async def test_who_lacks_more_than_the_one_before_has_it_read(chat, reads):
    await in_thread(say)(chat.created_by, chat, 4)
    kept = Replays()
    await all_of(kept, lack(chat, newest=4, after=2))

    texts = await all_of(kept, lack(chat, newest=4))

    assert reads == [(2, 4), (0, 4)]
    assert seqs_of(texts) == [1, 2, 3, 4]


@live
async def test_of_a_long_absence_each_portion_is_read_once(chat, reads, monkeypatch):
    monkeypatch.setattr(log, "PORTION", 2)
    await in_thread(say)(chat.created_by, chat, 5)
    kept = Replays()

    first = await all_of(kept, lack(chat, newest=5))
    second = await all_of(kept, lack(chat, newest=5, after=1))

    assert reads == [(0, 2), (2, 4), (4, 5)]
    assert seqs_of(first) == [1, 2, 3, 4, 5]
    assert second == first[1:]


@live
async def test_once_the_topic_has_moved_it_is_read_anew(chat, reads):
    await in_thread(say)(chat.created_by, chat, 2)
    kept = Replays()
    await all_of(kept, lack(chat, newest=2))
    await in_thread(say)(chat.created_by, chat, 1)

    assert seqs_of(await all_of(kept, lack(chat, newest=3))) == [1, 2, 3]
    assert reads == [(0, 2), (0, 3)]


@live
async def test_who_left_has_nothing_that_was_read_for_others(chat, reads):
    """Where they stand says nothing about what later lines have changed."""
    await in_thread(say)(chat.created_by, chat, 2)
    kept = Replays()
    await all_of(kept, lack(chat, newest=2))

    await all_of(kept, lack(chat, newest=2, is_in=False))
    await all_of(kept, lack(chat, newest=2, is_in=False))

    assert reads == [(0, 2), (0, 2), (0, 2)]


@live
async def test_it_is_kept_for_a_moment_only(chat, reads, monkeypatch):
    monkeypatch.setattr(replays, "KEPT", 0)
    await in_thread(say)(chat.created_by, chat, 2)
    kept = Replays()

    for _ in range(2):
        await all_of(kept, lack(chat, newest=2))
        await asyncio.sleep(0)

    assert reads == [(0, 2), (0, 2)]


@live
async def test_of_more_than_there_is_room_for_the_oldest_is_not_kept(chat, reads, monkeypatch):
    monkeypatch.setattr(log, "PORTION", 2)
    monkeypatch.setattr(replays, "MAX_LINES", 3)
    await in_thread(say)(chat.created_by, chat, 4)
    kept = Replays()

    for after in (0, 2, 0):
        await all_of(kept, lack(chat, newest=4, after=after))

    assert reads == [(0, 2), (2, 4), (0, 2), (2, 4)]


@live
async def test_a_read_that_fails_is_not_kept(chat, monkeypatch):
    await in_thread(say)(chat.created_by, chat, 2)
    kept = Replays()
    with monkeypatch.context() as patch:
        patch.setattr(log, "replay", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await all_of(kept, lack(chat, newest=2))

    assert seqs_of(await all_of(kept, lack(chat, newest=2))) == [1, 2]


@live
async def test_a_log_that_was_cut_meanwhile_says_so(chat):
    await in_thread(say)(chat.created_by, chat, 2)

    with pytest.raises(LookupError):
        await all_of(Replays(), lack(chat, newest=9, after=2))


async def resumed(reader: User, chat: Chat) -> list[Frame]:
    client = await enter(reader)
    await client.say("resume", chats={str(chat.pk): 0})
    return await client.until("resumed")


@live
async def test_what_was_deleted_between_two_who_come_back_is_not_shown_to_the_second(layla, omar, group):
    message, _ = await in_thread(send_message)(actor=layla, chat=group, text="Forget it")
    before = await resumed(omar, group)
    await in_thread(delete_message)(actor=layla, message=message)

    after = await resumed(omar, group)

    assert before[0]["data"]["text"] == "Forget it"
    assert "Forget it" not in str(after)
    assert seqs(after)[0] == 1


@live
async def test_those_who_come_in_do_not_hold_up_those_who_are_in(layla, omar, group, monkeypatch):
    inside = await enter(omar)
    door, entries_of = Event(), entrants.entries_of

    def after_the_others(*given: Any) -> Any:
        assert door.wait(timeout=30)
        return entries_of(*given)

    monkeypatch.setattr(entrants, "entries_of", after_the_others)
    waiting = [await Client(token=await token_of(layla)).open() for _ in range(20)]

    await in_thread(say)(layla, group, 1)
    assert (await inside.next())["type"] == "message.sent"
    assert (await inside.ask("message.send", data={"chat": str(group.pk), "text": "Go on"}))["type"] == "ack"

    door.set()
    for client in waiting:
        assert (await client.next())["type"] == "hello"
