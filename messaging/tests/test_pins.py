"""Pins: what is held up for everyone in a chat."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from messaging.models import Message, Pin
from messaging.services import (
    change_role,
    create_chat,
    delete_message,
    hide_message,
    pin_message,
    remove_participant,
    send_message,
    unpin_message,
)
from messaging.tasks import unpin_expired
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, types
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
ADMIN = "/admin/messaging/pin/"


@pytest.fixture
def message(omar, group):
    return send_message(actor=omar, chat=group, text="We leave at dawn.")[0]


def pins_of(chat):
    return f"/api/v1/chats/{chat.pk}/pins"


def pin(client, said, **more):
    return client.post(pins_of(said.chat), {"message": str(said.pk)} | more)


def unpin(client, message):
    return client.delete(f"{pins_of(message.chat)}/{message.pk}")


def test_a_pin_shows_the_message_to_everybody(layla, omar, group, message, client_of):
    response = pin(client_of(layla), message, until="2126-05-01T15:00:00+03:00")

    shown = client_of(omar).get(f"/api/v1/messages/{message.pk}").json()
    row = Pin.objects.get()
    assert response.status_code == 201
    assert response.headers["Location"] == pins_of(group)
    assert response.json() | {"created_at": "", "message": response.json()["message"]["id"]} == {
        "id": str(row.pk),
        "chat": str(group.pk),
        "message": str(message.pk),
        "pinned_by": str(layla.pk),
        "until": "2126-05-01T12:00:00Z",
        "created_at": "",
    }
    [listed] = client_of(omar).get(pins_of(group)).json()["results"]
    assert listed["message"] == shown
    assert log_of(group)[1:] == [
        (
            2,
            "message.pinned",
            {"message": str(message.pk), "by": str(layla.pk), "until": "2126-05-01T12:00:00+00:00"},
        )
    ]


def test_pinning_twice_is_pinning_once(layla, group, message, client_of):
    client = client_of(layla)

    first = pin(client, message)
    again = pin(client, message, until="2126-05-01T12:00:00Z")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert types(log_of(group)) == [(1, "message.sent"), (2, "message.pinned")]


def test_unpinning_is_told_once(layla, group, message, client_of):
    client = client_of(layla)
    pin(client, message)

    answers = [unpin(client, message) for _ in range(2)]

    assert [each.status_code for each in answers] == [204, 404]
    assert client.get(pins_of(group)).json()["results"] == []
    assert log_of(group)[2:] == [(3, "message.unpinned", {"message": str(message.pk), "by": str(layla.pk)})]


@pytest.mark.parametrize(
    ("role", "pinned", "unpinned"),
    [
        ("owner", 201, 204),
        ("admin", 201, 204),
        ("member", 403, 403),
        ("removed", 404, 404),
        ("stranger", 404, 404),
    ],
)
def test_owners_and_admins_pin_in_a_group(role, pinned, unpinned, client_of):
    people = {name: UserFactory() for name in ("owner", "admin", "member", "removed", "stranger")}
    chat = group_of(people["owner"], people["admin"], people["member"], people["removed"])
    change_role(actor=people["owner"], chat=chat, user=people["admin"], role="admin")
    remove_participant(actor=people["owner"], chat=chat, user=people["removed"])
    first, _ = send_message(actor=people["member"], chat=chat, text="One")
    second, _ = send_message(actor=people["member"], chat=chat, text="Two")
    pin_message(actor=people["owner"], message=first)
    client, before = client_of(people[role]), log_of(chat)

    answers = [pin(client, second), unpin(client, first)]

    assert [each.status_code for each in answers] == [pinned, unpinned]
    assert len(log_of(chat)) == len(before) + (2 if pinned == 201 else 0)
    if pinned == 403:
        assert answers[0].json()["denied_by"] == {
            "action": "message.pin",
            "role": "member",
            "rule": "default",
        }
    assert client.get(pins_of(chat)).status_code == (404 if pinned == 404 else 200)


def test_in_a_private_chat_both_pin(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    message, _ = send_message(actor=layla, chat=chat, text="Salam")

    assert pin(client_of(omar), message).status_code == 201
    assert unpin(client_of(layla), message).status_code == 204


def test_a_chat_holds_fifty(layla, group, client_of):
    for number in range(51):
        message, _ = send_message(actor=layla, chat=group, text=str(number))
        if number < 50:
            pin_message(actor=layla, message=message)
    before = log_of(group)

    response = pin(client_of(layla), message)

    assert response.status_code == 409
    assert response.json() | {"type": "", "request_id": ""} == {
        "type": "",
        "title": "This chat already has as many pins as it can hold.",
        "status": 409,
        "detail": "This chat already has as many pins as it can hold.",
        "code": "pin_limit_reached",
        "limit": 50,
        "request_id": "",
    }
    assert (Pin.objects.count(), log_of(group)) == (50, before)


@pytest.mark.parametrize("which", ["of another chat", "hidden", "nobody's"])
def test_a_message_that_is_not_there_is_unknown(which, layla, group, message, client_of):
    other, _ = send_message(actor=layla, chat=group_of(layla), text="Elsewhere")
    if which == "hidden":
        hide_message(actor=layla, message=message)
    named = {
        "of another chat": other.pk,
        "hidden": message.pk,
        "nobody's": "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01",
    }[which]

    response = client_of(layla).post(pins_of(group), {"message": str(named)})

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [
        ("message", "unknown_message")
    ]
    assert not Pin.objects.exists()


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"message": None}, "message", "null"),
        ({"message": "first"}, "message", "invalid"),
        ({"until": "tomorrow"}, "until", "invalid"),
        ({"until": "2126-05-01T12:00:00"}, "until", "invalid"),
        ({"until": 7}, "until", "invalid"),
        ({"until": "2020-05-01T12:00:00Z"}, "until", "past"),
        ({"by": "omar"}, "by", "unknown_field"),
    ],
)
def test_what_has_not_the_shape_of_a_pin_is_refused(more, field, code, layla, group, message, client_of):
    response = pin(client_of(layla), message, **more)

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [(field, code)]
    assert len(log_of(group)) == 1


def test_a_deleted_message_is_unpinned_and_not_pinned_again(layla, group, message, client_of):
    pin_message(actor=layla, message=message)
    delete_message(actor=layla, message=message)

    response = pin(client_of(layla), message)

    assert (response.status_code, response.json()["code"]) == (409, "message_was_deleted")
    assert not Pin.objects.exists()
    assert [type_ for _, type_, _ in log_of(group)[1:]] == [
        "message.pinned",
        "message.unpinned",
        "message.deleted",
    ]


def test_what_one_has_hidden_is_not_among_ones_pins(layla, omar, group, message, client_of):
    pin_message(actor=layla, message=message)

    hide_message(actor=omar, message=message)

    assert client_of(omar).get(pins_of(group)).json()["results"] == []
    assert len(client_of(layla).get(pins_of(group)).json()["results"]) == 1


def test_a_pin_falls_off_when_its_time_is_over(layla, group):
    with time_machine.travel(NOON, tick=False) as clock:
        for minutes in (1, 2, None):
            message, _ = send_message(actor=layla, chat=group, text=str(minutes))
            until = minutes and NOON + timedelta(minutes=minutes)
            pin_message(actor=layla, message=message, until=until)
        clock.shift(60)

        taken_down = [unpin_expired(), unpin_expired()]

    assert taken_down == [1, 0]
    assert [each.message.text for each in Pin.objects.all()] == ["None", "2"]
    assert log_of(group)[-1][1:] == (
        "message.unpinned",
        {"message": str(Message.objects.get(text="1").pk), "by": None},
    )


def test_a_pin_that_is_rolled_back_was_none(layla, group, message):
    with transaction.atomic():
        pin_message(actor=layla, message=message)
        transaction.set_rollback(True)

    assert not Pin.objects.exists()
    assert types(log_of(group)) == [(1, "message.sent")]


def test_taking_down_what_somebody_has_taken_down_tells_nobody(layla, group, message):
    held, _ = pin_message(actor=layla, message=message)

    done = [unpin_message(actor=layla, pin=held) for _ in range(2)]

    assert done == [True, False]
    assert len(log_of(group)) == 3


def test_the_database_too_pins_a_message_once(layla, group, message):
    pin_message(actor=layla, message=message)

    with pytest.raises(IntegrityError), transaction.atomic():
        Pin.objects.create(chat=group, message=message)


@pytest.mark.parametrize("pins", [1, 40])
def test_the_list_takes_as_many_queries(pins, layla, omar, group, client_of, django_assert_num_queries):
    said = Message.objects.bulk_create(
        Message(chat=group, seq=number + 1, author=layla, text="Hello") for number in range(pins)
    )
    Pin.objects.bulk_create(Pin(chat=group, message=each, pinned_by=layla) for each in said)
    client = client_of(omar)

    # The session, the chat with its marks, the pins, their messages with reactions and mine.
    with django_assert_num_queries(7):
        response = client.get(pins_of(group))

    assert len(response.json()["results"]) == pins


def test_staff_take_pins_down(layla, group, message):
    held, _ = pin_message(actor=layla, message=message)
    body = {"action": "unpin", "_selected_action": [str(held.pk)], "answered": "yes"}

    looked = console_of(clerk("view_pin")).get(ADMIN)
    console_of(clerk("view_pin", "change_pin")).post(ADMIN, body)
    before = Pin.objects.count()
    console_of(staff()).post(ADMIN, body)

    assert (looked.status_code, before, Pin.objects.count()) == (200, 1, 0)
    assert log_of(group)[-1][1] == "message.unpinned"


@pytest.mark.django_db(transaction=True)
@live
async def test_pins_are_heard_by_everybody(layla, omar, group):
    message, _ = await in_thread(send_message)(actor=omar, chat=group, text="We leave at dawn.")
    omars = await enter(omar)

    held, _ = await in_thread(pin_message)(actor=layla, message=message)
    await in_thread(unpin_message)(actor=layla, pin=held)

    pinned, unpinned = await omars.next(), await omars.next()
    who = {"message": str(message.pk), "by": str(layla.pk)}
    assert (pinned["type"], pinned["seq"], pinned["data"]) == ("message.pinned", 2, who | {"until": None})
    assert (unpinned["type"], unpinned["seq"], unpinned["data"]) == ("message.unpinned", 3, who)
