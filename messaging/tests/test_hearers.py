"""Who was in a chat when something happened in it: what webhooks and notifications go by."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from common.models import LogEntry
from messaging.models import Chat
from messaging.services import (
    add_participants,
    create_chat,
    delete_chat,
    hearers_of,
    leave_chat,
    remove_participant,
    send_message,
)
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db


def say(chat: Chat, *texts: str) -> None:
    author = chat.participants.get(role="owner").user
    for text in texts:
        send_message(actor=author, chat=chat, text=text)


def log(*chats: Chat) -> list[LogEntry]:
    return list(LogEntry.objects.filter(topic__in=[f"chat:{chat.pk}" for chat in chats]).order_by("pk"))


def heard_by(user, *chats: Chat) -> list[str]:
    """Position and type of what *user* hears of these chats."""
    entries = log(*chats)
    heard = hearers_of(entries, {user.pk, uuid4()})
    assert all(each <= {user.pk} for each in heard)
    return [f"{entry.seq} {entry.type}" for entry, who in zip(entries, heard, strict=True) if user.pk in who]


def test_who_is_in_hears_all_and_who_is_not_nothing(layla, omar, mina, group):
    say(group, "Salam", "Who comes?")

    assert heard_by(layla, group) == ["1 message.sent", "2 message.sent"]
    assert heard_by(omar, group) == ["1 message.sent", "2 message.sent"]
    assert heard_by(mina, group) == []


def test_only_those_asked_for_are_named(layla, omar, group):
    say(group, "Salam")

    assert hearers_of(log(group), {omar.pk}) == [{omar.pk}]
    assert hearers_of(log(group), set()) == [set()]
    assert hearers_of([], {omar.pk}) == []


def test_who_came_later_hears_nothing_from_before(layla, mina, group):
    say(group, "Salam")
    add_participants(actor=layla, chat=group, users=[mina])
    say(group, "Welcome")

    assert heard_by(mina, group) == ["2 participant.added", "3 message.sent"]


def test_those_who_came_together_hear_of_each_other(layla, mina, group, django_user_model):
    third = django_user_model.objects.create(username="third", email="third@example.com")
    say(group, "Salam")
    add_participants(actor=layla, chat=group, users=[mina, third])

    assert heard_by(mina, group) == ["2 participant.added", "3 participant.added"]
    assert heard_by(third, group) == ["2 participant.added", "3 participant.added"]


def test_who_left_hears_that_and_nothing_behind_it(layla, omar, group):
    say(group, "Salam")
    leave_chat(actor=omar, chat=group)
    say(group, "He is gone")

    assert heard_by(omar, group) == ["1 message.sent", "2 participant.removed"]
    assert heard_by(layla, group) == ["1 message.sent", "2 participant.removed", "3 message.sent"]


def test_who_was_removed_too(layla, omar, group):
    say(group, "Salam")
    remove_participant(actor=layla, chat=group, user=omar)
    say(group, "He is gone")

    assert heard_by(omar, group) == ["1 message.sent", "2 participant.removed"]


def test_who_came_back_missed_what_was_said_meanwhile(layla, omar, group):
    say(group, "Salam")
    remove_participant(actor=layla, chat=group, user=omar)
    say(group, "Meanwhile")
    add_participants(actor=layla, chat=group, users=[omar])
    say(group, "Welcome back")
    leave_chat(actor=omar, chat=group)
    say(group, "Gone again")

    assert heard_by(omar, group) == [
        "1 message.sent",
        "2 participant.removed",
        "4 participant.added",
        "5 message.sent",
        "6 participant.removed",
    ]


def test_old_comings_and_goings_are_not_gone_through(layla, omar, group, django_assert_num_queries):
    remove_participant(actor=layla, chat=group, user=omar)
    add_participants(actor=layla, chat=group, users=[omar])
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        say(group, "Salam")
    entries = log(group)[2:]

    with django_assert_num_queries(2):
        assert hearers_of(entries, {layla.pk, omar.pk}) == [{layla.pk, omar.pk}]


def test_clocks_that_differ_change_nothing(layla, omar, group):
    say(group, "Salam")
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):  # another process's clock is behind
        remove_participant(actor=layla, chat=group, user=omar)
        say(group, "Meanwhile")
        add_participants(actor=layla, chat=group, users=[omar])

    assert heard_by(omar, group) == ["1 message.sent", "2 participant.removed", "4 participant.added"]


def test_what_was_said_before_a_chat_was_deleted_was_heard(layla, omar, group):
    say(group, "Salam")
    delete_chat(actor=layla, chat=group)

    assert heard_by(omar, group) == ["1 message.sent"]


def test_a_private_chat_is_heard_by_the_two_in_it(layla, omar, mina):
    chat, _ = create_chat(actor=layla, type=Chat.Type.PRIVATE, participants=[omar])
    send_message(actor=omar, chat=chat, text="Salam")

    assert hearers_of(log(chat), {layla.pk, omar.pk, mina.pk}) == [{layla.pk, omar.pk}]


@pytest.mark.parametrize("chats", [1, 20])
def test_however_many_chats_it_takes_three_queries(chats, layla, omar, mina, django_assert_num_queries):
    groups = [group_of(layla, omar) for _ in range(chats)]
    for group in groups:
        say(group, "Salam")
        remove_participant(actor=layla, chat=group, user=omar)
        add_participants(actor=layla, chat=group, users=[mina])
        say(group, "Welcome")
    entries = log(*groups)

    with django_assert_num_queries(3):
        heard = hearers_of(entries, {layla.pk, omar.pk, mina.pk})

    people = {"layla": layla.pk, "omar": omar.pk, "mina": mina.pk}
    counts = {name: sum(pk in who for who in heard) for name, pk in people.items()}
    assert counts == {"layla": 4 * chats, "omar": 2 * chats, "mina": 2 * chats}
