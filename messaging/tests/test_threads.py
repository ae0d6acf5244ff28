"""Threads: replies below one message, counted, followed and read by themselves."""

from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.tests.factories import UserFactory
from common.problems import Invalid, NotFound
from messaging.models import Chat, Message, ThreadMark
from messaging.problems import ClientIdConflict
from messaging.services import (
    add_participants,
    create_chat,
    follow_thread,
    hide_message,
    leave_chat,
    mark_read,
    mark_thread_read,
    remove_participant,
    send_message,
)
from messaging.services.content import Content
from messaging.tests.factories import MessageFactory, group_of
from messaging.tests.logs import log_of, stream_of, types
from realtime.tests.clients import enter, in_thread, live

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]


@pytest.fixture
def root(group, layla):
    """What Layla said at position 1 of her group, in which Omar is."""
    return send_message(actor=layla, chat=group, text="We leave at dawn.")[0]


def reply(actor, root, text="From where?", **more):
    return send_message(actor=actor, chat=root.chat, text=text, thread=root.pk, **more)[0]


def path(root, rest=""):
    return f"/api/v1/messages/{root.pk}/thread{rest}"


def chat_of(client, root):
    return client.get(f"/api/v1/chats/{root.chat_id}").json()


def marks(client, root):
    body = client.get(path(root)).json()
    return body["following"], body["read_seq"], body["unread_count"]


def threads_told(user):
    return [data for _, type_, data in stream_of(user) if type_ == "thread.updated"]


def seqs(response):
    return [message["seq"] for message in response.json()["results"]]


# --- Replying -----------------------------------------------------------------------------------------------


def test_a_reply_stands_in_its_thread_alone(root, group, layla, omar, client_of):
    client = client_of(layla)
    before = chat_of(client, root)

    response = client_of(omar).post(
        f"/api/v1/chats/{group.pk}/messages", {"text": "From where?", "thread": str(root.pk)}
    )

    said = response.json()
    assert (response.status_code, said["seq"], said["thread"], said["replies"]) == (
        201,
        2,
        str(root.pk),
        None,
    )
    assert seqs(client.get(f"/api/v1/chats/{group.pk}/messages")) == [1]
    assert seqs(client.get(f"/api/v1/chats/{group.pk}/messages?threads=all")) == [1, 2]
    assert seqs(client.get(f"/api/v1/messages?chat={group.pk}&threads=all")) == [1, 2]
    assert seqs(client.get(path(root))) == [2]
    after = chat_of(client, root)
    assert after["last_message"]["id"] == before["last_message"]["id"] == str(root.pk)
    assert after["last_message"]["replies"] == {"count": 1, "last_seq": 2, "last_at": said["created_at"]}
    assert (after["last_seq"], after["unread_count"], after["thread_unread_count"]) == (2, 0, 1)
    assert types(log_of(group)) == [(1, "message.sent"), (2, "message.sent")]
    group.refresh_from_db()
    assert group.last_activity_at == root.created_at


def test_the_thread_is_read_with_its_root_and_my_marks(root, layla, omar, client_of):
    said = reply(omar, root)
    client = client_of(layla)

    body = client.get(path(root)).json()

    assert body == {
        "root": client.get(f"/api/v1/messages/{root.pk}").json(),
        "following": True,
        "read_seq": 1,
        "unread_count": 1,
        "results": [client.get(f"/api/v1/messages/{said.pk}").json()],
        "has_before": False,
        "has_after": False,
        "next": None,
        "previous": None,
    }


def test_a_thread_nobody_replied_in_is_empty(root, omar, client_of):
    body = client_of(omar).get(path(root)).json()

    assert (body["results"], body["root"]["replies"]) == ([], None)
    assert (body["following"], body["read_seq"], body["unread_count"]) == (False, 1, 0)


