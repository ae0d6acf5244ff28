"""What the database itself refuses, whoever writes."""

import pytest
from django.db import IntegrityError, transaction

from messaging.models import (
    Chat,
    Draft,
    Mention,
    Message,
    Participant,
    ScheduledMessage,
    ThreadMark,
)
from messaging.tests.factories import ChatFactory, MessageFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


def refused(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


def test_somebody_is_in_a_chat_once(omar):
    chat = ParticipantFactory(user=omar, left_seq=3).chat

    refused(lambda: ParticipantFactory(chat=chat, user=omar))

    assert Participant.objects.count() == 1


def test_a_chat_has_one_owner_at_a_time():
    chat = ParticipantFactory(role="owner").chat

    refused(lambda: ParticipantFactory(chat=chat, role="owner"))
    ParticipantFactory(chat=chat, role="owner", left_seq=3)  # who is gone owns nothing

    assert Participant.objects.count() == 2


def test_a_position_holds_one_message():
    chat = MessageFactory(seq=1).chat

    refused(lambda: MessageFactory(chat=chat, seq=1))
    MessageFactory(seq=1)  # of another chat

    assert Message.objects.count() == 2


def test_an_author_uses_a_client_id_once(omar):
    MessageFactory(author=omar, client_id="c1")

    refused(lambda: MessageFactory(author=omar, client_id="c1"))
    MessageFactory(client_id="c1")  # of somebody else
    MessageFactory(author=omar, client_id="")
    MessageFactory(author=omar, client_id="")

    assert Message.objects.count() == 4


def test_the_platform_uses_a_client_id_once():
    MessageFactory(author=None, client_id="c1")

    refused(lambda: MessageFactory(author=None, client_id="c1"))
    MessageFactory(author=None, client_id="")
    MessageFactory(author=None, client_id="")

    assert Message.objects.count() == 3


@pytest.mark.parametrize(
    ("type_", "key"), [("private", None), ("group", "a:b"), ("channel", "a:b"), ("forum", None)]
)
def test_private_chats_alone_have_the_key_of_two_people(type_, key):
    refused(lambda: ChatFactory(type=type_, private_key=key))

    assert not Chat.objects.exists()


def test_two_people_have_one_private_chat():
    ChatFactory(type="private", private_key="a:b")

    refused(lambda: ChatFactory(type="private", private_key="a:b"))

    assert Chat.objects.count() == 1


def test_what_stands_in_a_thread_has_none_below_it():
    root = MessageFactory(reply_count=1, last_reply_seq=2)

    refused(lambda: MessageFactory(chat=root.chat, thread=root, reply_count=1))
    MessageFactory(chat=root.chat, thread=root)

    assert Message.objects.count() == 2


def test_somebody_stands_in_a_thread_once(omar):
    root = MessageFactory()
    mark = {"chat": root.chat, "root": root, "user": omar, "read_seq": 1}
    ThreadMark.objects.create(**mark)

    refused(lambda: ThreadMark.objects.create(**mark))


def test_a_message_calls_somebody_once(omar):
    message = MessageFactory()
    call = {"message": message, "chat": message.chat, "seq": message.seq, "user": omar}
    Mention.objects.create(**call)

    refused(lambda: Mention.objects.create(**call))


def test_somebody_has_one_draft_in_a_chat_and_one_in_each_thread(omar):
    root = MessageFactory()
    for thread in (None, root):
        Draft.objects.create(user=omar, chat=root.chat, thread=thread)
        refused(lambda thread=thread: Draft.objects.create(user=omar, chat=root.chat, thread=thread))
    Draft.objects.create(user=root.author, chat=root.chat)

    assert Draft.objects.count() == 3


def test_a_client_id_schedules_one_message(omar):
    chat = ChatFactory()
    row = {"chat": chat, "author": omar, "scheduled_for": chat.created_at, "look_at": chat.created_at}
    ScheduledMessage.objects.create(**row, client_id="c1")

    refused(lambda: ScheduledMessage.objects.create(**row, client_id="c1"))
    for _ in range(2):
        ScheduledMessage.objects.create(**row)  # without one, each is another

    assert ScheduledMessage.objects.count() == 3
