"""What is sent at the same time leaves together, and nobody waits for a clock."""

import asyncio
import threading

import pytest

from accounts.tests.factories import UserFactory
from common.problems import NotFound
from messaging.models import Chat
from messaging.services import Content, Send
from messaging.services.sending import gathering
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN = 20  # seconds


@pytest.fixture
def gatherer():
    gatherer = gathering.sends()
    yield gatherer
    gatherer.close()


def say(actor, chat: Chat, text: str) -> Send:
    return Send(actor=actor, chat=chat.pk, content=Content(text=text))


def test_what_comes_while_a_batch_is_under_way_leaves_in_the_next(gatherer, monkeypatch):
    layla, omar = UserFactory.create_batch(2)
    chat = group_of(layla, omar)
    batches, under_way, go_on = [], threading.Event(), threading.Event()
    send = gathering.send_messages

    def slowly(sends):
        batches.append(len(sends))
        under_way.set()
        assert go_on.wait(WITHIN)
        return send(sends)

    monkeypatch.setattr(gathering, "send_messages", slowly)
    monkeypatch.setattr(gatherer, "_most_running", 1)
    first = gatherer.put(say(layla, chat, "0"))
    assert under_way.wait(WITHIN)
    others = [gatherer.put(say(omar, chat, str(n))) for n in range(1, gathering.MOST + 10)]
    go_on.set()

    sent = [future.result(WITHIN) for future in [first, *others]]

    assert batches == [1, gathering.MOST, 9]
    assert [each.message.text for each in sent] == [str(n) for n in range(gathering.MOST + 10)]
    assert sorted(each.message.seq for each in sent) == list(range(1, gathering.MOST + 11))


def test_who_does_not_wait_any_more_keeps_nobody_else_waiting(gatherer, monkeypatch):
    layla, omar = UserFactory.create_batch(2)
    chat = group_of(layla, omar)
    under_way, go_on = threading.Event(), threading.Event()
    send = gathering.send_messages

    def slowly(sends):
        under_way.set()
        assert go_on.wait(WITHIN)
        return send(sends)

    monkeypatch.setattr(gathering, "send_messages", slowly)
    monkeypatch.setattr(gathering, "_sends", lambda: gatherer)
    monkeypatch.setattr(gatherer, "_most_running", 1)

    async def leave_and_wait():
        left = asyncio.create_task(gathering.gather(say(layla, chat, "1")))
        stays = asyncio.create_task(gathering.gather(say(omar, chat, "2")))
        await asyncio.to_thread(under_way.wait, WITHIN)
        left.cancel()
        await asyncio.wait([left])
        go_on.set()
        return await asyncio.wait_for(stays, WITHIN)

    assert asyncio.run(leave_and_wait()).is_new
    assert set(chat.messages.values_list("text", flat=True)) == {"1", "2"}


def test_many_threads_at_once_lose_and_double_nothing(gatherer):
    people = UserFactory.create_batch(4)
    chats = [group_of(*people) for _ in range(3)]
    futures, lock = [], threading.Lock()

    def speak(person):
        for n in range(25):
            future = gatherer.put(say(person, chats[n % 3], f"{person.pk} {n}"))
            with lock:
                futures.append(future)

    threads = [threading.Thread(target=speak, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN)
    sent = [future.result(WITHIN) for future in futures]

    assert all(each.is_new for each in sent)
    for chat in chats:
        chat.refresh_from_db()
        messages = list(chat.messages.order_by("seq").values_list("seq", "text"))
        assert [seq for seq, _ in messages] == list(range(1, chat.last_seq + 1))
    assert len({each.message.text for each in sent}) == 100


def test_who_is_refused_hears_it_and_nobody_else(gatherer):
    layla, zayd = UserFactory.create_batch(2)
    chat = group_of(layla)

    good, bad = gatherer.put(say(layla, chat, "Salam")), gatherer.put(say(zayd, chat, "Salam"))

    assert good.result(WITHIN).is_new
    assert isinstance(bad.result(WITHIN).error, NotFound)


def test_where_the_database_is_away_everybody_hears_it(gatherer, monkeypatch):
    layla = UserFactory()
    chat = group_of(layla)

    def gone(sends):
        raise ConnectionError("away")

    monkeypatch.setattr(gathering, "send_messages", gone)
    assert isinstance(gatherer.put(say(layla, chat, "1")).result(WITHIN).error, ConnectionError)
    monkeypatch.undo()
    assert gatherer.put(say(layla, chat, "2")).result(WITHIN).is_new