@pytest.mark.parametrize(
    ("asked", "expected", "has"),
    [
        ({}, [2, 3, 4, 5, 6], (False, False)),
        ({"limit": 2}, [5, 6], (True, False)),
        ({"before": 5, "limit": 2}, [3, 4], (True, True)),
        ({"after": 3, "limit": 2}, [4, 5], (True, True)),
        ({"around": 4, "limit": 3}, [3, 4, 5], (True, True)),
        ({"after": 6}, [], (True, False)),
        ({"from": "2100-01-01T00:00:00Z"}, [], (False, False)),
    ],
)
def test_a_thread_is_paged_as_a_chat_is(asked, expected, has, root, omar, client_of):
    for _ in range(5):
        reply(omar, root)
    send_message(actor=omar, chat=root.chat, text="Not in it")

    response = client_of(omar).get(path(root), asked)

    assert seqs(response) == expected
    assert (response.json()["has_before"], response.json()["has_after"]) == has


def test_its_links_lead_to_its_neighbours(root, omar, client_of):
    for _ in range(3):
        reply(omar, root)
    client = client_of(omar)

    last = client.get(path(root), {"limit": 2}).json()
    first = client.get(last["previous"]).json()

    assert [each["seq"] for each in first["results"]] == [2]
    assert [each["seq"] for each in client.get(first["next"]).json()["results"]] == [3, 4]


@pytest.mark.parametrize("asked", [{"threads": "all"}, {"before": 1, "after": 2}, {"limit": 201}])
def test_a_thread_is_not_asked_for_anything_else(asked, root, layla, client_of):
    assert client_of(layla).get(path(root), asked).status_code == 400


def test_a_history_with_threads_knows_one_word(root, layla, client_of):
    response = client_of(layla).get(f"/api/v1/chats/{root.chat_id}/messages?threads=some")

    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("threads", "invalid_choice")
    ]


def test_a_reply_begins_no_thread(root, omar, client_of):
    first = reply(omar, root)
    before = log_of(root.chat)

    response = client_of(omar).post(
        f"/api/v1/chats/{root.chat_id}/messages", {"text": "Deeper", "thread": str(first.pk)}
    )

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("thread", "in_thread")
    ]
    assert (Message.objects.count(), log_of(root.chat)) == (2, before)
    assert client_of(omar).get(path(first)).status_code == 404


@pytest.mark.parametrize("whose", ["another chat's", "a stranger's", "nobody's"])
def test_a_root_is_a_message_of_the_same_chat(whose, root, layla, omar, client_of):
    other = {"another chat's": group_of(layla, omar), "a stranger's": group_of(UserFactory())}.get(whose)
    thread = MessageFactory(chat=other, author=layla).pk if other else "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"
    before = log_of(root.chat)

    response = client_of(omar).post(
        f"/api/v1/chats/{root.chat_id}/messages", {"text": "Where?", "thread": str(thread)}
    )

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("thread", "unknown_message")
    ]
    assert log_of(root.chat) == before
    assert not ThreadMark.objects.exists()


@pytest.mark.parametrize("thread", [None, 7, "here", "", []])
def test_what_is_no_id_is_no_thread(thread, root, layla, client_of):
    response = client_of(layla).post(
        f"/api/v1/chats/{root.chat_id}/messages", {"text": "Where?", "thread": thread}, format="json"
    )

    assert [error["field"] for error in response.json()["errors"]] == ["thread"]


def test_the_same_reply_again_is_counted_once(root, omar):
    first = reply(omar, root, client_id="c1")

    again = reply(omar, root, client_id="c1")

    root.refresh_from_db()
    assert (again.pk, root.reply_count, root.last_reply_seq) == (first.pk, 1, 2)
    with pytest.raises(ClientIdConflict):
        send_message(actor=omar, chat=root.chat, text="From where?", client_id="c1")


def test_what_was_said_before_there_were_threads_is_still_the_same_as_its_retry(group):
    plain = Content(text="Once").fingerprint(UUID("0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"))

    said = b'["0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01","text","Once"]'
    assert plain == sha256(said).hexdigest()


