"""What is sent at the same time is sent together, and each as if it had been sent alone."""

from dataclasses import fields

import pytest
from django.db import DatabaseError, connection

from accounts.tests.factories import UserFactory
from common.actors import SYSTEM
from common.ids import uuid7
from common.outages import is_outage
from common.problems import Invalid, NotFound
from common.tests.outages import database_away
from messaging.models import Chat, Message, Participant
from messaging.problems import ClientIdConflict, NotOpenToYou
from messaging.services import create_chat, leave_chat, remove_participant, send_message, update_chat
from messaging.services.content import Content
from messaging.services.sending import Send, Sent, send_messages
from messaging.services.sending.backends import BACKENDS, OrmBackend
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of, types

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["of the database", "the reference"], autouse=True)
def backend(request, monkeypatch):
    """Each test holds for the backend of its database and for the one that all are held against."""
    if request.param == "the reference":
        if isinstance(BACKENDS[connection.vendor], OrmBackend):
            pytest.skip("On this database the two are one.")
        monkeypatch.setitem(BACKENDS, connection.vendor, OrmBackend())


@pytest.fixture
def people(db):
    return UserFactory.create_batch(4)


def say(actor, chat: Chat, text: str = "Salam", client_id: str = "", **more) -> Send:
    return Send(actor=actor, chat=chat.pk, client_id=client_id, content=Content(text=text, **more))


def texts(chat: Chat) -> list[tuple[int, str]]:
    return list(chat.messages.order_by("seq").values_list("seq", "text"))


def errors(sent: list[Sent]) -> list[type[Exception] | None]:
    return [each.error and type(each.error) for each in sent]


def test_sends_to_many_chats_take_their_positions_in_the_order_of_asking(people):
    layla, omar, *_ = people
    here, there = group_of(layla, omar), group_of(omar, layla)

    sent = send_messages(
        [say(layla, here, "1"), say(omar, there, "2"), say(omar, here, "3"), say(layla, here, "4")]
    )

    assert [each.is_new for each in sent] == [True] * 4
    assert texts(here) == [(1, "1"), (2, "3"), (3, "4")]
    assert texts(there) == [(1, "2")]
    assert types(log_of(here)) == [(seq, "message.sent") for seq in (1, 2, 3)]
    here.refresh_from_db()
    assert (here.last_seq, here.last_message, here.last_activity_at) == (
        3,
        sent[3].message,
        sent[3].message.created_at,
    )


def test_a_batch_keeps_what_a_single_send_keeps(people):
    layla, omar, *_ = people
    chat = group_of(layla, omar)
    alone, _ = send_message(actor=layla, chat=chat, text="Once", client_id="a", silent=True, no_forward=True)

    together, _ = send_messages(
        [say(layla, chat, "Once", "b", silent=True, no_forward=True), say(omar, chat)]
    )

    differs = {"id", "seq", "client_id", "created_at"}
    rows = Message.objects.filter(pk__in=[alone.pk, together.message.pk]).order_by("seq").values()
    one, other = ({name: row[name] for name in row if name not in differs} for row in rows)
    assert one == other
    assert together.message == Message.objects.get(pk=together.message.pk)
    assert {name: getattr(together.message, name) for name in other} == other


def test_one_that_is_refused_fails_alone(people):
    layla, omar, zayd, _ = people
    chat, closed = group_of(layla, omar), group_of(layla, omar)
    update_chat(actor=layla, chat=closed, permissions={"message.send": Chat.Level.ADMINS})
    gone = Chat(pk=Participant().pk)
    before = closed.last_seq

    sent = send_messages(
        [say(layla, chat, "1"), say(zayd, chat), say(omar, closed), say(layla, gone), say(omar, chat, "2")]
    )

    assert [each and each.__name__ for each in errors(sent)] == [
        None,
        "NotFound",
        "NotAllowed",
        "NotFound",
        None,
    ]
    assert texts(chat) == [(1, "1"), (2, "2")]
    assert texts(closed) == []
    assert Chat.objects.get(pk=closed.pk).last_seq >= before


def test_under_one_client_id_one_is_sent_also_within_a_batch(people):
    layla, omar, *_ = people
    chat = group_of(layla, omar)

    first, again, other, of_omar = send_messages(
        [
            say(layla, chat, "Once", "c1"),
            say(layla, chat, "Once", "c1"),
            say(layla, chat, "Twice", "c1"),
            say(omar, chat, "Once", "c1"),
        ]
    )
    later, _ = send_messages([say(layla, chat, "Once", "c1"), say(layla, chat, "New")])

    assert (first.is_new, again.is_new, of_omar.is_new, later.is_new) == (True, False, True, False)
    assert first.message == again.message == later.message
    assert isinstance(other.error, ClientIdConflict)
    assert texts(chat) == [(1, "Once"), (2, "Once"), (3, "New")]


def test_of_a_deleted_message_its_client_id_is_enough(people):
    layla, omar, *_ = people
    chat = group_of(layla, omar)
    first, _ = send_message(actor=layla, chat=chat, text="Once", client_id="c1")
    Message.objects.filter(pk=first.pk).update(deleted_at=first.created_at, text="", fingerprint="")

    again, _ = send_messages([say(layla, chat, "Anything", "c1"), say(omar, chat)])

    assert (again.message, again.is_new) == (first, False)


