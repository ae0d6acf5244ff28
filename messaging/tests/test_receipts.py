"""Who has received and read what, since when, and what of it others may know."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.services import block_user, update_settings
from accounts.tests.factories import UserFactory
from common import events
from common.problems import NotFound
from common.tests.threads import at_once
from messaging.models import Chat, MarkMove, Message, Participant
from messaging.services import (
    add_participants,
    create_chat,
    mark_delivered,
    mark_read,
    remove_participant,
    send_message,
)
from messaging.tasks import purge_mark_moves
from messaging.tests.factories import MessageFactory, crowd_of, group_of
from messaging.tests.logs import log_of, stream_of, types
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def chat(layla, omar, mina):
    """Three people; Layla has said three things."""
    chat = group_of(layla, omar, mina)
    for text in ("One", "Two", "Three"):
        send_message(actor=layla, chat=chat, text=text)
    return chat


@pytest.fixture
def told(monkeypatch):
    """What listeners hear of events that stand in no log: type, data, and who does not hear it."""
    heard = []
    monkeypatch.setattr(events, "_listeners", [heard.extend])
    return lambda: [(each.type, each.data, each.hidden_from) for each in heard if each.seq is None]


def hide(user):
    return update_settings(user=user, changes={"privacy": {"read_receipts": False}})


def message_of(chat, seq):
    return Message.objects.get(chat=chat, seq=seq)


def put(client, message, status):
    return client.put(f"/api/v1/messages/{message.pk}/status", {"status": status})


def receipts(client, message):
    return client.get(f"/api/v1/messages/{message.pk}/receipts")


def statuses(client, chat):
    history = client.get(f"/api/v1/chats/{chat.pk}/messages").json()["results"]
    return [message["status"] for message in history]


def marks(user, chat):
    row = Participant.objects.get(chat=chat, user=user)
    return row.delivered_seq, row.read_seq, row.shown_seq


def moves(chat):
    rows = MarkMove.objects.filter(chat=chat).order_by("pk")
    return [(row.user.username, row.kind, row.seq) for row in rows.select_related("user")]


# --- Marks --------------------------------------------------------------------------------------------------


def test_a_message_is_sent_then_delivered_then_read_by_all_others(chat, layla, omar, mina, client_of):
    author, reader = client_of(layla), client_of(omar)

    seen = [statuses(author, chat)]
    for move, who, seq in [
        (mark_delivered, omar, 3),
        (mark_delivered, mina, 2),
        (mark_read, omar, 2),
        (mark_read, mina, 1),
    ]:
        move(actor=who, chat=chat, seq=seq)
        seen.append(statuses(author, chat))

    assert seen == [
        ["sent", "sent", "sent"],
        ["sent", "sent", "sent"],
        ["delivered", "delivered", "sent"],
        ["delivered", "delivered", "sent"],
        ["read", "delivered", "sent"],
    ]
    assert statuses(reader, chat) == ["read", "read", "delivered"]


def test_what_is_read_was_delivered_and_neither_mark_moves_back(chat, omar):
    for move, seq, expected in [
        (mark_delivered, 1, (1, 0, 0)),
        (mark_read, 2, (2, 2, 2)),
        (mark_delivered, 1, (2, 2, 2)),
        (mark_delivered, 2, (2, 2, 2)),
        (mark_read, 1, (2, 2, 2)),
        (mark_delivered, 99, (3, 2, 2)),
        (mark_read, 3, (3, 3, 3)),
    ]:
        move(actor=omar, chat=chat, seq=seq)
        assert marks(omar, chat) == expected

    assert moves(chat) == [
        ("omar", "delivered", 1),
        ("omar", "read", 2),
        ("omar", "delivered", 3),
        ("omar", "read", 3),
    ]


def test_delivery_is_told_to_the_chat_once_and_takes_no_position(chat, omar, told, committed):
    before, stream = log_of(chat), stream_of(omar)

    with committed():
        for seq in (2, 2, 1):
            mark_delivered(actor=omar, chat=chat, seq=seq)
        mark_read(actor=omar, chat=chat, seq=2)

    assert told() == [
        ("message.delivered", {"user": str(omar.pk), "delivered_seq": 2}, frozenset()),
        ("message.read", {"user": str(omar.pk), "read_seq": 2}, frozenset()),
    ]
    assert log_of(chat) == before
    assert types(stream_of(omar)[len(stream) :]) == [(2, "mark.moved")]  # by reading alone


def test_of_a_mark_that_is_rolled_back_nothing_is_told_or_kept(chat, omar, told, committed):
    with committed(), transaction.atomic():
        mark_read(actor=omar, chat=chat, seq=2)
        transaction.set_rollback(True)

    assert (told(), moves(chat), marks(omar, chat)) == ([], [], (0, 0, 0))


@pytest.mark.parametrize("move", [mark_read, mark_delivered])
def test_who_is_not_in_the_chat_moves_no_mark(move, chat, layla, omar):
    stranger = UserFactory()
    remove_participant(actor=layla, chat=chat, user=omar)

    for who in (stranger, omar):
        with pytest.raises(NotFound):
            move(actor=who, chat=chat, seq=1)

    assert moves(chat) == []


def test_the_database_holds_the_order_of_marks(chat, omar):
    rows = Participant.objects.filter(chat=chat, user=omar)
    for marks_ in ({"read_seq": 1}, {"delivered_seq": 1, "shown_seq": 1}, {"shown_seq": 2}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**marks_)
    MarkMove.objects.create(chat=chat, user=omar, kind="read", seq=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        MarkMove.objects.create(chat=chat, user=omar, kind="read", seq=1)


@pytest.mark.django_db(transaction=True)
def test_marks_moved_at_once_by_many_end_in_order(layla):
    people = UserFactory.create_batch(3)
    chat = group_of(layla, *people)
    for number in range(8):
        send_message(actor=layla, chat=chat, text=str(number))

    def move(number):
        who = people[number % 3]
        (mark_read if number % 2 else mark_delivered)(actor=who, chat=chat, seq=8 - number // 3)

    at_once(18, move)

    assert [marks(person, chat) for person in people] == [(8, 7, 7), (8, 8, 8), (8, 7, 7)]
    for person in people:
        own = MarkMove.objects.filter(chat=chat, user=person).order_by("pk")
        for kind in ("delivered", "read"):
            seqs = [move.seq for move in own if move.kind == kind]
            assert seqs == sorted(set(seqs))
        unread = Chat.objects.for_reader(person).get(pk=chat.pk).unread_count
        assert unread == 8 - marks(person, chat)[1]


# --- By the message -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "expected"), [("delivered", (2, 0, 0)), ("read", (2, 2, 2))])
def test_saying_so_of_a_message_says_so_of_all_before(status, expected, chat, omar, client_of):
    client, message = client_of(omar), message_of(chat, 2)

    first, again = put(client, message, status), put(client, message, status)

    assert [first.status_code, again.status_code] == [200, 200]
    assert first.json() == again.json() == client.get(f"/api/v1/messages/{message.pk}").json()
    assert (first.json()["id"], first.json()["status"]) == (str(message.pk), status)
    assert marks(omar, chat) == expected
    assert len(moves(chat)) == 1


def test_saying_less_than_was_said_takes_nothing_back(chat, omar, client_of):
    client = client_of(omar)
    put(client, message_of(chat, 2), "read")

    less = put(client, message_of(chat, 2), "delivered")

    assert less.json()["status"] == "read"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "status", "required"),
        ({"status": "sent"}, "status", "invalid_choice"),
        ({"status": ["read"]}, "status", "invalid_choice"),
        ({"status": None}, "status", "null"),
        ({"status": "x" * 200_000}, "status", "invalid_choice"),
        ({"status": "read", "seq": 3}, "seq", "unknown_field"),
    ],
)
def test_what_is_no_status(body, field, code, chat, omar, client_of):
    refused = client_of(omar).put(f"/api/v1/messages/{message_of(chat, 1).pk}/status", body)

    assert refused.status_code == 400
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, code)]
    assert marks(omar, chat) == (0, 0, 0)


def test_a_stranger_finds_no_message(chat, layla, omar, client_of):
    remove_participant(actor=layla, chat=chat, user=omar)
    message = message_of(chat, 1)
    elsewhere, _ = send_message(actor=layla, chat=group_of(layla), text="Elsewhere")

    for client in (client_of(UserFactory()), client_of(omar)):
        for each in (message, elsewhere):
            assert put(client, each, "read").status_code == 404
            assert receipts(client, each).status_code == 404
    assert moves(chat) == []


# --- Receipts -----------------------------------------------------------------------------------------------


def test_receipts_say_who_and_since_when(layla, omar, mina, client_of):
    with time_machine.travel(START, tick=False) as clock:
        chat = group_of(layla, omar, mina)
        message, _ = send_message(actor=layla, chat=chat, text="One")
        send_message(actor=layla, chat=chat, text="Two")
        for seconds, move, who, seq in [
            (1, mark_delivered, omar, 1),
            (2, mark_delivered, omar, 2),
            (3, mark_read, omar, 2),
            (4, mark_read, mina, 1),
        ]:
            clock.move_to(START + timedelta(seconds=seconds))
            move(actor=who, chat=chat, seq=seq)
        found = receipts(client_of(layla), message).json()

    def person(user, **more):
        return {"user": str(user.pk), "username": user.username, "avatar": None} | more

    assert found == {
        "message": str(message.pk),
        "recipient_count": 2,
        "delivered_count": 2,
        "read_count": 2,
        "recipients": [
            person(
                omar,
                display_name="Omar",
                status="read",
                delivered_at="2026-11-21T09:00:01Z",
                read_at="2026-11-21T09:00:03Z",
            ),
            person(
                mina,
                display_name="Mina",
                status="read",
                delivered_at="2026-11-21T09:00:04Z",  # reading it was the first sign of it
                read_at="2026-11-21T09:00:04Z",
            ),
        ],
    }


def test_a_message_was_for_those_who_were_there(chat, layla, omar, client_of):
    late = UserFactory(username="late")
    add_participants(actor=layla, chat=chat, users=[late])  # what was said before is read for them
    remove_participant(actor=layla, chat=chat, user=omar)

    found = receipts(client_of(layla), message_of(chat, 1)).json()

    assert [each["username"] for each in found["recipients"]] == ["mina"]
    assert (found["recipient_count"], found["delivered_count"], found["read_count"]) == (1, 0, 0)


def test_when_is_forgotten_and_who_is_not(layla, omar, client_of):
    with time_machine.travel(START, tick=False) as clock:
        chat = group_of(layla, omar)
        old, _ = send_message(actor=layla, chat=chat, text="Old")
        mark_read(actor=omar, chat=chat, seq=1)
        clock.move_to(START + timedelta(days=60))
        newer, _ = send_message(actor=layla, chat=chat, text="Newer")
        mark_read(actor=omar, chat=chat, seq=2)
        clock.move_to(START + timedelta(days=90, seconds=1))

        forgotten, again = purge_mark_moves(), purge_mark_moves()
        client = client_of(layla)
        of_old, of_newer = (receipts(client, each).json()["recipients"][0] for each in (old, newer))

    assert (forgotten, again) == (1, 0)
    assert (of_old["status"], of_old["delivered_at"], of_old["read_at"]) == ("read", None, None)
    assert (of_newer["status"], of_newer["read_at"]) == ("read", "2027-01-20T09:00:00Z")


def test_in_a_large_chat_there_are_counts_alone_and_nothing_is_told(layla, client_of, told, committed):
    people = crowd_of(100)
    chat = group_of(layla, *people)
    message, _ = send_message(actor=layla, chat=chat, text="Hello, all")

    with committed():
        mark_read(actor=people[0], chat=chat, seq=1)
        mark_delivered(actor=people[1], chat=chat, seq=1)

    assert receipts(client_of(layla), message).json() == {
        "message": str(message.pk),
        "recipient_count": 100,
        "delivered_count": 2,
        "read_count": 1,
        "recipients": None,
    }
    assert told() == []


@pytest.mark.parametrize("members", [2, 99])
def test_receipts_take_as_many_queries_for_many_as_for_few(
    members, layla, client_of, django_assert_num_queries
):
    chat = group_of(layla, *crowd_of(members))
    message, _ = send_message(actor=layla, chat=chat, text="Hello")
    client = client_of(layla)

    with django_assert_num_queries(4):  # the session, the message, the chat, the people with their moves
        found = receipts(client, message)

    assert len(found.json()["recipients"]) == members


@pytest.mark.parametrize("members", [101, 1000])
def test_counts_take_as_many_queries_in_any_chat(members, layla, client_of, django_assert_num_queries):
    chat = group_of(layla)
    message = MessageFactory(chat=chat, author=layla, seq=1)
    Chat.objects.filter(pk=chat.pk).update(participant_count=members + 1, last_seq=1)
    before = timezone.now() - timedelta(days=1)
    Participant.objects.bulk_create(
        Participant(chat=chat, user=user, joined_at=before) for user in crowd_of(members)
    )
    client = client_of(layla)

    with django_assert_num_queries(6):  # the session, the message, the chat, three counts
        found = receipts(client, message)

    assert found.json()["recipient_count"] == members


# --- Who hides what they have read --------------------------------------------------------------------------


def test_who_hides_their_reading_is_shown_as_having_received_it(
    chat, layla, omar, mina, client_of, told, committed
):
    hide(omar)
    with committed():
        mark_read(actor=omar, chat=chat, seq=3)
        mark_read(actor=mina, chat=chat, seq=3)
    author = client_of(layla)

    found = receipts(author, message_of(chat, 3)).json()

    assert marks(omar, chat) == (3, 3, 0)
    assert statuses(author, chat) == ["delivered"] * 3
    assert [(each["username"], each["status"], each["read_at"]) for each in found["recipients"]][0] == (
        "omar",
        "delivered",
        None,
    )
    assert (found["delivered_count"], found["read_count"]) == (2, 1)
    assert told() == [
        ("message.delivered", {"user": str(omar.pk), "delivered_seq": 3}, frozenset()),
        ("message.read", {"user": str(mina.pk), "read_seq": 3}, frozenset({str(omar.pk)})),
    ]
    assert client_of(omar).get(f"/api/v1/chats/{chat.pk}").json()["unread_count"] == 0
    assert types(stream_of(omar))[-1] == (3, "mark.moved")  # their own devices know
    assert moves(chat) == [("omar", "delivered", 3), ("mina", "read", 3)]


def test_who_hides_their_reading_sees_nobodys(chat, layla, omar, mina, client_of):
    mark_read(actor=omar, chat=chat, seq=3)
    mark_read(actor=mina, chat=chat, seq=3)
    before = statuses(client_of(layla), chat)

    hide(layla)
    author = client_of(layla)
    found = receipts(author, message_of(chat, 1)).json()

    assert before == ["read"] * 3
    assert statuses(author, chat) == ["delivered"] * 3
    assert (found["delivered_count"], found["read_count"]) == (2, None)
    assert {(each["status"], each["read_at"]) for each in found["recipients"]} == {("delivered", None)}
    assert author.get(f"/api/v1/chats/{chat.pk}").json()["last_message"]["status"] == "delivered"


def test_who_hides_it_still_sees_what_they_have_read_themselves(chat, omar, client_of):
    hide(omar)
    mark_read(actor=omar, chat=chat, seq=2)

    assert statuses(client_of(omar), chat) == ["read", "read", "sent"]


def test_showing_it_again_shows_it_from_the_next_time_on(chat, layla, omar, mina, client_of):
    mark_read(actor=mina, chat=chat, seq=3)
    hide(omar)
    mark_read(actor=omar, chat=chat, seq=2)
    update_settings(user=omar, changes={"privacy": {"read_receipts": True}})
    author = client_of(layla)

    before = statuses(author, chat)
    mark_read(actor=omar, chat=chat, seq=3)

    assert (before, statuses(author, chat)) == (["delivered", "delivered", "sent"], ["read"] * 3)


# --- Blocks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocker", ["omar", "layla"])
def test_between_two_who_are_apart_reading_is_seen_by_nobody_else(
    blocker, layla, omar, client_of, told, committed
):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    message, _ = send_message(actor=layla, chat=chat, text="Before")
    if blocker == "omar":
        block_user(actor=omar, user=layla)
    else:
        block_user(actor=layla, user=omar)

    with committed():
        answer = put(client_of(omar), message, "read")

    assert (answer.status_code, answer.json()["status"]) == (200, "read")
    assert client_of(omar).get(f"/api/v1/chats/{chat.pk}").json()["unread_count"] == 0
    assert receipts(client_of(layla), message).json()["read_count"] == 0
    assert (told(), moves(chat)) == ([], [])


# --- Live ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@live
async def test_delivery_by_socket_is_acknowledged_and_told_to_the_chat(layla, omar, group):
    await in_thread(send_message)(actor=layla, chat=group, text="One")
    laylas, omars = await enter(layla), await enter(omar)

    answer = await omars.ask("message.delivered", data={"chat": str(group.pk), "seq": 5})
    again = await omars.ask("message.delivered", data={"chat": str(group.pk), "seq": 1})
    refused = await omars.ask("message.delivered", data={"chat": str(group.pk), "seq": -1})

    assert answer["data"] == again["data"] == {"chat": str(group.pk), "delivered_seq": 1}
    assert refused["error"]["errors"][0]["field"] == "seq"
    told = await laylas.next()
    assert told.pop("at").endswith("Z")
    assert told == {
        "type": "message.delivered",
        "chat": str(group.pk),
        "data": {"user": str(omar.pk), "delivered_seq": 1},
    }
    assert await laylas.so_far() == []


@pytest.mark.django_db(transaction=True)
@live
async def test_a_stranger_moves_no_mark_by_socket(layla, group):
    stranger = await enter(await in_thread(UserFactory)())

    answer = await stranger.ask("message.delivered", data={"chat": str(group.pk), "seq": 1})

    assert answer["error"]["errors"][0]["code"] == "unknown_chat"


@pytest.mark.django_db(transaction=True)
@live
async def test_who_hides_their_reading_hears_of_nobodys(layla, omar, mina):
    chat = await in_thread(group_of)(layla, omar, mina)
    await in_thread(send_message)(actor=layla, chat=chat, text="One")
    await in_thread(hide)(omar)
    laylas, omars = await enter(layla), await enter(omar)

    await in_thread(mark_read)(actor=mina, chat=chat, seq=1)
    await in_thread(mark_read)(actor=omar, chat=chat, seq=1)

    heard = await laylas.until("message.delivered")
    assert [(frame["type"], frame["data"]["user"]) for frame in heard] == [
        ("message.read", str(mina.pk)),
        ("message.delivered", str(omar.pk)),
    ]
    own = {frame["type"] for frame in await omars.until("mark.moved") + await omars.so_far()}
    assert "message.read" not in own
