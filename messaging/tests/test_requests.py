"""What strangers open: it is live at once, and waits to be accepted."""

import pytest

from accounts.models import Block, Report
from accounts.services import block_user
from messaging.models import Participant
from messaging.services import accept_chat, add_participants, create_chat, leave_chat, send_message
from messaging.tests.factories import group_of
from messaging.tests.logs import stream_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]

CHATS = "/api/v1/chats"


def private(one, other):
    return create_chat(actor=one, type="private", participants=[other])[0]


def requests(client):
    return [chat["id"] for chat in client.get(CHATS, {"state": "request"}).json()["results"]]


def active(client):
    return [chat["id"] for chat in client.get(CHATS, {"state": "active"}).json()["results"]]


def told(person):
    return [type_ for _, type_, _ in stream_of(person)]


def test_a_strangers_chat_is_live_and_listed_as_a_request(layla, omar, client_of):
    chat = private(layla, omar)
    send_message(actor=layla, chat=chat, text="Hello, stranger")
    hers, his = client_of(layla), client_of(omar)

    [seen] = his.get(CHATS).json()["results"]  # older clients see it among the others

    assert (seen["state"], seen["added_by"], seen["unread_count"]) == ("request", str(layla.pk), 1)
    assert (requests(his), active(his)) == ([str(chat.pk)], [])
    assert (requests(hers), active(hers)) == ([], [str(chat.pk)])


def test_accepting_it_makes_it_a_chat_like_others(layla, omar, client_of):
    chat, client = private(layla, omar), client_of(omar)

    answers = [client.post(f"{CHATS}/{chat.pk}/accept") for _ in range(2)]

    assert [(each.status_code, each.json()["state"]) for each in answers] == [(200, "active")] * 2
    assert (requests(client), active(client)) == ([], [str(chat.pk)])
    assert told(omar) == ["chat.added", "preferences.updated"]
    assert told(layla) == ["chat.added"]


def test_who_answers_has_accepted(layla, omar, client_of):
    chat = private(layla, omar)

    for text in ("Who are you?", "Well?"):
        send_message(actor=omar, chat=chat, text=text)

    assert requests(client_of(omar)) == []
    assert told(omar) == ["chat.added"]  # his devices hear what he said


def test_who_was_accepted_once_is_no_stranger(layla, omar, client_of):
    accept_chat(actor=omar, chat=private(layla, omar))

    group = group_of(layla, omar)

    assert requests(client_of(omar)) == []
    assert group.participants.get(user=omar).added_by == layla


def test_a_group_of_a_stranger_waits_too_and_its_owner_never(layla, omar, mina, client_of):
    group = group_of(layla, omar)
    add_participants(actor=layla, chat=group, users=[mina])

    assert [requests(client_of(each)) for each in (layla, omar, mina)] == [
        [],
        [str(group.pk)],
        [str(group.pk)],
    ]


def test_who_declines_leaves_and_a_stranger_who_writes_again_is_a_request_again(layla, omar, client_of):
    chat, client = private(layla, omar), client_of(omar)

    assert client.delete(f"{CHATS}/{chat.pk}").status_code == 204
    gone = requests(client)
    send_message(actor=layla, chat=chat, text="Still there?")

    assert (gone, requests(client)) == ([], [str(chat.pk)])


def test_what_was_accepted_comes_back_as_a_chat(layla, omar, client_of):
    chat = private(layla, omar)
    accept_chat(actor=omar, chat=chat)
    leave_chat(actor=omar, chat=chat)

    send_message(actor=layla, chat=chat, text="Still there?")

    assert active(client_of(omar)) == [str(chat.pk)]


def test_who_declines_may_block_and_report_in_one_go(layla, omar, client_of):
    chat, client = private(layla, omar), client_of(omar)

    response = client.delete(f"{CHATS}/{chat.pk}", QUERY_STRING="block=true&report=spam")

    assert response.status_code == 204
    assert client.get(CHATS).json()["results"] == []
    assert Block.objects.filter(blocker=omar, blocked=layla).exists()
    assert Report.objects.filter(reporter=omar, subject=layla, reason="spam").exists()
    assert client.delete(f"{CHATS}/{chat.pk}", QUERY_STRING="block=true").status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [("block=yes", "block"), ("report=boring", "report"), ("block=true", "block"), ("report=spam", "report")],
)
def test_nobody_blocks_by_leaving_what_is_no_request(query, field, layla, omar, client_of):
    chat = private(layla, omar)
    accept_chat(actor=omar, chat=chat)

    response = client_of(omar).delete(f"{CHATS}/{chat.pk}", QUERY_STRING=query)

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)
    assert Participant.objects.present().count() == 2
    assert not Block.objects.exists()
    assert not Report.objects.exists()


def test_others_accept_nothing(layla, omar, mina, client_of):
    chat = private(layla, omar)

    assert client_of(mina).post(f"{CHATS}/{chat.pk}/accept").status_code == 404
    assert requests(client_of(omar)) == [str(chat.pk)]


def test_a_stranger_who_is_blocked_opens_nothing(layla, omar, client_of):
    block_user(actor=omar, user=layla)

    response = client_of(layla).post(CHATS, {"type": "private", "participants": [str(omar.pk)]})

    assert response.status_code == 400
    assert requests(client_of(omar)) == []