def test_a_block_holds_in_private_chats_and_only_there(people):
    layla, omar, zayd, _ = people
    private, _ = create_chat(actor=layla, type="private", participants=[omar])
    open_, _ = create_chat(actor=layla, type="private", participants=[zayd])
    group = group_of(layla, omar)
    omar.blocks.create(blocked=layla)

    sent = send_messages([say(layla, private), say(omar, private), say(layla, group), say(zayd, open_)])

    assert errors(sent) == [NotOpenToYou, NotOpenToYou, None, None]


def test_who_left_a_private_chat_is_brought_back_once(people):
    layla, omar, *_ = people
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    leave_chat(actor=omar, chat=chat)

    send_messages([say(layla, chat, "1"), say(layla, chat, "2")])

    assert types(log_of(chat))[-3:] == [(2, "participant.added"), (3, "message.sent"), (4, "message.sent")]
    assert types(stream_of(omar))[-1][1] == "chat.added"
    assert Chat.objects.get(pk=chat.pk).last_seq == 4


def test_who_answers_a_stranger_has_accepted(people):
    layla, omar, *_ = people
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    mine = chat.participants.get(user=omar)
    assert mine.is_request

    send_messages([say(omar, chat), say(layla, chat)])

    mine.refresh_from_db()
    assert not mine.is_request


def test_who_was_removed_is_not_heard_any_more(people):
    layla, omar, *_ = people
    chat = group_of(layla, omar)
    send_message(actor=omar, chat=chat, text="Once", client_id="c1")
    remove_participant(actor=layla, chat=chat, user=omar)

    sent = send_messages([say(omar, chat, "Once", "c1"), say(layla, chat)])

    assert errors(sent) == [NotFound, None]


def test_the_platform_speaks_in_a_batch_too(people):
    layla, *_ = people
    chat = group_of(layla)
    send_message(actor=SYSTEM, chat=chat, text="Welcome", client_id="w", kind="system")

    again, _, new = send_messages(
        [
            say(SYSTEM, chat, "Welcome", "w", kind="system"),
            say(layla, chat),
            say(SYSTEM, chat, "Bye", kind="system"),
        ]
    )

    assert (again.is_new, new.is_new, new.message.author) == (False, True, None)


def test_what_is_more_than_a_text_stands_in_its_own_transaction(people):
    layla, omar, *_ = people
    chat = group_of(layla, omar)
    root, _ = send_message(actor=layla, chat=chat, text="Root")

    sent = send_messages(
        [
            say(layla, chat, "plain"),
            say(omar, chat, "reply", thread=root.pk),
            say(omar, chat, "called", mentions=[layla.pk]),
            say(omar, chat, "nobody", mentions=[root.pk]),
            say(omar, chat, "plain"),
        ]
    )

    assert errors(sent) == [None, None, None, Invalid, None]
    assert chat.messages.count() == 5
    assert sorted(chat.messages.values_list("seq", flat=True)) == [1, 2, 3, 4, 5]
    assert log_of(chat)[-1][2] == {"message": str(sent[2].message.pk)}


def test_what_the_database_refuses_fails_alone(people):
    layla, omar, *_ = people
    chat = group_of(layla, omar)

    sent = send_messages([say(layla, chat, "1"), say(omar, chat, "2", "x" * 256), say(omar, chat, "3")])

    if connection.vendor == "postgresql":  # SQLite has no longest text
        assert isinstance(sent[1].error, DatabaseError)
        assert texts(chat) == [(1, "1"), (2, "3")]
    assert (sent[0].error, sent[2].error) == (None, None)


def test_what_no_database_takes_fails_alone(people):
    layla, omar, *_ = people
    chat = group_of(layla, omar)

    sent = send_messages([say(layla, chat, "1"), say(omar, chat, "\ud800"), say(omar, chat, "3")])

    assert sent[1].error is not None
    assert texts(chat) == [(1, "1"), (2, "3")]


def test_while_the_database_is_away_nobody_is_tried_again(people):
    layla, omar, *_ = people
    chat = group_of(layla, omar)
    tried = []

    def lose(execute, sql, params, many, context):
        tried.append(sql)
        raise database_away()

    with connection.execute_wrapper(lose):
        sent = send_messages([say(layla, chat, "1"), say(omar, chat, "2")])

    assert all(is_outage(each.error) for each in sent)
    assert len(tried) == 1


@pytest.mark.parametrize("count", [2, 20])
def test_a_batch_takes_as_many_statements_of_any_size(count, people, django_assert_num_queries):
    owner = people[0]
    sends = [say(owner, group_of(*people), client_id=str(number)) for number in range(count)]
    is_reference = isinstance(BACKENDS[connection.vendor], OrmBackend)

    with django_assert_num_queries(7 + count if is_reference else 4):  # that one saves chat by chat
        assert errors(send_messages(sends)) == [None] * count


PLAIN = {"text", "kind", "no_forward", "silent"}
MORE = {
    "thread": uuid7(),
    "mentions": [uuid7()],
    "reply_to": uuid7(),
    "quote": "Salam",
    "forwarded": Message(),
    "files": [uuid7()],
    "kind": Message.Kind.VOICE,
}


def test_plain_is_what_has_nothing_but_its_own_words():
    """A plain message goes the short way: a field named nowhere here would be left behind there."""
    assert {each.name for each in fields(Content)} == PLAIN | MORE.keys()
    assert Content(text="Salam", silent=True, no_forward=True).is_plain
    assert Content(text="Salam", kind=Message.Kind.SYSTEM).is_plain
    for name, value in MORE.items():
        assert not Content(text="Salam", **{name: value}).is_plain, name
