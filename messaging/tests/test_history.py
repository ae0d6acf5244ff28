"""Reading a chat back, by position and by time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from messaging.models import Chat, Message
from messaging.services import add_participants, send_message
from messaging.tests.factories import group_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def chat(layla):
    return group_of(layla)


@pytest.fixture
def read(layla, chat, client_of):
    """Reads the chat as Layla, by a query or by a link."""
    client = client_of(layla)
    return lambda query="", **more: client.get(
        query if isinstance(query, str) and query.startswith("http") else f"/api/v1/chats/{chat.pk}/messages",
        more or None,
    )


def say(chat, count, *, every=timedelta(minutes=1)):
    """*count* messages, at positions 1 to *count*, a minute from each other."""
    Message.objects.bulk_create(
        Message(chat=chat, seq=seq, author=chat.created_by, text=str(seq), created_at=NOON + seq * every)
        for seq in range(1, count + 1)
    )
    Chat.objects.filter(pk=chat.pk).update(last_seq=count)


def seqs(response):
    return [message["seq"] for message in response.json()["results"]]


def ends(response):
    return response.json()["has_before"], response.json()["has_after"]


def test_an_empty_chat_has_an_empty_history(read):
    response = read()

    assert response.status_code == 200
    assert response.json() == {
        "results": [],
        "has_before": False,
        "has_after": False,
        "next": None,
        "previous": None,
    }


def test_without_an_anchor_the_newest_fifty_are_read(chat, read):
    say(chat, 60)

    response = read()

    assert seqs(response) == list(range(11, 61))
    assert ends(response) == (True, False)
    assert response.json()["next"] is None
    assert response.json()["previous"] == f"http://testserver/api/v1/chats/{chat.pk}/messages?before=11"


@pytest.mark.parametrize(
    ("asked", "expected", "has"),
    [
        ({"limit": 3}, [8, 9, 10], (True, False)),
        ({"limit": 200}, list(range(1, 11)), (False, False)),
        ({"before": 4, "limit": 2}, [2, 3], (True, True)),
        ({"before": 3}, [1, 2], (False, True)),
        ({"before": 1}, [], (False, True)),
        ({"before": 0}, [], (False, True)),
        ({"before": 99, "limit": 2}, [9, 10], (True, False)),
        ({"before": 2**53, "limit": 1}, [10], (True, False)),
        ({"after": 0, "limit": 3}, [1, 2, 3], (False, True)),
        ({"after": 7, "limit": 3}, [8, 9, 10], (True, False)),
        ({"after": 10}, [], (True, False)),
        ({"after": 99}, [], (True, False)),
        ({"around": 5, "limit": 5}, [3, 4, 5, 6, 7], (True, True)),
        ({"around": 5, "limit": 4}, [3, 4, 5, 6], (True, True)),
        ({"around": 5, "limit": 1}, [5], (True, True)),
        ({"around": 1, "limit": 4}, [1, 2, 3, 4], (False, True)),
        ({"around": 10, "limit": 4}, [8, 9, 10], (True, False)),
        ({"around": 99, "limit": 4}, [9, 10], (True, False)),
        ({"around": 99, "limit": 1}, [], (True, False)),
        ({"around": 0, "limit": 2}, [1, 2], (False, True)),
    ],
    ids=str,
)
def test_a_page_is_ascending_and_knows_its_neighbours(asked, expected, has, chat, read):
    say(chat, 10)

    response = read(**asked)

    assert response.status_code == 200
    assert seqs(response) == expected
    assert ends(response) == has
    assert ((response.json()["previous"] is not None), (response.json()["next"] is not None)) == has


@pytest.mark.parametrize("limit", [1, 3, 4, 10, 11])
def test_the_links_walk_the_whole_history_both_ways(limit, chat, read):
    say(chat, 10)

    back, page = [], read(limit=limit)
    while page:
        back = seqs(page) + back
        page = page.json()["previous"] and read(page.json()["previous"])
    forth, page = [], read(after=0, limit=limit)
    while page:
        forth += seqs(page)
        page = page.json()["next"] and read(page.json()["next"])

    assert back == list(range(1, 11))
    assert forth == list(range(1, 11))


@pytest.mark.parametrize(
    ("beyond", "link", "expected"),
    [
        ({"after": 99}, "previous", [1, 2, 3]),
        ({"around": 99, "limit": 1}, "previous", [3]),
        ({"before": 1}, "next", [1, 2, 3]),
        ({"before": 0}, "next", [1, 2, 3]),
    ],
    ids=str,
)
def test_even_from_an_empty_page_a_link_leads_on(beyond, link, expected, chat, read):
    say(chat, 3)

    empty = read(**beyond)
    led_to = read(empty.json()[link])

    assert (seqs(empty), seqs(led_to)) == ([], expected)


def test_positions_that_are_no_messages_leave_no_gap_in_the_walk(chat, layla, omar, mina, read):
    send_message(actor=layla, chat=chat, text="First")
    add_participants(actor=layla, chat=chat, users=[omar, mina])
    send_message(actor=layla, chat=chat, text="Second")

    newest = read(limit=1)
    before = read(newest.json()["previous"])

    assert (seqs(newest), seqs(before)) == ([4], [1])
    assert seqs(read(around=2)) == [1, 4]
    assert ends(before) == (False, True)


@pytest.mark.parametrize(
    ("asked", "expected", "has"),
    [
        ({"from": "2026-05-01T12:04:00Z"}, [4, 5, 6], (False, False)),
        ({"to": "2026-05-01T12:04:00Z"}, [1, 2, 3], (False, False)),
        ({"from": "2026-05-01T12:02:00Z", "to": "2026-05-01T12:05:00Z"}, [2, 3, 4], (False, False)),
        ({"from": "2026-05-01T15:02:00+03:00", "to": "2026-05-01T15:03:00+03:00"}, [2], (False, False)),
        ({"from": "2026-05-01T12:02:00Z", "limit": 2}, [5, 6], (True, False)),
        ({"from": "2026-05-01T12:02:00Z", "after": 0, "limit": 2}, [2, 3], (False, True)),
        ({"from": "2027-01-01T00:00:00Z"}, [], (False, False)),
        ({"from": "2026-05-01T12:05:00Z", "to": "2026-05-01T12:02:00Z"}, [], (False, False)),
        ({"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}, [1, 2, 3, 4, 5, 6], (False, False)),
    ],
    ids=str,
)
def test_a_span_of_time_is_a_history_of_its_own(asked, expected, has, chat, read):
    say(chat, 6)

    response = read(**asked)

    assert seqs(response) == expected
    assert ends(response) == has


@pytest.mark.parametrize(
    ("span", "expected"),
    [({"to": "2026-05-01T13:00:00Z"}, [2, 5]), ({"from": "2026-05-01T13:00:00Z"}, [1, 3, 4])],
    ids=str,
)
def test_a_server_whose_clock_is_wrong_puts_nothing_outside_its_time(span, expected, chat, read):
    minutes = [61, 5, 119, 60, 59]  # past noon, in the order in which they were said
    Message.objects.bulk_create(
        Message(
            chat=chat, seq=seq, author=chat.created_by, text="Hi", created_at=NOON + timedelta(minutes=minute)
        )
        for seq, minute in enumerate(minutes, 1)
    )

    assert seqs(read(**span)) == expected
    assert ends(read(**span)) == (False, False)


@pytest.mark.parametrize("every", [timedelta(hours=1), timedelta(days=1)])
def test_a_span_of_time_is_found_however_far_from_the_ends(every, chat, read):
    say(chat, 200, every=every)
    span = {"from": (NOON + 90 * every).isoformat(), "to": (NOON + 93 * every).isoformat()}

    response = read(**span)

    assert seqs(response) == [90, 91, 92]
    assert ends(response) == (False, False)


def test_links_keep_the_span_of_time(chat, read):
    say(chat, 6)
    span = {"from": "2026-05-01T12:02:00Z", "to": "2026-05-01T12:06:00Z"}

    newest = read(**span, limit=3)
    before = read(newest.json()["previous"])

    assert (seqs(newest), seqs(before)) == ([3, 4, 5], [2])
    assert (ends(before), before.json()["previous"]) == ((False, True), None)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"before": 3, "after": 1}, "body"),
        ({"before": 3, "after": 1, "around": 2}, "body"),
        ({"before": "three"}, "before"),
        ({"after": "-1"}, "after"),
        ({"around": "1.5"}, "around"),
        ({"around": ""}, "around"),
        ({"before": "٣"}, "before"),
        ({"after": 2**53 + 1}, "after"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "all"}, "limit"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-13-01T00:00:00Z"}, "to"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
        ({"befor": 3}, "befor"),
    ],
    ids=str,
)
@pytest.mark.parametrize("chat_in_query", [False, True], ids=["chats/…/messages", "messages?chat="])
def test_what_names_no_page_is_refused(chat_in_query, asked, field, layla, chat, client_of):
    say(chat, 3)
    path = "/api/v1/messages" if chat_in_query else f"/api/v1/chats/{chat.pk}/messages"

    response = client_of(layla).get(path, asked | ({"chat": str(chat.pk)} if chat_in_query else {}))

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_the_message_resource_reads_the_same_pages(chat, layla, client_of):
    say(chat, 5)
    client = client_of(layla)

    below = client.get(f"/api/v1/chats/{chat.pk}/messages", {"limit": 2}).json()
    beside = client.get("/api/v1/messages", {"chat": str(chat.pk), "limit": 2}).json()
    back = client.get(beside["previous"]).json()

    assert beside["results"] == below["results"]
    assert (beside["has_before"], beside["has_after"]) == (True, False)
    assert [message["seq"] for message in back["results"]] == [2, 3]


@pytest.mark.parametrize(
    ("chat_id", "code"),
    [
        (None, "required"),
        ("0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01", "unknown_chat"),
        ("theirs", "unknown_chat"),
        ("7", "invalid"),
        ("\0", "invalid"),
    ],
)
def test_the_message_resource_wants_a_chat_of_the_callers(chat_id, code, layla, omar, client_of):
    theirs = group_of(omar)
    send_message(actor=omar, chat=theirs, text="Not for her")
    query = {} if chat_id is None else {"chat": str(theirs.pk) if chat_id == "theirs" else chat_id}

    response = client_of(layla).get("/api/v1/messages", query)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("chat", code)]


def test_a_stranger_reads_nothing(chat, omar, client_of):
    say(chat, 3)

    response = client_of(omar).get(f"/api/v1/chats/{chat.pk}/messages")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


@pytest.mark.parametrize("messages", [10, 1000])
@pytest.mark.parametrize("asked", [{}, {"before": 6}, {"after": 3}, {"around": 5}], ids=str)
def test_a_page_takes_as_many_queries_of_any_history(
    messages, asked, chat, read, fast_routes, django_assert_num_queries
):
    say(chat, messages)
    queries = 12 if "around" in asked else 8
    if fast_routes and not asked and connection.vendor == "postgresql":
        queries = 6  # which session, the session, which messages, those that were not shown before

    # The session, the chat with its marks, the page (around: both halves) with its reactions, mine and files,
    # something before, something after.
    with django_assert_num_queries(queries):
        response = read(**asked, limit=5)

    assert len(seqs(response)) == 5
