"""Read marks, and the status of a message as its author and its readers see it."""

import pytest

from common import events
from common.problems import NotFound
from messaging.services import add_participants, leave_chat, mark_read, remove_participant, send_message
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]


@pytest.fixture
def chat(layla, omar, mina):
    """Three people; Layla has said three things."""
    chat = group_of(layla, omar, mina)
    for text in ("One", "Two", "Three"):
        send_message(actor=layla, chat=chat, text=text)
    return chat


@pytest.fixture
def heard(monkeypatch, committed):
    """`with heard() as told:` collects what listeners hear: topic, position, type and data."""
    told = []
    monkeypatch.setattr(events, "_listeners", [told.extend])

    class Hearing:
        def __enter__(self):
            self.capture = committed()
            self.capture.__enter__()
            return self

        def __exit__(self, *error):
            self.capture.__exit__(*error)

        def __iter__(self):
            return iter((each.topic, each.seq, each.type, each.data) for each in told)

    return Hearing


def mark(client, chat, seq):
    return client.post(f"/api/v1/chats/{chat.pk}/read", {"seq": seq})


def statuses(client, chat):
    history = client.get(f"/api/v1/chats/{chat.pk}/messages").json()["results"]
    return [message["status"] for message in history]


def test_a_mark_moves_forward_alone(chat, omar, client_of):
    client = client_of(omar)

    answers = [mark(client, chat, seq) for seq in (2, 1, 0, 2, 3)]

    assert [each.status_code for each in answers] == [200, 200, 200, 200, 200]
    assert [(each.json()["read_seq"], each.json()["unread_count"]) for each in answers] == [
        (2, 1),
        (2, 1),
        (2, 1),
        (2, 1),
        (3, 0),
    ]
    assert client.get(f"/api/v1/chats/{chat.pk}").json()["read_seq"] == 3


@pytest.mark.parametrize("seq", [4, 2**53])
def test_a_mark_goes_no_further_than_the_chat(seq, chat, omar, client_of):
    client = client_of(omar)

    marked = mark(client, chat, seq)
    send_message(actor=chat.created_by, chat=chat, text="Four")

    assert marked.json() == {"read_seq": 3, "unread_count": 0}
    assert client.get(f"/api/v1/chats/{chat.pk}").json()["unread_count"] == 1


def test_what_one_wrote_oneself_is_never_unread(chat, layla, omar, client_of):
    send_message(actor=omar, chat=chat, text="Four")

    of_layla, of_omar = mark(client_of(layla), chat, 0), mark(client_of(omar), chat, 0)

    assert of_layla.json() == {"read_seq": 0, "unread_count": 1}
    assert of_omar.json() == {"read_seq": 0, "unread_count": 3}


def test_a_mark_that_moves_is_told_once_to_the_chat_and_to_ones_own_devices(chat, omar, heard):
    before, stream = log_of(chat), stream_of(omar)

    with heard() as told:
        mark_read(actor=omar, chat=chat, seq=2)
        mark_read(actor=omar, chat=chat, seq=2)
        mark_read(actor=omar, chat=chat, seq=1)

    moved = {"chat": str(chat.pk), "read_seq": 2}
    assert list(told) == [
        (f"chat:{chat.pk}", None, "message.read", {"user": str(omar.pk), "read_seq": 2}),
        (f"user:{omar.pk}", 2, "mark.moved", moved),
    ]
    assert log_of(chat) == before  # a mark takes no position of the chat
    assert stream_of(omar) == [*stream, (2, "mark.moved", moved)]
    chat.refresh_from_db()
    assert chat.last_seq == 3


def test_its_author_sees_a_message_read_once_everybody_has(chat, layla, omar, mina, client_of):
    client = client_of(layla)

    seen = [statuses(client, chat)]
    for reader, seq in [(omar, 3), (mina, 1), (mina, 3)]:
        mark_read(actor=reader, chat=chat, seq=seq)
        seen.append(statuses(client, chat))

    assert seen == [
        ["sent", "sent", "sent"],
        ["sent", "sent", "sent"],
        ["read", "sent", "sent"],
        ["read", "read", "read"],
    ]


def test_a_reader_sees_what_they_have_read_themselves(chat, layla, omar, mina, client_of):
    mark_read(actor=layla, chat=chat, seq=3)
    mark_read(actor=mina, chat=chat, seq=3)
    client = client_of(omar)

    before = statuses(client, chat)
    mark_read(actor=omar, chat=chat, seq=2)

    assert before == ["sent", "sent", "sent"]
    assert statuses(client, chat) == ["read", "read", "sent"]
    last = client.get(f"/api/v1/chats/{chat.pk}").json()["last_message"]
    assert client.get(f"/api/v1/messages/{last['id']}").json()["status"] == last["status"] == "sent"


def test_what_nobody_else_is_there_to_read_is_not_read(layla, client_of):
    chat = group_of(layla)
    send_message(actor=layla, chat=chat, text="Note to self")
    mark_read(actor=layla, chat=chat, seq=1)

    assert statuses(client_of(layla), chat) == ["sent"]


def test_who_is_gone_holds_up_no_status(chat, layla, omar, mina, client_of):
    mark_read(actor=omar, chat=chat, seq=3)

    remove_participant(actor=layla, chat=chat, user=mina)

    assert statuses(client_of(layla), chat) == ["read", "read", "read"]


def test_who_comes_later_takes_no_status_back(chat, layla, omar, mina, client_of):
    leave_chat(actor=mina, chat=chat)
    mark_read(actor=omar, chat=chat, seq=4)

    add_participants(actor=layla, chat=chat, users=[mina])

    assert statuses(client_of(layla), chat) == ["read", "read", "read"]


@pytest.mark.parametrize("who", ["removed", "stranger"])
def test_who_is_not_in_the_chat_has_no_mark(who, chat, layla, mina, client_of, django_user_model):
    if who == "removed":
        remove_participant(actor=layla, chat=chat, user=mina)
        person = mina
    else:
        person = django_user_model.objects.create_user(
            email="noor@example.com", username="noor", email_verified_at=chat.created_at
        )
    before = stream_of(person)

    response = mark(client_of(person), chat, 3)

    assert response.status_code == 404
    assert stream_of(person) == before
    with pytest.raises(NotFound):
        mark_read(actor=person, chat=chat, seq=3)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "seq", "required"),
        ({"seq": -1}, "seq", "min_value"),
        ({"seq": 2**53 + 1}, "seq", "max_value"),
        ({"seq": "3"}, "seq", "invalid"),
        ({"seq": 3.0}, "seq", "invalid"),
        ({"seq": True}, "seq", "invalid"),
        ({"seq": None}, "seq", "null"),
        ({"seq": 3, "user": "omar"}, "user", "unknown_field"),
    ],
)
def test_what_is_no_position_is_refused(body, field, code, chat, omar, client_of):
    before = stream_of(omar)

    response = client_of(omar).post(f"/api/v1/chats/{chat.pk}/read", body)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert chat.participants.get(user=omar).read_seq == 0
    assert stream_of(omar) == before