def test_a_reply_rolled_back_was_never_counted(root, omar):
    with transaction.atomic():
        reply(omar, root)
        transaction.set_rollback(True)

    root.refresh_from_db()
    assert (root.reply_count, root.last_reply_seq) == (0, None)
    assert threads_told(omar) == []


def test_who_left_a_private_chat_is_brought_back_by_a_reply(layla, omar):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    root, _ = send_message(actor=layla, chat=chat, text="Hello")
    leave_chat(actor=omar, chat=chat)

    reply(layla, root)

    assert chat.participants.present().filter(user=omar).exists()


# --- Following ----------------------------------------------------------------------------------------------


def test_who_wrote_follows_and_owes_what_comes_after(root, layla, omar, mina, client_of):
    add_participants(actor=layla, chat=root.chat, users=[mina])

    reply(omar, root)  # at 3
    reply(mina, root)  # at 4

    assert marks(client_of(layla), root) == (True, 1, 2)
    assert marks(client_of(omar), root) == (True, 1, 1)
    assert marks(client_of(mina), root) == (True, 3, 0)
    base = {"chat": str(root.chat_id), "thread": str(root.pk), "following": True}
    assert threads_told(layla) == threads_told(omar) == [base | {"read_seq": 1}]
    assert threads_told(mina) == [base | {"read_seq": 3}]


def test_who_only_reads_along_owes_nothing(root, layla, omar, mina, client_of):
    add_participants(actor=layla, chat=root.chat, users=[mina])
    reply(omar, root)

    assert marks(client_of(mina), root) == (False, 1, 1)
    assert chat_of(client_of(mina), root)["thread_unread_count"] == 0
    assert threads_told(mina) == []


def test_who_is_gone_follows_nothing(group, layla, omar):
    root, _ = send_message(actor=omar, chat=group, text="Bye")
    remove_participant(actor=layla, chat=group, user=omar)

    reply(layla, root)

    assert not ThreadMark.objects.filter(user=omar).exists()


def test_following_counts_from_here_on(root, layla, omar, mina, client_of):
    add_participants(actor=layla, chat=root.chat, users=[mina])
    reply(omar, root)
    client = client_of(mina)

    first, again = client.put(path(root, "/follow")), client.put(path(root, "/follow"))
    reply(omar, root)

    assert (first.status_code, first.json()) == (200, {"following": True, "read_seq": 3, "unread_count": 0})
    assert again.json() == first.json()
    assert marks(client, root) == (True, 3, 1)
    assert chat_of(client, root)["thread_unread_count"] == 1
    assert [data["following"] for data in threads_told(mina)] == [True]


def test_who_follows_no_longer_owes_nothing_until_they_write(root, layla, omar, client_of):
    reply(omar, root)
    client = client_of(layla)

    first, again = client.delete(path(root, "/follow")), client.delete(path(root, "/follow"))
    reply(omar, root)
    silent = chat_of(client, root)["thread_unread_count"]
    reply(layla, root)
    reply(omar, root)

    assert (first.status_code, again.status_code, silent) == (204, 204, 0)
    assert marks(client, root) == (True, 3, 1)
    assert [data["following"] for data in threads_told(layla)] == [True, False, True]


def test_who_unfollowed_before_the_first_reply_is_left_alone(root, layla, omar, client_of):
    client_of(layla).delete(path(root, "/follow"))

    reply(omar, root)

    assert marks(client_of(layla), root) == (False, 1, 1)


def test_who_comes_back_owes_nothing_of_meanwhile(root, layla, omar, client_of):
    reply(omar, root)
    remove_participant(actor=layla, chat=root.chat, user=omar)
    reply(layla, root)

    add_participants(actor=layla, chat=root.chat, users=[omar])

    assert marks(client_of(omar), root)[2] == 0
    assert chat_of(client_of(omar), root)["thread_unread_count"] == 0


