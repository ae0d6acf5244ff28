"""How many queries each list takes: the same for 10 members and 1,000, for 10 messages and 10,000."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory
from messaging.models import Chat, Message, Participant
from messaging.tests.factories import crowd_of

pytestmark = pytest.mark.django_db

SIZES = [
    {"members": 10, "messages": 10},
    {"members": 1000, "messages": 10},
    {"members": 10, "messages": 10_000},
]

# PostgreSQL's planner is told first which chats are the reader's.
TOLD = 1 if connection.vendor == "postgresql" else 0

# The session is read by each.
QUERIES = {
    # The chats, their last messages (with reactions, mine and files), what stands in for hidden ones.
    "chats": 7,
    "chats/{chat}": 7,
    # The chat, the page (with reactions, mine and files), whether there is something before and after.
    "chats/{chat}/messages": 8,
    "chats/{chat}/messages?around=5": 12,  # and the page in two halves
    "messages?chat={chat}&before=9": 8,
    "messages/{message}": 6,  # the message, its chat
    "chats/{chat}/participants": 5,  # the chat, the page
    "chats/{chat}/participants?page_size=200": 5,
    "search/messages?q=dawn": 7 + TOLD,  # what matches, the page of it, the chats' marks
    "search/messages?q=dawn&ordering=newest": 7 + TOLD,
    "search/messages?q=dawn&chat={chat}": 8 + TOLD,  # and whether the chat is one of theirs
    "search/messages?q=nowhere": 2 + TOLD,
    "chats/{chat}/search?q=daw at": 8 + TOLD,
    "chats/{chat}/search?q=上海&ordering=oldest": 8 + TOLD,
    "search/chats?q=wadi": 7,
    "search/users?q=user": 2,
    "search/suggestions?q=daw": 4 + TOLD,  # people, chats, own messages
}


def chat_of(reader, *, members, messages):
    """A group that *reader* owns, with that many others and as much said by all of them."""
    people = crowd_of(members)
    chat = Chat.objects.create(
        type="group", title="Wadi Rum", participant_count=members + 1, last_seq=messages
    )
    Participant.objects.bulk_create(
        Participant(chat=chat, user=person, role="owner" if person == reader else "member")
        for person in (reader, *people)
    )
    authors = [reader, *people]
    said = Message.objects.bulk_create(
        Message(
            chat=chat,
            seq=seq,
            author=authors[seq % len(authors)],
            text=f"{seq}: at dawn to 上海",
            fingerprint="",
        )
        for seq in range(1, messages + 1)
    )
    chat.last_message = said[-1]
    chat.save()
    return chat


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_list_takes_as_many_queries_whatever_the_size(size, client_of):
    reader = UserFactory()
    chat = chat_of(reader, **size)
    client = client_of(reader)

    taken = {}
    for path in QUERIES:
        url = path.format(chat=chat.pk, message=chat.last_message_id)
        with CaptureQueriesContext(connection) as queries:
            response = client.get(f"/api/v1/{url}")
        assert response.status_code == 200, (path, response.json())
        taken[path] = len(queries)

    assert taken == QUERIES


@pytest.mark.parametrize("chats", [1, 200])
def test_results_of_many_chats_take_as_many_queries_as_those_of_one(
    chats, client_of, django_assert_num_queries
):
    reader = UserFactory()
    made = Chat.objects.bulk_create(Chat(type="group", title=f"Group {number}") for number in range(chats))
    Participant.objects.bulk_create(Participant(chat=chat, user=reader) for chat in made)
    Message.objects.bulk_create(
        Message(chat=chat, seq=1, author=reader, text="We leave at dawn", fingerprint="") for chat in made
    )
    client = client_of(reader)

    with django_assert_num_queries(7 + TOLD):
        response = client.get("/api/v1/search/messages", {"q": "dawn", "page_size": 200})

    assert len(response.json()["results"]) == chats
