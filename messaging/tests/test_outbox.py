"""What waited on a client that was offline: each once, in order, however often and in whatever parts."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.tests.factories import UserFactory
from messaging.models import Message
from messaging.services import Waiting, outbox, remove_participant, send_message, send_outbox
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, types
from messaging.tests.test_races import at_once

pytestmark = pytest.mark.django_db

OUTBOX = "/api/v1/outbox"


@pytest.fixture
def there(layla):
    """Another chat of Layla's."""
    return group_of(layla, title="Petra")


@pytest.fixture
def flush(layla, client_of):
    client = client_of(layla)
    return lambda *sends: client.post(OUTBOX, list(sends), format="json")


def waiting(chat, client_id, **more):
    return {"chat": str(chat.pk), "client_id": client_id, "text": f"As {client_id}"} | more


def ends(response):
    return [(each["client_id"], each["status"], each["is_new"]) for each in response.json()["results"]]


def texts(chat):
    return list(Message.objects.filter(chat=chat).order_by("seq").values_list("text", flat=True))


def test_each_is_sent_in_order_and_shown(group, there, layla, flush, client_of):
    response = flush(waiting(group, "a"), waiting(there, "b"), waiting(group, "c", after_client_id="a"))

    assert response.status_code == 200
    assert ends(response) == [("a", "sent", True), ("b", "sent", True), ("c", "sent", True)]
    assert (texts(group), texts(there)) == (["As a", "As c"], ["As b"])
    assert types(log_of(group)) == [(1, "message.sent"), (2, "message.sent")]
    [first, _, last] = response.json()["results"]
    assert last["message"] == client_of(layla).get(f"/api/v1/messages/{last['message']['id']}").json()
    assert first["problem"] is None


def test_the_whole_again_sends_nothing_and_gives_the_same(group, flush):
    sends = [waiting(group, "a"), waiting(group, "b", after_client_id="a")]
    first = flush(*sends)

    again = flush(*sends)

    assert ends(again) == [("a", "sent", False), ("b", "sent", False)]
    assert [each["message"] for each in again.json()["results"]] == [
        each["message"] for each in first.json()["results"]
    ]
    assert types(log_of(group)) == [(1, "message.sent"), (2, "message.sent")]


def test_nothing_is_sent_for_nothing(flush):
    assert flush().json() == {"results": []}


def test_a_bad_one_holds_up_only_what_comes_after_it(group, there, flush):
    response = flush(
        waiting(group, "a", text=" "),
        waiting(group, "b"),
        waiting(group, "c", after_client_id="a"),
        waiting(there, "d", after_client_id="c"),
        waiting(group, "e", after_client_id="b"),
    )

    assert ends(response) == [
        ("a", "refused", False),
        ("b", "sent", True),
        ("c", "skipped", False),
        ("d", "skipped", False),
        ("e", "sent", True),
    ]
    assert (texts(group), texts(there)) == (["As b", "As e"], [])
    [refused, _, skipped, *_] = response.json()["results"]
    problem = refused["problem"]
    assert (problem["status"], problem["code"], problem["errors"]) == (
        400,
        "invalid",
        [{"field": "text", "code": "blank", "detail": "This field may not be blank."}],
    )
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert (refused["message"], skipped["message"], skipped["problem"]) == (None, None, None)


@pytest.mark.parametrize(
    ("item", "name", "errors"),
    [
        (None, None, [("body", "null")]),
        ("a", None, [("body", "invalid")]),
        ([], None, [("body", "invalid")]),
        ({}, None, [("client_id", "required"), ("chat", "required")]),
        ({"client_id": 7}, None, [("client_id", "invalid")]),
        ({"client_id": "x\0"}, None, [("client_id", "null_characters_not_allowed")]),
        ({"client_id": "x" * 256}, "x" * 256, [("client_id", "max_length")]),
        ({"client_id": "x", "seq": 7}, "x", [("seq", "unknown_field")]),
        ({"client_id": "x", "after_client_id": ""}, "x", [("after_client_id", "blank")]),
        ({"client_id": "x", "chat": "here"}, "x", [("chat", "invalid")]),
        ({"client_id": "x", "chat": "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"}, "x", [("chat", "unknown_chat")]),
    ],
)
def test_what_is_no_message_is_refused_by_itself(item, name, errors, group, flush):
    whole = {"chat": str(group.pk), "text": "Hello"}
    item = whole | item if isinstance(item, dict) and item else item

    response = flush(item, waiting(group, "b"))

    refused, sent = response.json()["results"]
    assert (refused["client_id"], refused["status"]) == (name, "refused")
    found = [(error["field"], error["code"]) for error in refused["problem"]["errors"]]
    assert found == errors
    assert (sent["status"], texts(group)) == ("sent", ["As b"])


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "not_a_list"), ({"messages": []}, "not_a_list"), ([{}] * 101, "max_length")],
)
def test_what_is_no_outbox_is_refused_whole(body, code, layla, client_of):
    response = client_of(layla).post(OUTBOX, body, format="json")

    assert response.status_code == 400
    assert [error["code"] for error in response.json()["errors"]] == [code]


