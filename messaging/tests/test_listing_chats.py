"""My chats: the most recently active first, with what I have not read."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.tests.factories import UserFactory
from messaging.models import Chat, Message, Participant
from messaging.services import (
    add_participants,
    create_chat,
    delete_chat,
    mark_read,
    remove_participant,
    send_message,
)
from messaging.tests.factories import crowd_of, group_of

pytestmark = pytest.mark.django_db

CHATS = "/api/v1/chats"


def titles(response):
    return [chat["title"] for chat in response.json()["results"]]


def pages(client, url):
    """The results of each page, following `next` as it is."""
    found = []
    while url:
        body = client.get(url).json()
        found.append(body["results"])
        url = body["next"]
    return found


def test_a_message_brings_its_chat_to_the_top(layla, omar, client_of):
    first, second = group_of(layla, omar, title="First"), group_of(layla, omar, title="Second")
    before = client_of(layla).get(CHATS)

    message, _ = send_message(actor=omar, chat=first, text="We leave at dawn.")
    after = client_of(layla).get(CHATS)

    assert (titles(before), titles(after)) == (["Second", "First"], ["First", "Second"])
    chat = after.json()["results"][0]
    assert (chat["last_seq"], chat["read_seq"], chat["unread_count"]) == (1, 0, 1)
    assert chat["last_message"] | {"created_at": ""} == {
        "id": str(message.pk),
        "chat": str(first.pk),
        "seq": 1,
        "author": str(omar.pk),
        "author_name": "Omar",
        "kind": "text",
        "text": "We leave at dawn.",
        "client_id": None,
        "reply_to": None,
        "thread": None,
        "replies": None,
        "forwarded_from": None,
        "no_forward": False,
        "files": [],
        "mentions": [],
        "silent": False,
        "reactions": [],
        "revision": 1,
        "edited_at": None,
        "deleted_at": None,
        "deleted_by": None,
        "created_at": "",
        "status": "sent",
    }
    assert after.json()["results"][1]["last_message"] is None
    assert (after.json()["next"], after.json()["previous"]) == (None, None)
    assert second.pk != first.pk


def test_unread_counts_what_others_wrote_behind_my_mark(group, layla, omar, client_of):
    for author in (layla, omar, omar, layla, omar):
        send_message(actor=author, chat=group, text="Hello")
    mark_read(actor=layla, chat=group, seq=2)

    of_layla, of_omar = (client_of(person).get(CHATS).json()["results"][0] for person in (layla, omar))

    assert (of_layla["read_seq"], of_layla["unread_count"]) == (2, 2)
    assert (of_omar["read_seq"], of_omar["unread_count"]) == (0, 2)
    assert of_layla["last_message"]["id"] == of_omar["last_message"]["id"]


def test_who_comes_later_owes_nothing_of_what_was_said_before(group, layla, omar, mina, client_of):
    send_message(actor=omar, chat=group, text="Before")
    mark_read(actor=layla, chat=group, seq=1)
    add_participants(actor=layla, chat=group, users=[mina])
    send_message(actor=layla, chat=group, text="After")

    of_mina = client_of(mina).get(f"{CHATS}/{group.pk}").json()
    before = client_of(omar).get(f"{CHATS}/{group.pk}/messages").json()["results"][0]

    assert (of_mina["last_seq"], of_mina["read_seq"], of_mina["unread_count"]) == (3, 1, 1)
    assert (before["text"], before["status"]) == ("Before", "read")  # it was, and stays so


def test_others_chats_are_never_shown(layla, omar, mina, client_of):
    group_of(omar, mina, title="Without her")
    left = group_of(omar, layla, title="Removed from")
    remove_participant(actor=omar, chat=left, user=layla)
    gone = group_of(omar, layla, title="Deleted")
    delete_chat(actor=omar, chat=gone)
    group_of(omar, layla, title="Hers")

    response = client_of(layla).get(CHATS)

    assert titles(response) == ["Hers"]


@pytest.mark.parametrize(
    ("type_", "expected"), [("group", ["A group"]), ("private", [""]), (None, ["", "A group"])]
)
def test_the_list_is_filtered_by_type(type_, expected, layla, omar, client_of):
    group_of(layla, omar, title="A group")
    create_chat(actor=layla, type="private", participants=[omar])

    response = client_of(layla).get(CHATS, {"type": type_} if type_ else {})

    assert titles(response) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"type": "forum"}, "type"),
        ({"type": "group\0"}, "type"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "201"}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"cursor": "nonsense"}, "cursor"),
    ],
)
def test_a_value_that_the_list_cannot_take_is_refused(query, field, layla, client_of):
    response = client_of(layla).get(CHATS, query)

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("at_once", [True, False], ids=["active in one moment", "one after the other"])
def test_pages_walk_all_chats_once(at_once, layla, client_of):
    now = datetime(2026, 5, 1, tzinfo=UTC)
    for number in range(7):
        chat = group_of(layla, title=f"Group {number}")
        chat.last_activity_at = now if at_once else now + timedelta(seconds=number)
        chat.save()
    client = client_of(layla)

    walked = pages(client, f"{CHATS}?page_size=3&type=group")

    assert [[chat["title"] for chat in page] for page in walked] == [
        ["Group 6", "Group 5", "Group 4"],
        ["Group 3", "Group 2", "Group 1"],
        ["Group 0"],
    ]


def test_a_page_leads_back_to_the_one_before(layla, client_of):
    for number in range(7):
        group_of(layla, title=f"Group {number}")
    client = client_of(layla)
    second = client.get(client.get(f"{CHATS}?page_size=3").json()["next"])

    back = client.get(second.json()["previous"])

    assert titles(second) == ["Group 3", "Group 2", "Group 1"]
    assert titles(back) == ["Group 6", "Group 5", "Group 4"]


def test_a_chat_is_read_as_it_is_listed(group, omar, client_of):
    client = client_of(omar)

    response = client.get(f"{CHATS}/{group.pk}")

    assert response.status_code == 200
    assert response.json() == client.get(CHATS).json()["results"][0]
    assert (response.json()["title"], response.json()["my_role"]) == ("Wadi Rum", "member")


@pytest.mark.parametrize("path", ["0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01", "not-an-id", "7"])
def test_a_chat_that_is_not_there_is_not_found(path, layla, client_of):
    response = client_of(layla).get(f"{CHATS}/{path}")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


# --- How many queries ---------------------------------------------------------------------------------------


def chats_with(reader, *, chats, members, messages):
    """Groups that *reader* owns, with as many others and messages each."""
    people = crowd_of(members)
    made = Chat.objects.bulk_create(
        Chat(type="group", title=f"Group {number}", participant_count=members + 1, last_seq=messages)
        for number in range(chats)
    )
    Participant.objects.bulk_create(
        Participant(chat=chat, user=person, role="owner" if person == reader else "member")
        for chat in made
        for person in (reader, *people)
    )
    said = Message.objects.bulk_create(
        Message(chat=chat, seq=seq, author=people[seq % members], text=f"Message {seq}", fingerprint="")
        for chat in made
        for seq in range(1, messages + 1)
    )
    for chat in made:
        chat.last_message = next(each for each in reversed(said) if each.chat_id == chat.pk)
    Chat.objects.bulk_update(made, ["last_message"])
    return made


SIZES = [
    {"chats": 10, "members": 1, "messages": 1},
    {"chats": 1000, "members": 1, "messages": 1},
    {"chats": 1, "members": 10, "messages": 10},
    {"chats": 1, "members": 1000, "messages": 1000},
]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_list_takes_as_many_queries_of_any_size(size, client_of, django_assert_num_queries):
    reader = UserFactory()
    chats_with(reader, **size)
    client = client_of(reader)

    # The session, the chats, their last messages (reactions, mine, files), what stands in for hidden ones.
    with django_assert_num_queries(7):
        response = client.get(CHATS, {"page_size": 200})

    results = response.json()["results"]
    assert len(results) == min(size["chats"], 200)
    assert {chat["unread_count"] for chat in results} == {size["messages"]}
    assert {chat["last_message"]["seq"] for chat in results} == {size["messages"]}


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_one_chat_takes_as_many_queries_of_any_size(size, client_of, django_assert_num_queries):
    reader = UserFactory()
    chat = chats_with(reader, **size)[0]
    client = client_of(reader)

    # The session, the chat, its last message with reactions, mine and files, what stands in for a hidden one.
    with django_assert_num_queries(7):
        response = client.get(f"{CHATS}/{chat.pk}")

    assert response.json()["unread_count"] == size["messages"]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_sending_takes_as_many_queries_in_any_chat(size, client_of, django_assert_num_queries):
    reader = UserFactory()
    chat = chats_with(reader, **size)[0]
    client = client_of(reader)

    # The session, the chat with its marks; in a savepoint (2) the lock, the sender's row, the client id,
    # the message, the chat's row, the log. On PostgreSQL one locks and looks, and one keeps it all.
    with django_assert_num_queries(6 if connection.vendor == "postgresql" else 10):
        response = client.post(f"{CHATS}/{chat.pk}/messages", {"text": "Hello", "client_id": "c1"})

    assert response.json()["seq"] == size["messages"] + 1


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_reading_takes_as_many_queries_in_any_chat(size, client_of, django_assert_num_queries):
    reader = UserFactory()
    chat = chats_with(reader, **size)[0]
    client = client_of(reader)

    # The session, the chat; in a savepoint (2) the reader's row with the chat, the mark, its move, the
    # stream's counter (3) and its entry; what is left unread; and where it is told, who is not to hear it.
    with django_assert_num_queries(12 + (size["members"] <= 100)):
        response = client.post(f"{CHATS}/{chat.pk}/read", {"seq": size["messages"]})

    assert response.json() == {"read_seq": size["messages"], "unread_count": 0}