# --- Reading ------------------------------------------------------------------------------------------------


def test_a_mark_in_a_thread_moves_forward_alone_and_no_other_with_it(root, layla, omar, client_of):
    for _ in range(3):
        reply(omar, root)
    client = client_of(layla)

    answers = [client.post(path(root, "/read"), {"seq": seq}) for seq in (3, 2, 3, 2**53)]

    assert [(each.status_code, each.json()["read_seq"], each.json()["unread_count"]) for each in answers] == [
        (200, 3, 1),
        (200, 3, 1),
        (200, 3, 1),
        (200, 4, 0),
    ]
    assert [data["read_seq"] for data in threads_told(layla)] == [1, 3, 4]
    assert chat_of(client, root)["read_seq"] == 0
    assert types(log_of(root.chat)) == [(seq, "message.sent") for seq in (1, 2, 3, 4)]


def test_the_mark_of_the_chat_reads_no_thread(root, layla, omar, client_of):
    reply(omar, root)

    mark_read(actor=layla, chat=root.chat, seq=2)

    chat = chat_of(client_of(layla), root)
    assert (chat["read_seq"], chat["unread_count"], chat["thread_unread_count"]) == (2, 0, 1)
    assert client_of(omar).get(path(root)).json()["results"][0]["status"] == "sent"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "seq", "required"),
        ({"seq": -1}, "seq", "min_value"),
        ({"seq": "3"}, "seq", "invalid"),
        ({"seq": 2**53 + 1}, "seq", "max_value"),
        ({"seq": 1, "thread": "x"}, "thread", "unknown_field"),
    ],
)
def test_what_is_no_position_in_a_thread_is_refused(body, field, code, root, layla, client_of):
    response = client_of(layla).post(path(root, "/read"), body)

    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert not ThreadMark.objects.exists()


@pytest.mark.parametrize("who", ["removed", "stranger"])
def test_who_is_not_in_the_chat_sees_and_does_nothing(who, root, layla, omar, client_of):
    reply(omar, root)
    if who == "removed":
        remove_participant(actor=layla, chat=root.chat, user=omar)
    person = omar if who == "removed" else UserFactory()
    client, before = client_of(person), stream_of(person)
    rows = list(ThreadMark.objects.order_by("pk").values())

    statuses = [
        client.get(path(root)).status_code,
        client.post(path(root, "/read"), {"seq": 2}).status_code,
        client.put(path(root, "/follow")).status_code,
        client.delete(path(root, "/follow")).status_code,
        client.get(f"/api/v1/chats/{root.chat_id}/threads").status_code,
        client.post(
            "/api/v1/messages", {"chat": str(root.chat_id), "text": "x", "thread": str(root.pk)}
        ).status_code,
    ]

    assert statuses == [404, 404, 404, 404, 404, 400]
    assert (stream_of(person), list(ThreadMark.objects.order_by("pk").values())) == (before, rows)
    for call in (follow_thread, mark_thread_read):
        with pytest.raises(NotFound):
            call(actor=person, root=root, **({"seq": 2} if call is mark_thread_read else {"following": True}))