def test_a_used_client_id_refuses_what_else_is_sent_under_it(group, flush):
    response = flush(
        waiting(group, "a"),
        waiting(group, "a", text="Another"),
        waiting(group, "b", after_client_id="a"),
    )

    assert ends(response) == [("a", "sent", True), ("a", "refused", False), ("b", "sent", True)]
    assert response.json()["results"][1]["problem"]["code"] == "client_id_conflict"
    assert texts(group) == ["As a", "As b"]


def test_what_comes_after_a_message_of_another_is_skipped(group, omar, flush):
    send_message(actor=omar, chat=group, text="Mine", client_id="a")

    response = flush(waiting(group, "b", after_client_id="a"))

    assert ends(response) == [("b", "skipped", False)]
    assert texts(group) == ["Mine"]


def test_what_comes_before_may_have_been_sent_long_ago(group, layla, flush):
    send_message(actor=layla, chat=group, text="Long ago", client_id="a")

    response = flush(waiting(group, "b", after_client_id="a"))

    assert ends(response) == [("b", "sent", True)]


def test_who_is_out_of_a_chat_sends_to_the_others(group, layla, omar, client_of):
    here = group_of(omar)
    remove_participant(actor=layla, chat=group, user=omar)

    response = client_of(omar).post(OUTBOX, [waiting(group, "a"), waiting(here, "b")], format="json")

    assert ends(response) == [("a", "refused", False), ("b", "sent", True)]
    assert (texts(group), texts(here)) == ([], ["As b"])


def test_what_was_sent_stays_sent_whatever_became_of_what_came_before(group, there, layla, omar, client_of):
    mine, client = group_of(omar), client_of(omar)
    sends = [waiting(group, "a"), waiting(mine, "b", after_client_id="a")]
    client.post(OUTBOX, sends, format="json")
    remove_participant(actor=layla, chat=group, user=omar)

    again = client.post(OUTBOX, [*sends, waiting(mine, "c", after_client_id="a")], format="json")

    assert ends(again) == [("a", "refused", False), ("b", "sent", False), ("c", "skipped", False)]


# --- Whatever happens on the way ----------------------------------------------------------------------------

QUEUE = 8  # messages, to two chats by turns, each after the one before it


class Killed(Exception):
    """The process ended here."""


# A request: a part of the queue, from and to, and how many commits it lives.
parts = st.tuples(st.integers(0, QUEUE), st.integers(0, QUEUE), st.integers(0, QUEUE))


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(st.lists(parts, max_size=12))
def test_any_parts_in_any_order_with_any_crashes_come_to_each_once_and_in_order(requests):
    layla = UserFactory()
    chats = [group_of(layla), group_of(layla)]
    queue = [
        Waiting(
            client_id=f"{layla.pk} {n}",
            after_client_id=f"{layla.pk} {n - 1}" if n else None,
            chat=chats[n % 2],
            said={"text": f"{n}"},
        )
        for n in range(QUEUE)
    ]

    def lives(commits):
        left = [commits]

        def send(**what):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return send_message(**what)

        return send

    for start, end, commits in requests:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(outbox, "send_message", lives(commits))
            with suppress(Killed):
                send_outbox(actor=layla, outbox=queue[start:end])
        so_far = Message.objects.filter(author=layla).count()
        assert texts(chats[0]) + texts(chats[1]) == [
            *(str(n) for n in range(0, so_far, 2)),
            *(str(n) for n in range(1, so_far, 2)),
        ]
    results = send_outbox(actor=layla, outbox=queue)

    assert all(each.message for each in results)
    assert (texts(chats[0]), texts(chats[1])) == (["0", "2", "4", "6"], ["1", "3", "5", "7"])
    for chat in chats:
        assert types(log_of(chat)) == [(seq, "message.sent") for seq in range(1, 5)]


@pytest.mark.django_db(transaction=True)
def test_the_same_outbox_sent_at_once_comes_to_each_once_and_in_order(layla, omar):
    chat = group_of(layla, omar)
    queue = [
        Waiting(client_id=f"{n}", after_client_id=f"{n - 1}" if n else None, chat=chat, said={"text": f"{n}"})
        for n in range(6)
    ]

    ends = at_once(
        [lambda: [each.is_new for each in send_outbox(actor=layla, outbox=queue)] for _ in range(4)]
    )

    assert texts(chat) == [f"{n}" for n in range(6)]
    assert [sum(new) for new in zip(*ends, strict=True)] == [1] * 6
    assert types(log_of(chat)) == [(seq, "message.sent") for seq in range(1, 7)]
