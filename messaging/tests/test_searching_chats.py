"""Finding chats and people, and what the search field suggests."""

import pytest
from django.db import connection

from accounts.services import block_user, update_profile
from accounts.tests.factories import UserFactory
from messaging import registries
from messaging.models import Message
from messaging.registries import Suggestion
from messaging.services import create_chat, delete_chat, remove_participant, send_message
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db

CHATS = "/api/v1/search/chats"
USERS = "/api/v1/search/users"
SUGGESTIONS = "/api/v1/search/suggestions"


def found(client, url, q, name):
    response = client.get(url, {"q": q})
    assert response.status_code == 200, response.json()
    return [each[name] for each in response.json()["results"]]


def suggested(client, q):
    response = client.get(SUGGESTIONS, {"q": q})
    assert response.status_code == 200, response.json()
    return [(each["type"], each["text"]) for each in response.json()["results"]]


# --- Chats --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("wadi", ["Wadi Rum, December"]),
        ("RUM", ["Wadi Rum, December"]),
        ("ecemb", ["Wadi Rum, December"]),
        ("wadi two", ["Wadi Rum, December"]),  # title and description
        ("petra omar", ["Petra"]),  # title and somebody in it
        ("مدرسه", ["المَدرسة"]),
        ("上海", ["去上海"]),
        ("omar", ["Petra", "Wadi Rum, December"]),
        ("@omar", ["Petra", "Wadi Rum, December"]),
        ("Omar Aziz", ["Petra", "Wadi Rum, December"]),
        ("mina", ["Petra"]),
        ("layla", []),  # oneself is in all of them
        ("nothing", []),
        ("%", []),
        ("o", []),
        ("' OR 1=1 --", []),
    ],
)
def test_chats_are_found_by_title_description_and_who_is_in_them(q, expected, layla, omar, mina, client_of):
    update_profile(actor=omar, user=omar, display_name="Omar Aziz")
    group_of(layla, title="المَدرسة")
    group_of(layla, title="去上海")
    group_of(layla, omar, title="Wadi Rum, December", description="Four days, two cars.")
    group_of(layla, omar, mina, title="Petra")

    assert found(client_of(layla), CHATS, q, "title") == expected


def test_a_private_chat_is_found_by_the_other_one(layla, omar, mina, client_of):
    create_chat(actor=layla, type="private", participants=[omar])
    create_chat(actor=layla, type="private", participants=[mina])

    assert found(client_of(layla), CHATS, "mina", "type") == ["private"]


def test_nobody_finds_chats_that_they_are_not_in(layla, omar, mina, client_of):
    group_of(omar, mina, title="Without her")
    left = group_of(omar, layla, title="Without her any more")
    remove_participant(actor=omar, chat=left, user=layla)
    gone = group_of(omar, layla, title="Without anybody")
    delete_chat(actor=omar, chat=gone)

    assert found(client_of(layla), CHATS, "without", "title") == []
    assert found(client_of(layla), CHATS, "omar", "title") == []


def test_who_left_a_chat_no_longer_leads_to_it(layla, omar, mina, client_of):
    chat = group_of(layla, omar, mina, title="Petra")
    remove_participant(actor=layla, chat=chat, user=omar)

    assert found(client_of(layla), CHATS, "omar", "title") == []


def test_a_chat_is_found_as_it_is_listed(group, layla, omar, client_of):
    send_message(actor=omar, chat=group, text="We leave at dawn")
    client = client_of(layla)

    response = client.get(CHATS, {"q": "wadi"})

    assert response.json() == client.get("/api/v1/chats").json()


def test_pages_of_chats_walk_all_of_them_once(layla, client_of):
    for number in range(5):
        group_of(layla, title=f"Petra {number}")
    client, url, walked = client_of(layla), f"{CHATS}?q=petra&page_size=2", []

    while url:
        body = client.get(url).json()
        walked.append([chat["title"] for chat in body["results"]])
        url = body["next"]

    assert walked == [["Petra 4", "Petra 3"], ["Petra 2", "Petra 1"], ["Petra 0"]]


@pytest.mark.parametrize("url", [CHATS, SUGGESTIONS])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "required"),
        ({"q": ""}, "blank"),
        ({"q": "x" * 201}, "max_length"),
        ({"q": "\0"}, "null_characters_not_allowed"),
    ],
)
def test_what_the_search_field_cannot_take_is_refused(url, query, code, layla, client_of):
    response = client_of(layla).get(url, query)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("q", code)]


