"""What every use case tells: to the chat in its log, to people in their streams, to listeners afterwards."""

import pytest
from django.db import transaction

from common import events
from common.actors import SYSTEM
from common.models import LogEntry, UserPosition
from messaging.models import Chat, Message, Participant
from messaging.services import (
    add_participants,
    add_reaction,
    change_role,
    create_chat,
    delete_chat,
    delete_message,
    edit_message,
    hide_message,
    leave_chat,
    mark_read,
    pin_message,
    remove_participant,
    send_message,
    update_chat,
)
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of, types

pytestmark = pytest.mark.django_db

# Each use case, and what it tells: (the chat, the actor, the other one); the chat and both were told before.
USE_CASES = {
    "send": (
        lambda chat, layla, omar: send_message(actor=layla, chat=chat, text="Hello"),
        (["message.sent"], [], []),
    ),
    "send as the platform": (
        lambda chat, layla, omar: send_message(actor=SYSTEM, chat=chat, text="Hello", kind="system"),
        (["message.sent"], [], []),
    ),
    "edit": (
        lambda chat, layla, omar: edit_message(actor=omar, message=chat.messages.get(seq=1), text="Second"),
        (["message.updated"], [], []),
    ),
    "delete a message": (
        lambda chat, layla, omar: delete_message(actor=omar, message=chat.messages.get(seq=1)),
        (["message.deleted"], [], []),
    ),
    "delete a message as the platform": (
        lambda chat, layla, omar: delete_message(actor=SYSTEM, message=chat.messages.get(seq=1)),
        (["message.deleted"], [], []),
    ),
    "delete a message for oneself": (
        lambda chat, layla, omar: hide_message(actor=layla, message=chat.messages.get(seq=1)),
        ([], ["message.hidden"], []),
    ),
    "react": (
        lambda chat, layla, omar: add_reaction(actor=layla, message=chat.messages.get(seq=1), emoji="👍"),
        (["reaction.added"], [], []),
    ),
    "pin": (
        lambda chat, layla, omar: pin_message(actor=layla, message=chat.messages.get(seq=1)),
        (["message.pinned"], [], []),
    ),
    "mark as read": (
        lambda chat, layla, omar: mark_read(actor=layla, chat=chat, seq=1),
        ([], ["mark.moved"], []),
    ),
    "update": (
        lambda chat, layla, omar: update_chat(actor=layla, chat=chat, title="Petra"),
        (["chat.updated"], [], []),
    ),
    "update as the platform": (
        lambda chat, layla, omar: update_chat(actor=SYSTEM, chat=chat, title="Petra"),
        (["chat.updated"], [], []),
    ),
    "change a role": (
        lambda chat, layla, omar: change_role(actor=layla, chat=chat, user=omar, role="admin"),
        (["participant.updated"], [], []),
    ),
    "hand over": (
        lambda chat, layla, omar: change_role(actor=layla, chat=chat, user=omar, role="owner"),
        (["participant.updated", "participant.updated"], [], []),
    ),
    "remove": (
        lambda chat, layla, omar: remove_participant(actor=layla, chat=chat, user=omar),
        (["participant.removed"], [], ["chat.removed"]),
    ),
    "remove as the platform": (
        lambda chat, layla, omar: remove_participant(actor=SYSTEM, chat=chat, user=omar),
        (["participant.removed"], [], ["chat.removed"]),
    ),
    "leave": (
        lambda chat, layla, omar: leave_chat(actor=omar, chat=chat),
        (["participant.removed"], [], ["chat.removed"]),
    ),
    "delete": (
        lambda chat, layla, omar: delete_chat(actor=layla, chat=chat),
        ([], ["chat.removed"], ["chat.removed"]),
    ),
    "delete as the platform": (
        lambda chat, layla, omar: delete_chat(actor=SYSTEM, chat=chat),
        ([], ["chat.removed"], ["chat.removed"]),
    ),
    "open another": (
        lambda chat, layla, omar: group_of(layla, omar),
        ([], ["chat.added"], ["chat.added"]),
    ),
    "open a private one": (
        lambda chat, layla, omar: create_chat(actor=layla, type="private", participants=[omar]),
        ([], ["chat.added"], ["chat.added"]),
    ),
}


@pytest.fixture
def chat(layla, omar):
    chat = group_of(layla, omar)
    send_message(actor=omar, chat=chat, text="First")
    return chat


@pytest.mark.parametrize("name", USE_CASES)
def test_a_use_case_tells_whom_it_concerns(name, chat, layla, omar):
    call, (to_chat, to_layla, to_omar) = USE_CASES[name]

    call(chat, layla, omar)

    assert types(log_of(chat)) == list(enumerate(["message.sent", *to_chat], start=1))
    assert types(stream_of(layla)) == list(enumerate(["chat.added", *to_layla], start=1))
    assert types(stream_of(omar)) == list(enumerate(["chat.added", *to_omar], start=1))
    assert UserPosition.of(layla.pk) == 1 + len(to_layla)
    assert Chat.objects.get(pk=chat.pk).last_seq == 1 + len(to_chat)


@pytest.mark.parametrize("name", USE_CASES)
def test_what_is_rolled_back_is_told_to_nobody(name, chat, layla, omar, monkeypatch, committed):
    call, _ = USE_CASES[name]
    told = []
    monkeypatch.setattr(events, "_listeners", [told.extend])
    before = _everything()

    with committed(), transaction.atomic():
        call(chat, layla, omar)
        transaction.set_rollback(True)

    assert _everything() == before
    assert told == []


@pytest.mark.parametrize("name", USE_CASES)
def test_listeners_hear_after_the_commit_what_the_log_holds(name, chat, layla, omar, monkeypatch, committed):
    call, _ = USE_CASES[name]
    told, before = [], set(LogEntry.objects.values_list("pk", flat=True))
    monkeypatch.setattr(events, "_listeners", [told.extend])

    with committed():
        call(chat, layla, omar)
        too_early = list(told)

    kept = LogEntry.objects.exclude(pk__in=before).values_list("topic", "seq", "type", "data")
    assert too_early == []
    assert sorted((each.topic, each.seq, each.type) for each in told if each.seq) == sorted(
        (topic, seq, type_) for topic, seq, type_, _ in kept
    )
    assert [each.type for each in told if each.seq is None] == (
        ["message.read"] if name == "mark as read" else []
    )


def test_positions_of_a_chat_have_no_gap_whatever_happens_in_it(layla, omar, mina):
    chat = group_of(layla, omar)
    send_message(actor=layla, chat=chat, text="One")
    add_participants(actor=layla, chat=chat, users=[mina])
    change_role(actor=layla, chat=chat, user=mina, role="owner")
    update_chat(actor=mina, chat=chat, title="Petra", description="By train")
    mark_read(actor=omar, chat=chat, seq=3)
    remove_participant(actor=mina, chat=chat, user=omar)
    leave_chat(actor=layla, chat=chat)
    message, _ = send_message(actor=mina, chat=chat, text="Alone")

    assert types(log_of(chat)) == [
        (1, "message.sent"),
        (2, "participant.added"),
        (3, "participant.updated"),
        (4, "participant.updated"),
        (5, "chat.updated"),
        (6, "participant.removed"),
        (7, "participant.removed"),
        (8, "message.sent"),
    ]
    assert message.seq == 8


def _everything():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Chat, Participant, Message, LogEntry, UserPosition)
    ]
