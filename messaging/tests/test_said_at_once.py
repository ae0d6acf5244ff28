"""What is done to one message in the same moment: real threads, each with a transaction of its own."""

from collections import Counter

import pytest

from accounts.tests.factories import UserFactory
from common import events
from messaging.models import HiddenMessage, Message, Pin, Reaction, ReactionCount, Revision
from messaging.services import (
    add_reaction,
    delete_message,
    edit_message,
    forward_message,
    hide_message,
    pin_message,
    remove_reaction,
    send_message,
)
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of, types
from messaging.tests.test_races import at_once, positions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_bell(monkeypatch):
    monkeypatch.setattr(events, "_listeners", [])


@pytest.fixture
def message(layla, group):
    return send_message(actor=layla, chat=group, text="We leave at dawn.")[0]


def test_of_many_edits_of_one_revision_one_stands(layla, group, message):
    ends = at_once(
        [
            lambda n=n: edit_message(actor=layla, message=message, text=f"At {n}.", revision=1).revision
            for n in range(8)
        ]
    )

    assert Counter(ends) == {2: 1, "revision_conflict": 7}
    assert list(Revision.objects.values_list("revision", "text")) == [(1, "We leave at dawn.")]
    assert positions(group) == [1, 2]


def test_an_edit_and_a_deletion_leave_no_text_whichever_was_first(layla, group, message):
    ends = at_once(
        [
            lambda: edit_message(actor=layla, message=message, text="At noon.") and "edited",
            lambda: delete_message(actor=layla, message=message) and "deleted",
        ]
        * 4
    )

    message.refresh_from_db()
    assert set(ends) <= {"edited", "deleted", "message_was_deleted"}
    assert (message.text, message.deleted_at is None, Revision.objects.count()) == ("", False, 0)
    assert [type_ for _, type_, _ in log_of(group)].count("message.deleted") == 1
    assert positions(group) == list(range(1, len(log_of(group)) + 1))


def test_a_message_hidden_many_times_at_once_is_hidden_once(omar, message):
    at_once([lambda: hide_message(actor=omar, message=message)] * 6)

    assert HiddenMessage.objects.count() == 1
    assert types(stream_of(omar)) == [(1, "chat.added"), (2, "message.hidden")]


def test_reactions_of_many_at_once_are_counted_right(layla, group, message):
    people = UserFactory.create_batch(6)
    chat = group_of(layla, *people)
    said, _ = send_message(actor=layla, chat=chat, text="Who comes?")

    at_once([lambda each=each: add_reaction(actor=each, message=said, emoji="👍") for each in people * 2])
    at_once(
        [lambda each=each: remove_reaction(actor=each, message=said, emoji="👍") for each in people[:2] * 2]
    )

    assert Reaction.objects.count() == 4
    assert list(ReactionCount.objects.values_list("emoji", "count")) == [("👍", 4)]
    assert positions(chat) == list(range(1, 10))


def test_a_message_pinned_by_many_at_once_is_pinned_once_and_no_chat_is_overfull(
    layla, group, message, monkeypatch
):
    monkeypatch.setattr(Pin, "LIMIT", 3)
    others = [send_message(actor=layla, chat=group, text=str(number))[0] for number in range(5)]

    same = at_once([lambda: pin_message(actor=layla, message=message)[1]] * 6)
    more = at_once([lambda each=each: pin_message(actor=layla, message=each)[1] for each in others])

    assert Counter(same) == {True: 1, False: 5}
    assert Counter(more) == {True: 2, "pin_limit_reached": 3}
    assert Pin.objects.count() == 3
    assert positions(group) == list(range(1, 10))


def test_a_forward_tried_many_times_at_once_is_one_message_in_each_chat(layla, group, message):
    chats = [group_of(layla, title=title) for title in ("Petra", "Aqaba")]

    sent = at_once(
        [
            lambda order=order: sorted(
                str(each.pk)
                for each, _ in forward_message(
                    actor=layla, message=message, chats=chats[::order], client_id="f1"
                )
            )
            for order in (1, -1) * 4
        ]
    )

    assert len({tuple(ids) for ids in sent}) == 1
    assert Message.objects.filter(forwarded_from=message).count() == 2
    assert [positions(chat) for chat in chats] == [[1], [1]]
