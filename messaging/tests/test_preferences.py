"""What a chat is to one of the people in it: archived, muted, marked as unread, a favourite."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from messaging.models import Participant
from messaging.services import (
    add_participants,
    leave_chat,
    mark_read,
    send_message,
    set_preferences,
)
from messaging.tests.factories import ParticipantFactory, crowd_of, group_of
from messaging.tests.logs import log_of, stream_of
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

NOTHING = {
    "muted": False,
    "muted_until": None,
    "archived": False,
    "marked_unread": False,
    "favourite": None,
}


def path_of(chat, below="/preferences"):
    return f"/api/v1/chats/{chat.pk}{below}"


def told(person):
    return [data for _, type_, data in stream_of(person) if type_ == "preferences.updated"]


def seen(client, chat):
    """What the chat itself and its preferences say, which is the same."""
    of_chat = client.get(path_of(chat, "")).json()
    alone = client.get(path_of(chat)).json()
    same = {name: of_chat[name] for name in (*NOTHING, "state")}
    assert alone == same | {"chat": str(chat.pk)}
    return {name: alone[name] for name in NOTHING}


@pytest.mark.parametrize(
    ("do", "undo", "change"),
    [
        (("post", "/archive", None), ("delete", "/archive", None), {"archived": True}),
        (("post", "/mute", None), ("delete", "/mute", None), {"muted": True}),
        (
            ("post", "/mute", {"until": "2099-01-01T00:00:00+01:00"}),
            ("patch", "/preferences", {"muted": False}),
            {"muted": True, "muted_until": "2098-12-31T23:00:00Z"},
        ),
        (("post", "/unread", None), ("post", "/read", {"seq": 0}), {"marked_unread": True}),
        (
            ("patch", "/preferences", {"favourite": 3}),
            ("put", "/preferences", {"favourite": None}),
            {"favourite": 3},
        ),
        (
            ("patch", "/preferences", {"archived": True, "muted": True, "favourite": 1}),
            ("patch", "/preferences", {"archived": False, "muted": False, "favourite": None}),
            {"archived": True, "muted": True, "favourite": 1},
        ),
        (
            ("patch", "/preferences", {"muted_until": "2099-01-01T00:00:00Z"}),
            ("patch", "/preferences", {"muted_until": None, "muted": False}),
            {"muted": True, "muted_until": "2099-01-01T00:00:00Z"},
        ),
    ],
)
def test_each_does_it_for_themselves_and_takes_it_back(do, undo, change, group, layla, omar, client_of):
    client, other = client_of(omar), client_of(layla)

    for (method, below, body), now in [(do, NOTHING | change), (undo, NOTHING)]:
        for _ in range(2):  # the second time changes and tells nothing
            assert getattr(client, method)(path_of(group, below), body).status_code in (200, 204)
            assert seen(client, group) == now

    assert told(omar) == [{"chat": str(group.pk)}] * 2
    assert seen(other, group) == NOTHING
    assert told(layla) == log_of(group) == []


@pytest.mark.parametrize("below", ["/preferences", "/archive", "/mute", "/unread"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_a_chat_of_others_is_not_there(method, below, group, mina, client_of):
    response = getattr(client_of(mina), method)(path_of(group, below))

    assert response.status_code in (404, 405)
    assert told(mina) == []


@pytest.mark.parametrize(
    ("below", "body", "field", "code"),
    [
        ("/mute", {"until": "2020-01-01T00:00:00Z"}, "until", "past"),
        ("/mute", {"until": "tomorrow"}, "until", "invalid"),
        ("/mute", {"until": "2099-01-01T00:00:00"}, "until", "invalid"),
        ("/mute", {"unitl": None}, "unitl", "unknown_field"),
        ("/preferences", {"favourite": 0}, "favourite", "min_value"),
        ("/preferences", {"favourite": 1001}, "favourite", "max_value"),
        ("/preferences", {"archived": "yes"}, "archived", "invalid"),
        ("/preferences", {"muted": False, "muted_until": "2099-01-01T00:00:00Z"}, "", "not_muted"),
        ("/preferences", {"archived": True, "pinned": True}, "pinned", "unknown_field"),
    ],
)
def test_what_has_not_the_shape_is_refused_and_changes_nothing(
    below, body, field, code, group, omar, client_of
):
    client = client_of(omar)
    call = client.post if below == "/mute" else client.patch

    response = call(path_of(group, below), body)

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["code"] == code
    assert error["field"] == field or not field
    assert seen(client, group) == NOTHING
    assert told(omar) == []


def test_a_message_brings_an_archived_chat_back(group, layla, omar, client_of):
    client = client_of(omar)
    send_message(actor=layla, chat=group, text="Before")
    set_preferences(actor=omar, chat=group, archived=True)
    archived = seen(client, group)["archived"]

    send_message(actor=layla, chat=group, text="After")

    assert (archived, seen(client, group)["archived"]) == (True, False)
    set_preferences(actor=omar, chat=group, favourite=1)  # and nothing but a wish puts it away again
    set_preferences(actor=omar, chat=group, muted_until=Participant.FOR_GOOD)
    assert seen(client, group)["archived"] is False


def test_a_muted_one_stays_archived_and_comes_back_with_the_first_message_that_is_heard(
    group, layla, omar, client_of
):
    client, now = client_of(omar), timezone.now()
    set_preferences(actor=omar, chat=group, archived=True, muted_until=now + timedelta(hours=1))

    send_message(actor=layla, chat=group, text="In silence")
    in_silence = seen(client, group)
    with time_machine.travel(now + timedelta(hours=2)):
        client = client_of(omar)
        over = seen(client, group)
        send_message(actor=layla, chat=group, text="Aloud")
        aloud = seen(client, group)

    assert (in_silence["archived"], in_silence["muted"]) == (True, True)
    assert (over["archived"], over["muted"], over["muted_until"]) == (True, False, None)
    assert aloud["archived"] is False


def test_hearing_a_chat_again_leaves_it_archived(group, layla, omar, client_of):
    client = client_of(omar)
    set_preferences(actor=omar, chat=group, archived=True, muted_until=Participant.FOR_GOOD)
    send_message(actor=layla, chat=group, text="In silence")

    set_preferences(actor=omar, chat=group, muted_until=None)
    heard_again = seen(client, group)
    send_message(actor=layla, chat=group, text="Aloud")

    assert (heard_again["archived"], heard_again["muted"]) == (True, False)
    assert seen(client, group)["archived"] is False


def test_reading_takes_the_flag_away_and_moves_the_mark_as_ever(group, layla, omar, client_of):
    client = client_of(omar)
    send_message(actor=layla, chat=group, text="Hello")
    mark_read(actor=omar, chat=group, seq=1)
    marked = client.post(path_of(group, "/unread")).json()

    chat = client.get(path_of(group, "")).json()
    mark_read(actor=omar, chat=group, seq=1)

    assert marked["marked_unread"] is True
    assert (chat["read_seq"], chat["unread_count"]) == (1, 0)  # a flag, not a mark moved back
    assert seen(client, group) == NOTHING
    assert [type_ for _, type_, _ in stream_of(omar)] == [
        "chat.added",
        "mark.moved",
        "preferences.updated",
        "preferences.updated",
    ]


def test_who_comes_back_finds_the_chat_and_its_silence(group, layla, omar, client_of):
    set_preferences(
        actor=omar, chat=group, archived=True, marked_unread=True, muted_until=Participant.FOR_GOOD
    )
    leave_chat(actor=omar, chat=group)

    add_participants(actor=layla, chat=group, users=[omar])

    assert seen(client_of(omar), group) == NOTHING | {"muted": True}


def test_what_is_rolled_back_was_never_told(group, omar):
    with transaction.atomic():
        set_preferences(actor=omar, chat=group, archived=True)
        transaction.set_rollback(True)

    assert told(omar) == []
    assert group.participants.get(user=omar).archived_seq is None


@pytest.mark.parametrize("members", [3, 300])
def test_it_costs_the_same_in_any_chat(members, layla, client_of, django_assert_num_queries):
    chat = group_of(layla)
    Participant.objects.bulk_create(
        ParticipantFactory.build(chat=chat, user=person) for person in crowd_of(members)
    )
    client = client_of(layla)

    # The session, the chat; in a savepoint (2) the row, the chat, the change, the stream's counter (3) and
    # its entry; the chat as it is now.
    with django_assert_num_queries(12):
        client.post(path_of(chat, "/archive"))


@pytest.mark.django_db(transaction=True)
@live
async def test_other_devices_are_told_and_nobody_else(layla, omar, group):
    omars, laylas = await enter(omar), await enter(layla)

    await in_thread(set_preferences)(actor=omar, chat=group, favourite=2, marked_unread=True)

    frame = await omars.next()
    assert (frame["type"], frame["user_seq"]) == ("preferences.updated", 2)
    assert frame["data"] == NOTHING | {
        "chat": str(group.pk),
        "state": "request",
        "favourite": 2,
        "marked_unread": True,
    }
    assert await laylas.so_far() == []
