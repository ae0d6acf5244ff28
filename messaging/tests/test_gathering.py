"""What is sent at the same time leaves together, and nobody waits for longer than for a batch."""

import asyncio
import threading

import pytest

from accounts.tests.factories import UserFactory
from common import gathering as gatherers
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


@pytest.fixture
def slowly(gatherer, monkeypatch):
    """Sends stop before they are done, until they are told to go on: whose batch it is, and how to tell."""
    batches, under_way, go_on = [], threading.Event(), threading.Event()
    send = gatherer._work

    def wait_and_send(sends):
        batches.append(len(sends))
        under_way.set()
        assert go_on.wait(WITHIN)
        return send(sends)

    monkeypatch.setattr(gatherer, "_work", wait_and_send)
    return batches, under_way, go_on


def say(actor, chat: Chat, text: str) -> Send:
    return Send(actor=actor, chat=chat.pk, content=Content(text=text))


async def every(futures):
    return await asyncio.wait_for(asyncio.gather(*futures), WITHIN)


def test_what_comes_while_a_batch_is_under_way_leaves_in_the_next(gatherer, slowly, monkeypatch):
    layla, omar = UserFactory.create_batch(2)
    chat = group_of(layla, omar)
    batches, under_way, go_on = slowly
    monkeypatch.setattr(gatherer, "_most_running", 1)

    async def send():
        first = gatherer.put(say(layla, chat, "0"))
        await asyncio.to_thread(under_way.wait, WITHIN)
        others = [gatherer.put(say(omar, chat, str(n))) for n in range(1, gathering.MOST + 10)]
        go_on.set()
        return await every([first, *others])

    sent = asyncio.run(send())

    assert batches == [1, gathering.MOST, 9]
    assert [each.message.text for each in sent] == [str(n) for n in range(gathering.MOST + 10)]
    assert sorted(each.message.seq for each in sent) == list(range(1, gathering.MOST + 11))


def test_behind_a_batch_that_is_stuck_the_next_goes_on_its_own():
    go_on = threading.Event()

    def work(items):
        assert "stuck" not in items or go_on.wait(WITHIN)
        return items

    gatherer = gatherers.Gatherer(work, name="work", threads=2, most=5)

    async def ask():
        first = gatherer.put("stuck")
        second = await every([gatherer.put("free")])
        is_first_done = first.done()
        go_on.set()
        return second, is_first_done, await every([first])

    assert asyncio.run(ask()) == (["free"], False, ["stuck"])
    gatherer.close()


def test_who_does_not_wait_any_more_keeps_nobody_else_waiting(gatherer, slowly, monkeypatch):
    layla, omar = UserFactory.create_batch(2)
    chat = group_of(layla, omar)
    _, under_way, go_on = slowly
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


def test_several_loops_at_once_lose_and_double_nothing(gatherer):
    people = UserFactory.create_batch(4)
    chats = [group_of(*people) for _ in range(3)]
    sent, lock = [], threading.Lock()

    async def speak(person):
        return await every([gatherer.put(say(person, chats[n % 3], f"{person.pk} {n}")) for n in range(25)])

    def run(person):
        answers = asyncio.run(speak(person))
        with lock:
            sent.extend(answers)

    threads = [threading.Thread(target=run, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN)

    assert all(each.is_new for each in sent)
    for chat in chats:
        chat.refresh_from_db()
        messages = list(chat.messages.order_by("seq").values_list("seq", "text"))
        assert [seq for seq, _ in messages] == list(range(1, chat.last_seq + 1))
    assert len({each.message.text for each in sent}) == 100


def test_who_is_refused_hears_it_and_nobody_else(gatherer):
    layla, zayd = UserFactory.create_batch(2)
    chat = group_of(layla)

    async def send():
        return await every(gatherer.put(say(each, chat, "Salam")) for each in (layla, zayd))

    good, bad = asyncio.run(send())

    assert good.is_new
    assert isinstance(bad.error, NotFound)


def test_where_the_database_is_away_everybody_hears_it(gatherer, monkeypatch):
    layla = UserFactory()
    chat = group_of(layla)

    def gone(sends):
        raise ConnectionError("away")

    async def send(text):
        [sent] = await every([gatherer.put(say(layla, chat, text))])
        return sent

    monkeypatch.setattr(gatherer, "_work", gone)
    with pytest.raises(ConnectionError):
        asyncio.run(send("1"))
    monkeypatch.undo()
    assert asyncio.run(send("2")).is_new


def test_what_the_work_raises_everybody_hears():
    def fail(items):
        raise ConnectionError(len(items))

    gatherer = gatherers.Gatherer(fail, name="fail", threads=1, most=5)

    async def ask():
        return await asyncio.gather(gatherer.put("a"), return_exceptions=True)

    [error] = asyncio.run(ask())
    gatherer.close()

    assert isinstance(error, ConnectionError)


@pytest.mark.parametrize(("count", "pauses"), [(20, []), (21, [gatherers.PAUSE])])
def test_where_much_comes_there_is_a_pause_for_more(count, pauses, monkeypatch):
    slept = []
    monkeypatch.setattr(gatherers, "monotonic", lambda: 5.0)
    monkeypatch.setattr(gatherers, "sleep", slept.append)
    begun, go_on = threading.Event(), threading.Event()

    def work(items):
        begun.set()
        assert go_on.wait(WITHIN)
        return items

    gatherer = gatherers.Gatherer(work, name="test", threads=1, most=64)

    async def put():
        first = gatherer.put(0)
        await asyncio.to_thread(begun.wait, WITHIN)
        others = [gatherer.put(number) for number in range(1, count)]
        go_on.set()
        return await every([first, *others])

    assert asyncio.run(put()) == list(range(count))
    gatherer.close()
    assert set(slept) == set(pauses)