# --- People -------------------------------------------------------------------------------------------------


def test_people_are_found_as_in_the_list_of_users(layla, omar, client_of):
    client = client_of(layla)

    response = client.get(USERS, {"q": "oma"})

    assert [person["username"] for person in response.json()["results"]] == ["omar"]
    assert response.json() == client.get("/api/v1/users", {"q": "oma"}).json()


@pytest.mark.parametrize("blocker", ["layla", "omar"])
def test_a_block_hides_each_from_the_other(blocker, layla, omar, client_of):
    one, other = (layla, omar) if blocker == "layla" else (omar, layla)
    block_user(actor=one, user=other)

    assert found(client_of(layla), USERS, "omar", "username") == []
    assert found(client_of(omar), USERS, "layla", "username") == []
    assert suggested(client_of(layla), "omar") == []


# --- Suggestions --------------------------------------------------------------------------------------------


def test_people_chats_and_own_words_are_suggested_in_turn(layla, omar, client_of):
    UserFactory(username="dawud", display_name="Dawud")
    chat = group_of(layla, omar, title="Dawn patrol")
    send_message(actor=layla, chat=chat, text="Dawdling? We leave at dawn!")
    send_message(actor=omar, chat=chat, text="dawned on me")  # not hers

    assert suggested(client_of(layla), "daw") == [
        ("person", "Dawud"),
        ("chat", "Dawn patrol"),
        ("word", "Dawdling"),
        ("word", "dawn"),
    ]
    assert suggested(client_of(layla), "we leave at daw") == [("word", "Dawdling"), ("word", "dawn")]
    assert suggested(client_of(layla), "dawn") == [("chat", "Dawn patrol")]  # nothing to add to the word


def test_a_suggestion_names_what_it_is(layla, omar, client_of):
    chat = group_of(layla, omar, title="Omar and I")
    client = client_of(layla)

    response = client.get(SUGGESTIONS, {"q": "omar"})

    assert response.json()["results"] == [
        {"type": "person", "id": str(omar.pk), "text": "Omar", "detail": "@omar"},
        {"type": "chat", "id": str(chat.pk), "text": "Omar and I", "detail": ""},
    ]


def test_there_are_at_most_ten_suggestions(layla, client_of):
    for number in range(12):
        UserFactory(username=f"dawud{number}")
        group_of(layla, title=f"Dawn {number}")

    kinds = [kind for kind, _ in suggested(client_of(layla), "daw")]

    assert kinds == ["person", "chat"] * 5


def test_words_of_a_chat_that_one_left_are_not_suggested(layla, omar, client_of):
    chat = group_of(omar, layla)
    send_message(actor=layla, chat=chat, text="dawn")
    remove_participant(actor=omar, chat=chat, user=layla)

    assert suggested(client_of(layla), "daw") == []


@pytest.mark.parametrize("q", ["?", "'", '"', "*", "-- ;", " ", "\u200f", "x" * 200])
def test_signs_suggest_nothing(q, layla, omar, client_of):
    send_message(actor=layla, chat=group_of(layla, omar), text="dawn")

    assert suggested(client_of(layla), q) == []


def test_another_room_adds_its_own(layla, client_of, monkeypatch):
    def trips(reader, text, most):
        return [Suggestion(type="trip", text=f"{text} of {reader.username}", detail=str(most))]

    monkeypatch.setitem(registries.sources, "trips", trips)

    response = client_of(layla).get(SUGGESTIONS, {"q": " petra "})

    assert response.json()["results"] == [
        {"type": "trip", "id": None, "text": "petra of layla", "detail": "10"}
    ]


@pytest.mark.parametrize("rows", [1, 300])
def test_suggesting_takes_as_many_queries_whatever_was_said(
    rows, layla, omar, client_of, django_assert_num_queries
):
    chat = group_of(layla, omar, title="Dawn patrol")
    UserFactory.create_batch(min(rows, 20))
    Message.objects.bulk_create(
        Message(chat=chat, seq=seq, author=layla, text=f"dawn{seq}", fingerprint="")
        for seq in range(1, rows + 1)
    )
    client = client_of(layla)

    # The session, people, chats, own messages; PostgreSQL's planner is told first which chats they are in.
    with django_assert_num_queries(5 if connection.vendor == "postgresql" else 4):
        response = client.get(SUGGESTIONS, {"q": "dawn"})

    assert len(response.json()["results"]) == min(rows + 1, 10)
