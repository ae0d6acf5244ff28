"""What happens in the same moment: real threads, each with a connection and transactions of its own."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from accounts.tests.factories import UserFactory
from common import events
from common.problems import Problem
from messaging.models import Chat, ChatQuerySet, Message, Participant
from messaging.problems import ClientIdConflict
from messaging.services import (
    add_participants,
    change_role,
    create_chat,
    delete_chat,
    leave_chat,
    mark_read,
    remove_participant,
    send_message,
)
from messaging.services.sending.backends import backend
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of, types

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """What listeners heard, instead of the bell."""
    heard: list[events.Told] = []
    monkeypatch.setattr(events, "_listeners", [heard.extend])
    return heard


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each call gives, or the code of the problem it ends in; all are begun in the same moment."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=30)
            return call()
        except Problem as problem:
            return problem.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def positions(chat):
    return [seq for seq, _, _ in log_of(chat)]


def owners(chat):
    return list(chat.participants.present().filter(role="owner").values_list("user__username", flat=True))


def test_twenty_who_send_at_once_take_twenty_positions(layla, omar, mina, told):
    chat = group_of(layla, omar, mina)
    people = [layla, omar, mina]
    told.clear()

    sent = at_once(
        [
            lambda n=n: send_message(actor=people[n % 3], chat=chat, text=f"{n}", client_id=f"c{n}")[0].seq
            for n in range(20)
        ]
    )

    assert sorted(sent) == list(range(1, 21))
    assert positions(chat) == list(range(1, 21))
    assert sorted(each.seq for each in told) == list(range(1, 21))
    chat.refresh_from_db()
    assert (chat.last_seq, chat.last_message.seq) == (20, 20)


def test_twenty_who_send_the_same_message_send_one(layla, omar, client_of, told):
    chat = group_of(layla, omar)
    clients = [client_of(layla) for _ in range(20)]
    told.clear()

    responses = at_once(
        [
            lambda client=client: client.post(
                f"/api/v1/chats/{chat.pk}/messages", {"text": "Once", "client_id": "c1"}
            )
            for client in clients
        ]
    )

    message = Message.objects.get()
    assert Counter(each.status_code for each in responses) == {201: 1, 200: 19}
    assert {each.json()["id"] for each in responses} == {str(message.pk)}
    assert log_of(chat) == [(1, "message.sent", {"message": str(message.pk)})]
    assert [(each.type, each.seq) for each in told] == [("message.sent", 1)]


def test_a_client_id_used_in_two_chats_at_once_is_one_message(layla, client_of):
    chats = [group_of(layla), group_of(layla)]
    tries = [(chat, f"c{number}", client_of(layla)) for number in range(6) for chat in chats]

    responses = at_once(
        [
            lambda chat=chat, client_id=client_id, client=client: client.post(
                f"/api/v1/chats/{chat.pk}/messages", {"text": "Once", "client_id": client_id}
            )
            for chat, client_id, client in tries
        ]
    )

    ends = [(responses[n].status_code, responses[n + 1].status_code) for n in range(0, len(responses), 2)]
    assert all(sorted(pair) == [201, 409] for pair in ends), ends
    assert {each.json()["code"] for each in responses if each.status_code == 409} == {"client_id_conflict"}
    assert sorted(Message.objects.values_list("client_id", flat=True)) == [f"c{n}" for n in range(6)]
    for chat in chats:  # a position that was taken in vain was given back
        assert positions(chat) == list(range(1, chat.messages.count() + 1))


def test_two_who_open_their_private_chat_at_once_are_in_one(layla, omar, client_of):
    sides = [(client_of(me), str(other.pk)) for me, other in [(layla, omar), (omar, layla)] * 5]

    responses = at_once(
        [
            lambda client=client, other=other: client.post(
                "/api/v1/chats", {"type": "private", "participants": [other]}
            )
            for client, other in sides
        ]
    )

    chat = Chat.objects.get()
    assert Counter(each.status_code for each in responses) == {201: 1, 200: 9}
    assert {each.json()["id"] for each in responses} == {str(chat.pk)}
    assert (chat.participant_count, Participant.objects.count()) == (2, 2)
    assert (types(stream_of(layla)), types(stream_of(omar))) == ([(1, "chat.added")], [(1, "chat.added")])


def test_somebody_added_by_many_at_once_is_added_once(layla, omar, mina, told):
    chat = group_of(layla, omar)
    told.clear()

    rows = at_once([lambda: add_participants(actor=layla, chat=chat, users=[mina])] * 8)

    assert {row.pk for (row,) in rows} == {chat.participants.get(user=mina).pk}
    assert log_of(chat) == [(1, "participant.added", {"user": str(mina.pk), "by": str(layla.pk)})]
    assert types(stream_of(mina)) == [(1, "chat.added")]
    assert sorted(each.type for each in told) == ["chat.added", "participant.added"]
    chat.refresh_from_db()
    assert chat.participant_count == 3


def test_the_same_people_added_to_many_chats_at_once_wait_for_nobody_in_a_circle(layla):
    people = UserFactory.create_batch(6)
    chats = [group_of(layla, title=f"Group {number}") for number in range(8)]

    at_once(
        [
            lambda chat=chat, users=people[::step]: add_participants(actor=layla, chat=chat, users=users)
            for chat, step in zip(chats, [1, -1] * 4, strict=True)
        ]
    )

    assert [chat.participants.count() for chat in chats] == [7] * 8
    for person in people:
        assert types(stream_of(person)) == [(seq, "chat.added") for seq in range(1, 9)]


def test_a_chat_is_never_fuller_than_it_may_be(layla, omar, monkeypatch):
    monkeypatch.setattr(Chat, "MAX_PARTICIPANTS", 5)
    chat = group_of(layla, omar)
    people = UserFactory.create_batch(8)

    ends = at_once(
        [lambda each=each: add_participants(actor=layla, chat=chat, users=[each]) for each in people]
    )

    assert ends.count("chat_full") == 5
    chat.refresh_from_db()
    assert (chat.participant_count, chat.participants.present().count(), chat.last_seq) == (5, 5, 3)


def test_marks_moved_at_once_end_at_the_furthest(layla, omar):
    chat = group_of(layla, omar)
    for number in range(10):
        send_message(actor=layla, chat=chat, text=str(number))

    at_once(
        [lambda seq=seq: mark_read(actor=omar, chat=chat, seq=seq) for seq in (3, 9, 1, 7, 10, 2, 8, 4, 6, 5)]
    )

    moved = [data["read_seq"] for _, type_, data in stream_of(omar) if type_ == "mark.moved"]
    assert chat.participants.get(user=omar).read_seq == 10
    assert moved == sorted(set(moved))
    assert moved[-1] == 10
    assert [seq for seq, _, _ in stream_of(omar)] == list(range(1, len(moved) + 2))


def test_after_somebody_is_removed_nothing_of_theirs_is_accepted(layla, omar):
    chat = group_of(layla, omar)
    sends = [lambda n=n: send_message(actor=omar, chat=chat, text=str(n))[0].seq for n in range(12)]

    ends = at_once([*sends[:6], lambda: remove_participant(actor=layla, chat=chat, user=omar), *sends[6:]])

    removal = next(seq for seq, type_, _ in log_of(chat) if type_ == "participant.removed")
    accepted = sorted(end for end in ends if isinstance(end, int))
    assert accepted == list(range(1, removal))
    assert ends.count("not_found") == 12 - len(accepted)
    assert positions(chat) == list(range(1, removal + 1))
    assert stream_of(omar)[-1][1:] == ("chat.removed", {"chat": str(chat.pk), "upto": removal})


def test_after_a_group_is_deleted_nothing_is_accepted(layla, omar):
    chat = group_of(layla, omar)
    sends = [lambda n=n: send_message(actor=omar, chat=chat, text=str(n))[0].seq for n in range(8)]

    ends = at_once([*sends[:4], lambda: delete_chat(actor=layla, chat=chat), *sends[4:]])

    upto = stream_of(omar)[-1][2]["upto"]
    assert sorted(end for end in ends if isinstance(end, int)) == list(range(1, upto + 1))
    assert ends.count("not_found") == 8 - upto
    assert positions(chat) == list(range(1, upto + 1))


def test_a_group_handed_to_several_at_once_has_one_owner(layla):
    people = UserFactory.create_batch(5)
    chat = group_of(layla, *people)

    ends = at_once(
        [
            lambda each=each: change_role(actor=layla, chat=chat, user=each, role="owner").user
            for each in people
        ]
    )

    assert ends.count("not_allowed") == 4
    assert owners(chat) == [end.username for end in ends if end != "not_allowed"]
    assert types(log_of(chat)) == [(1, "participant.updated"), (2, "participant.updated")]


def test_a_group_handed_to_somebody_who_leaves_has_one_owner(layla):
    heirs = UserFactory.create_batch(4)
    chats = [group_of(layla, heir) for heir in heirs]
    calls = [
        call
        for chat, heir in zip(chats, heirs, strict=True)
        for call in (
            lambda chat=chat, heir=heir: (
                change_role(actor=layla, chat=chat, user=heir, role="owner") and "done"
            ),
            lambda chat=chat, heir=heir: leave_chat(actor=heir, chat=chat) or "done",
        )
    ]

    ends = at_once(calls)

    for n, (chat, heir) in enumerate(zip(chats, heirs, strict=True)):
        if ends[2 * n] == "done":
            assert (ends[2 * n + 1], owners(chat)) == ("owner_must_hand_over", [heir.username])
        else:
            assert (ends[2 * n : 2 * n + 2], owners(chat)) == (["not_found", "done"], ["layla"])


def test_who_left_a_private_chat_is_brought_back_once_by_many_messages(layla, omar):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    leave_chat(actor=omar, chat=chat)

    at_once([lambda n=n: send_message(actor=layla, chat=chat, text=str(n)) for n in range(8)])

    assert [type_ for _, type_ in types(log_of(chat))] == [
        "participant.removed",
        "participant.added",
        *["message.sent"] * 8,
    ]
    chat.refresh_from_db()
    assert (chat.participant_count, chat.last_seq) == (2, 10)
    assert Chat.objects.for_reader(omar).get().unread_count == 8


# --- The same by one thread: a look that comes too early, then a write that comes too late ------------------


def blind_once(look: Callable[..., Any]) -> Callable[..., Any]:
    """*look* as somebody sees it who is a moment too early: the first time there is nothing."""
    seen = []

    def too_early(*args: Any, **more: Any) -> Any:
        if not seen:
            return seen.append(look)
        return look(*args, **more)

    return too_early


def look_once_in_vain(monkeypatch):
    """Have the first send from now on not see that its client id is taken."""
    look = type(backend()).look
    seen = []

    def in_vain(self, sends):
        ground = look(self, sends)
        if not seen:
            ground.before.clear()
        seen.append(sends)
        return ground

    monkeypatch.setattr(type(backend()), "look", in_vain)


def test_a_client_id_taken_since_one_looked_is_the_same_message(layla, monkeypatch):
    chat = group_of(layla)
    first, _ = send_message(actor=layla, chat=chat, text="Once", client_id="c1")
    look_once_in_vain(monkeypatch)

    again, is_new = send_message(actor=layla, chat=chat, text="Once", client_id="c1")

    assert (again.pk, is_new) == (first.pk, False)
    assert types(log_of(chat)) == [(1, "message.sent")]


def test_a_client_id_taken_elsewhere_since_one_looked_is_refused(layla, monkeypatch):
    here, there = group_of(layla), group_of(layla)
    send_message(actor=layla, chat=there, text="Once", client_id="c1")
    look_once_in_vain(monkeypatch)

    with pytest.raises(ClientIdConflict):
        send_message(actor=layla, chat=here, text="Once", client_id="c1")

    here.refresh_from_db()
    assert (here.last_seq, log_of(here), Message.objects.count()) == (0, [], 1)


def test_a_private_chat_opened_since_one_looked_is_the_same_chat(layla, omar, monkeypatch):
    first, _ = create_chat(actor=omar, type="private", participants=[layla])
    monkeypatch.setattr(ChatQuerySet, "first", blind_once(ChatQuerySet.first))

    again, is_new = create_chat(actor=layla, type="private", participants=[omar])

    assert (again.pk, is_new) == (first.pk, False)
    assert types(stream_of(omar)) == [(1, "chat.added")]