def test_below_what_one_has_deleted_for_oneself_there_is_no_thread(root, layla, omar, mina, client_of):
    add_participants(actor=layla, chat=root.chat, users=[mina])
    for person in (omar, mina):
        reply(person, root)
    client = client_of(omar)
    before = (
        chat_of(client, root)["thread_unread_count"],
        chat_of(client_of(layla), root)["thread_unread_count"],
    )
    hide_message(actor=omar, message=root)
    rows = list(ThreadMark.objects.order_by("pk").values())

    statuses = [
        client.get(path(root)).status_code,
        client.post(path(root, "/read"), {"seq": 5}).status_code,
        client.delete(path(root, "/follow")).status_code,
    ]
    sent = client.post(f"/api/v1/chats/{root.chat_id}/messages", {"text": "x", "thread": str(root.pk)})
    listed = [client_of(who).get(f"/api/v1/chats/{root.chat_id}/threads").json() for who in (omar, layla)]
    unread = client.get(f"/api/v1/chats/{root.chat_id}/unread?explain=1").json()

    assert before == (1, 2)
    assert statuses == [404, 404, 404]
    assert (sent.status_code, sent.json()["errors"][0]["code"]) == (400, "unknown_message")
    assert [len(page["results"]) for page in listed] == [0, 1]
    assert chat_of(client, root)["thread_unread_count"] == 0
    assert (unread["thread_unread_count"], unread["explanation"]["thread_unread_count"]["ids"]) == (0, [])
    assert chat_of(client_of(layla), root)["thread_unread_count"] == 2
    assert list(ThreadMark.objects.order_by("pk").values()) == rows
    for call, asked in ((follow_thread, {"following": False}), (mark_thread_read, {"seq": 5})):
        with pytest.raises(NotFound):
            call(actor=omar, root=root, **asked)


# --- Listing ------------------------------------------------------------------------------------------------


def test_the_threads_of_a_chat_are_listed_with_the_newest_reply_first(root, layla, omar, client_of):
    second, _ = send_message(actor=omar, chat=root.chat, text="Bring water.")  # 2
    third, _ = send_message(actor=omar, chat=root.chat, text="Alone")  # 3
    reply(omar, root)  # 4
    reply(omar, second)  # 5
    reply(omar, root)  # 6
    mark_thread_read(actor=layla, root=root, seq=4)
    client = client_of(layla)
    threads = f"/api/v1/chats/{root.chat_id}/threads"

    def listed(query=""):
        results = client.get(threads + query).json()["results"]
        return [
            (each["root"]["seq"], each["following"], each["read_seq"], each["unread_count"])
            for each in results
        ]

    assert listed() == [(1, True, 4, 1), (2, False, 2, 1)]
    assert listed("?following=true") == listed("?unread=true") == [(1, True, 4, 1)]
    assert listed("?following=false") == listed("?unread=false") == [(2, False, 2, 1)]
    first = client.get(threads + "?page_size=1").json()
    assert [each["root"]["seq"] for each in client.get(first["next"]).json()["results"]] == [2]
    assert third.pk


