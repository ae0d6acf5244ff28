"""Somebody is writing: heard by the others who are there, and gone like breath on a window."""

from datetime import UTC, datetime
from secrets import token_hex

import pytest
import time_machine

from accounts.services import block_user
from accounts.tests.factories import UserFactory
from common import events
from common.models import LogEntry
from common.problems import NotFound
from messaging.models import Chat
from messaging.problems import NotOpenToYou
from messaging.services import create_chat, delete_chat, remove_participant, send_message, tell_typing
from messaging.tests.factories import crowd_of, group_of
from messaging.tests.logs import log_of
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def own_cache(settings):
    """A cache whose clock is the test's."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": token_hex(8)}}


@pytest.fixture
def told(monkeypatch, committed, own_cache):
    """`told(calls)`: what listeners hear of them, as type and who does not hear it."""
    heard = []
    monkeypatch.setattr(events, "_listeners", [heard.extend])

    def run(*calls):
        heard.clear()
        with committed():
            for call in calls:
                call()
        return [(each.type, each.hidden_from) for each in heard]

    return run


def start(user, chat):
    return lambda: tell_typing(actor=user, chat=chat, is_typing=True)


def stop(user, chat):
    return lambda: tell_typing(actor=user, chat=chat, is_typing=False)


def names(heard):
    return [type_ for type_, _ in heard]


def post(client, chat, state):
    return client.post(f"/api/v1/chats/{chat.pk}/typing", {"state": state})


def test_it_is_told_with_its_end(group, layla, monkeypatch, committed, own_cache):
    heard = []
    monkeypatch.setattr(events, "_listeners", [heard.extend])

    with time_machine.travel(NOW, tick=False), committed():
        start(layla, group)()

    [told] = heard
    assert (told.topic, told.seq, told.type) == (f"chat:{group.pk}", None, "typing.start")
    assert told.data == {
        "user": str(layla.pk),
        "expires_at": "2026-11-21T09:00:10+00:00",
        "expires_in": 10_000,
    }
    assert told.hidden_from == {str(layla.pk)}


def test_it_touches_no_row(group, layla, told, django_assert_num_queries):
    before, logs = Chat.objects.values().get(), LogEntry.objects.count()

    with django_assert_num_queries(4) as asked:  # the actor's row, the chat's, who is there, who is apart
        told(start(layla, group))

    assert all(query["sql"].startswith("SELECT") for query in asked.captured_queries)
    assert (Chat.objects.values().get(), LogEntry.objects.count()) == (before, logs)
    assert log_of(group) == []


def test_saying_it_again_at_once_says_nothing_new(group, layla, told):
    with time_machine.travel(NOW, tick=False) as clock:
        first = told(*[start(layla, group)] * 10)
        clock.shift(2.9)
        soon = told(start(layla, group))
        clock.shift(0.2)
        later = told(*[start(layla, group)] * 2)

    assert [names(each) for each in (first, soon, later)] == [["typing.start"], [], ["typing.start"]]


def test_stopping_is_told_once_and_only_of_who_was_writing(group, layla, omar, told):
    assert names(told(stop(layla, group))) == []
    assert names(told(start(layla, group), stop(omar, group), *[stop(layla, group)] * 3)) == [
        "typing.start",
        "typing.stop",
    ]
    assert names(told(start(layla, group))) == ["typing.start"]  # that is news again


def test_what_is_over_by_itself_needs_no_stop(group, layla, told):
    with time_machine.travel(NOW, tick=False) as clock:
        told(start(layla, group))
        clock.shift(10.1)

        assert names(told(stop(layla, group))) == []
        assert names(told(start(layla, group))) == ["typing.start"]


def test_each_person_and_each_chat_is_told_of_by_itself(layla, omar, told):
    one, other = group_of(layla, omar), group_of(layla, omar)

    heard = told(start(layla, one), start(omar, one), start(layla, other))

    assert names(heard) == ["typing.start"] * 3


@pytest.mark.parametrize("blocker", ["layla", "omar"])
def test_in_a_group_two_who_are_apart_do_not_hear_each_other(blocker, layla, omar, mina, told):
    people = {"layla": layla, "omar": omar}
    group = group_of(layla, omar, mina)
    stranger = UserFactory()
    block_user(actor=layla, user=stranger)
    block_user(actor=people.pop(blocker), user=people.popitem()[1])

    heard = told(start(layla, group))

    assert heard == [("typing.start", frozenset({str(layla.pk), str(omar.pk)}))]


@pytest.mark.parametrize(("others", "expected"), [(99, ["typing.start"]), (100, [])])
def test_where_somebody_always_writes_nobody_is_told(others, expected, layla, told):
    group = group_of(layla, *crowd_of(others))

    assert names(told(start(layla, group))) == expected


def test_who_may_say_nothing_there_is_not_about_to(layla, omar, group, told):
    private, _ = create_chat(actor=layla, type="private", participants=[omar])
    deleted = group_of(layla, omar)
    delete_chat(actor=layla, chat=deleted)
    block_user(actor=omar, user=layla)
    remove_participant(actor=layla, chat=group, user=omar)

    def tried():
        for who, chat, refusal in [
            (layla, private, NotOpenToYou),
            (omar, private, NotOpenToYou),
            (omar, group, NotFound),
            (omar, deleted, NotFound),
            (UserFactory(), group, NotFound),
        ]:
            with pytest.raises(refusal):
                start(who, chat)()

    assert [type_ for type_ in names(told(tried)) if type_.startswith("typing")] == []


@pytest.mark.parametrize("state", ["start", "stop"])
def test_by_rest_it_gives_nothing_back(state, group, layla, client_of):
    answer = post(client_of(layla), group, state)

    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "state", "required"),
        ({"state": "on"}, "state", "invalid_choice"),
        ({"state": True}, "state", "invalid_choice"),
        ({"state": "start", "text": "We le"}, "text", "unknown_field"),
    ],
)
def test_what_is_no_state(body, field, code, group, layla, client_of):
    refused = client_of(layla).post(f"/api/v1/chats/{group.pk}/typing", body)

    assert refused.status_code == 400
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, code)]


def test_a_stranger_finds_no_chat_to_write_in(group, client_of):
    assert post(client_of(UserFactory()), group, "start").status_code == 404


# --- Live ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@live
async def test_the_others_who_are_there_hear_that_somebody_writes(layla, omar, mina):
    group = await in_thread(group_of)(layla, omar, mina)
    await in_thread(block_user)(actor=mina, user=layla)
    phone, laptop, omars, minas = [await enter(who) for who in (layla, layla, omar, mina)]
    data = {"chat": str(group.pk)}

    answers = [await phone.ask(type_, data=data) for type_ in ("typing.start", "typing.start", "typing.stop")]

    assert [answer["data"] for answer in answers] == [data] * 3
    heard = [await omars.next(), await omars.next()]
    assert [(each["type"], each["chat"], each["data"]["user"]) for each in heard] == [
        ("typing.start", str(group.pk), str(layla.pk)),
        ("typing.stop", str(group.pk), str(layla.pk)),
    ]
    assert all("seq" not in each for each in heard)
    for client in (phone, laptop, omars, minas):
        assert await client.so_far() == []


@pytest.mark.django_db(transaction=True)
@live
async def test_it_is_not_replayed(layla, omar, group):
    await in_thread(tell_typing)(actor=layla, chat=group, is_typing=True)
    await in_thread(send_message)(actor=layla, chat=group, text="One")
    omars = await enter(omar)

    await omars.say("resume", id="r", chats={str(group.pk): 0}, user=0)

    assert [frame["type"] for frame in await omars.until("resumed")] == [
        "message.sent",
        "chat.added",
        "resumed",
    ]


@pytest.mark.django_db(transaction=True)
@live
async def test_who_left_hears_nobody_write(layla, omar, mina):
    group = await in_thread(group_of)(layla, omar, mina)
    omars, minas = await enter(omar), await enter(mina)
    await in_thread(remove_participant)(actor=layla, chat=group, user=omar)

    await in_thread(tell_typing)(actor=layla, chat=group, is_typing=True)

    await minas.until("typing.start")
    assert "typing.start" not in {frame["type"] for frame in await omars.so_far()}
    refused = await omars.ask("typing.start", data={"chat": str(group.pk)})
    assert refused["error"]["errors"][0]["code"] == "unknown_chat"