@pytest.mark.parametrize("query", ["following=maybe", "unread=null", "unread=1"])
def test_threads_are_asked_for_with_true_or_false(query, group, layla, client_of):
    response = client_of(layla).get(f"/api/v1/chats/{group.pk}/threads?{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("count", [1, 20])
def test_reading_and_listing_threads_takes_as_many_queries_however_many(
    count, root, layla, omar, client_of, django_assert_num_queries
):
    for _ in range(count):
        reply(omar, root)
        other, _ = send_message(actor=omar, chat=root.chat, text="Another")
        reply(omar, other)
    client = client_of(layla)

    # The session, the root, the chat, the page, before it, after it; of root and page reactions, mine, files.
    with django_assert_num_queries(12):
        page = client.get(path(root))
    with django_assert_num_queries(6):  # the session, the chat, the threads (reactions, mine, files)
        threads = client.get(f"/api/v1/chats/{root.chat_id}/threads")

    assert (len(page.json()["results"]), len(threads.json()["results"])) == (count, count + 1)


# --- Live ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@live
async def test_a_reply_comes_as_a_message_with_its_thread_and_is_read_by_socket(layla, omar, group):
    root, _ = await in_thread(send_message)(actor=layla, chat=group, text="We leave at dawn.")
    laylas, omars = await enter(layla), await enter(omar)

    sent = await omars.ask(
        "message.send", data={"chat": str(group.pk), "text": "From where?", "thread": str(root.pk)}
    )
    [heard] = [frame for frame in await laylas.until("message.sent") if frame["type"] == "message.sent"]
    read = await laylas.ask("thread.read", data={"thread": str(root.pk), "seq": 2})
    refused = await laylas.ask("thread.read", data={"thread": sent["data"]["id"], "seq": 2})

    assert (heard["seq"], heard["data"]["thread"]) == (2, str(root.pk))
    assert sent["data"] == heard["data"] | {"status": "sent"}
    assert read["data"] == {
        "chat": str(group.pk),
        "thread": str(root.pk),
        "following": True,
        "read_seq": 2,
        "unread_count": 0,
    }
    assert refused["error"]["errors"][0]["code"] == "unknown_message"
    told = await in_thread(threads_told)(layla)
    assert [data["read_seq"] for data in told] == [1, 2]


# --- Whatever happens ---------------------------------------------------------------------------------------

PEOPLE = 3
who = st.integers(0, PEOPLE - 1)
steps = st.one_of(
    st.tuples(st.just("reply"), who),
    st.tuples(st.just("say"), who),
    st.tuples(st.just("read"), who, st.integers(0, 12)),
    st.tuples(st.just("follow"), who),
    st.tuples(st.just("unfollow"), who),
)


@dataclass
class Model:
    """One thread as one would count it by hand; its root, by the first person, stands at 1."""

    seq: int = 1
    replies: list[tuple[int, int]] = field(default_factory=list)  # position, author
    marks: dict[int, int] = field(default_factory=dict)
    following: set[int] = field(default_factory=set)

    @property
    def newest(self) -> int:
        return self.replies[-1][0] if self.replies else 1

    def follow(self, person: int, upto: int) -> None:
        if person not in self.following:
            self.following.add(person)
            self.marks[person] = upto

    def do(self, step: tuple) -> None:
        match step:
            case ("reply", author):
                self.seq += 1
                if not self.replies and 0 not in self.marks:
                    self.follow(0, 1)
                self.follow(author, self.newest)
                self.replies.append((self.seq, author))
            case ("say", _):
                self.seq += 1
            case ("read", reader, seq):
                self.marks[reader] = max(self.marks.get(reader, 1), min(seq, self.newest))
            case ("follow", person):
                self.follow(person, self.newest)
            case ("unfollow", person):
                self.marks.setdefault(person, 1)
                self.following.discard(person)

    def unread(self, person: int) -> int:
        return sum(seq > self.marks.get(person, 1) and author != person for seq, author in self.replies)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(st.lists(steps, max_size=14))
def test_a_thread_counts_right_after_any_sequence_of_steps(sequence):
    people = UserFactory.create_batch(PEOPLE)
    chat = group_of(*people)
    root, _ = send_message(actor=people[0], chat=chat, text="We leave at dawn.")
    model = Model()

    for step in sequence:
        actor = people[step[1]]
        match step:
            case ("reply", _):
                reply(actor, root)
            case ("say", _):
                send_message(actor=actor, chat=chat, text="Hello")
            case ("read", _, seq):
                mark_thread_read(actor=actor, root=root, seq=seq)
            case ("follow", _) | ("unfollow", _):
                follow_thread(actor=actor, root=root, following=step[0] == "follow")
        model.do(step)

    root.refresh_from_db()
    assert (root.reply_count, root.last_reply_seq or 1) == (len(model.replies), model.newest)
    for number, person in enumerate(people):
        seen = Message.objects.threads_for(person).get(pk=root.pk)
        assert (seen.is_followed, seen.thread_read_seq, seen.thread_unread_count) == (
            number in model.following,
            model.marks.get(number, 1),
            model.unread(number),
        )
        counted = model.unread(number) if number in model.following else 0
        assert Chat.objects.for_reader(person).get().thread_unread_count == counted
        assert Message.objects.unread_in_threads_of(person).count() == counted


def test_the_service_names_the_field_too(root, omar):
    with pytest.raises(Invalid):
        reply(omar, reply(omar, root))
