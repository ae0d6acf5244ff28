"""Finding what was said, in the chats that one is in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from accounts.services import block_user
from common.ids import first_id_at
from files.tests.factories import file_of
from messaging.models import Chat, Message
from messaging.services import (
    add_participants,
    create_chat,
    delete_chat,
    delete_message,
    hide_message,
    leave_chat,
    leave_every_chat,
    mark_read,
    remove_participant,
    send_message,
)
from messaging.tests.factories import MessageFactory, group_of

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search/messages"


def said(chat, author, *texts):
    return [send_message(actor=author, chat=chat, text=text)[0] for text in texts]


def found(client, q, url=SEARCH, **more):
    response = client.get(url, {"q": q} | more)
    assert response.status_code == 200, response.json()
    return [message["text"] for message in response.json()["results"]]


def pages(client, url, link="next"):
    """The texts of each page, following *link* as it is."""
    walked = []
    while url:
        body = client.get(url).json()
        walked.append([message["text"] for message in body["results"]])
        url = body[link]
    return walked


@pytest.fixture
def in_the_index():
    """The words of the index, message by message."""

    def read():
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(
                    "SELECT words FROM messaging_search WHERE rowid IN (SELECT id FROM messaging_search_row) "
                    "ORDER BY rowid"
                )
            else:
                cursor.execute("SELECT search_words FROM messaging_message ORDER BY id")
            return [words for (words,) in cursor.fetchall()]

    return read


# --- What is found ------------------------------------------------------------------------------------------

TEXTS = {
    "english": "John leaves Wadi Rum at dawn",
    "chinese": "我们在上海见面",
    "japanese": "いちばん好きなカメラ",
    "arabic": "أَهْلاً وَسَهْلاً في المَدرسة",
    "accents": "Crème brûlée",
    "address": "Mail foo_bar@example.com, 100%!",
    "emoji": "Party 🎉 tonight",
}


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("dawn", "english"),
        ("DAWN", "english"),
        ("jo", "english"),  # begins a word
        ("ohn", "english"),  # inside one
        ("dawn john", "english"),
        ('"wadi rum"', "english"),
        ("上海", "chinese"),
        ("海", "chinese"),
        ("海见面", "chinese"),
        ("いち", "japanese"),
        ("ばん好", "japanese"),
        ("ｶﾒﾗ", "japanese"),
        ("اهلا", "arabic"),
        ("أهلاً", "arabic"),
        ("المدرسه", "arabic"),
        ("وسهلا", "arabic"),
        ("creme", "accents"),
        ("BRÛLÉE", "accents"),
        ("foo_bar@example", "address"),
        ("100%", "address"),
        ("🎉", "emoji"),
    ],
)
def test_a_message_is_found_by_what_is_in_it(q, expected, group, layla, omar, client_of):
    said(group, omar, *TEXTS.values())

    assert found(client_of(layla), q) == [TEXTS[expected]]


def test_what_is_deleted_nobody_finds_and_what_is_hidden_one_does_not(group, layla, omar, client_of):
    first, second, third = said(group, omar, "dawn one", "dawn two", "dawn three")
    delete_message(actor=omar, message=first)
    hide_message(actor=layla, message=second)

    assert found(client_of(layla), "dawn", ordering="oldest") == ["dawn three"]
    assert found(client_of(omar), "dawn", ordering="oldest") == ["dawn two", "dawn three"]


def test_it_is_found_by_whether_it_has_files(group, layla, omar, client_of):
    said(group, layla, "dawn alone")
    send_message(actor=layla, chat=group, text="dawn with notes", files=[file_of(layla).pk])

    assert found(client_of(omar), "dawn", has_file="true") == ["dawn with notes"]
    assert found(client_of(omar), "dawn", has_file="false") == ["dawn alone"]


@pytest.mark.parametrize(
    "q",
    [
        "dawn camel",
        '"rum wadi"',
        '"wadi ru"',
        "hn",
        "海上",
        "ちい",
        "%",
        "_",
        "*",
        "e",
        "d_wn",
        "d%n",
        "John*s",
    ],
)
def test_what_is_not_there_is_not_found(q, group, layla, omar, client_of):
    said(group, omar, *TEXTS.values())

    assert found(client_of(layla), q) == []


@pytest.mark.parametrize(
    "q",
    [
        "'",
        '"',
        '"" ""',
        "'; DROP TABLE messaging_message; --",
        '" OR 1=1 --',
        "dawn* NEAR(john, 2)",
        "words:dawn ^dawn",
        "dawn AND NOT",
        "(((",
        "!&|<->:*",
        "\\",
        "-dawn",
        "{}[]~`",
        "?!…",
        "\u202e\u200f",
        "x" * 200,
        "a " * 100,
        "上" * 200,
        "'dawn':*",
    ],
)
@pytest.mark.parametrize("ordering", ["relevance", "newest"])
def test_signs_mean_nothing(q, ordering, group, layla, omar, client_of):
    said(group, omar, "Only this")

    assert found(client_of(layla), q, ordering=ordering) == []
    assert Message.objects.count() == 1


def test_a_hundred_terms_are_looked_for_at_once(group, layla, omar, client_of):
    ideographs = [chr(0x4E00 + number) for number in range(100)]
    said(group, omar, "".join(ideographs), "".join(ideographs[:-1]))

    assert found(client_of(layla), " ".join(reversed(ideographs))) == ["".join(ideographs)]


def test_minus_is_a_sign_like_any(group, layla, omar, client_of):
    said(group, omar, "We leave at dawn")

    assert found(client_of(layla), "-dawn") == ["We leave at dawn"]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({}, "q", "required"),
        ({"q": ""}, "q", "blank"),
        ({"q": "x" * 201}, "q", "max_length"),
        ({"q": "da\0wn"}, "q", "null_characters_not_allowed"),
        ({"q": "dawn", "chat": "nonsense"}, "chat", "invalid"),
        ({"q": "dawn", "chat": "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"}, "chat", "unknown_chat"),
        ({"q": "dawn", "author": "me"}, "author", "invalid"),
        ({"q": "dawn", "kind": "poem"}, "kind", "invalid_choice"),
        ({"q": "dawn", "from": "yesterday"}, "from", "invalid"),
        ({"q": "dawn", "ordering": "-rank"}, "ordering", "invalid_choice"),
        ({"q": "dawn", "page_size": "201"}, "page_size", "max_value"),
        ({"q": "dawn", "page_size": "0"}, "page_size", "min_value"),
        ({"q": "dawn", "cursor": "nonsense"}, "cursor", "invalid"),
        ({"q": "dawn", "cursor": "biA5OTk5OTk5OTk5OTk5IDAxOThjNWIy"}, "cursor", "invalid"),
        ({"q": "dawn", "chats": "all"}, "chats", "unknown_field"),
    ],
)
def test_what_the_search_cannot_take_is_refused(query, field, code, layla, client_of):
    response = client_of(layla).get(SEARCH, query)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


def test_a_result_is_the_message_with_the_part_that_matched(group, layla, omar, client_of):
    [message] = said(group, omar, "Bring water.\nWe leave at dawn!")
    mark_read(actor=layla, chat=group, seq=message.seq)
    client = client_of(layla)

    response = client.get(SEARCH, {"q": "leave dawn"})

    assert response.json() == {
        "results": [
            client.get(f"/api/v1/messages/{message.pk}").json()
            | {
                "snippet": {
                    "text": "Bring water.\nWe leave at dawn!",
                    "highlights": [{"start": 16, "end": 21}, {"start": 25, "end": 29}],
                }
            }
        ],
        "next": None,
        "previous": None,
    }
    assert response.json()["results"][0]["status"] == "read"


# --- Where it is looked for ---------------------------------------------------------------------------------


def test_nobody_finds_anything_in_chats_of_others(group, layla, omar, mina, client_of):
    said(group, omar, "We leave at dawn")

    assert found(client_of(mina), "dawn") == []
    response = client_of(mina).get(SEARCH, {"q": "dawn", "chat": str(group.pk)})
    assert [error["code"] for error in response.json()["errors"]] == ["unknown_chat"]
    assert client_of(mina).get(f"/api/v1/chats/{group.pk}/search", {"q": "dawn"}).status_code == 404


@pytest.mark.parametrize("way", ["left", "removed", "deleted"])
def test_who_is_no_longer_in_a_chat_finds_nothing_of_it(way, layla, omar, mina, client_of):
    chat = group_of(omar, layla, mina)
    said(chat, layla, "I said it at dawn")
    client = client_of(layla)
    assert found(client, "dawn") == ["I said it at dawn"]

    if way == "left":
        leave_chat(actor=layla, chat=chat)
    elif way == "removed":
        remove_participant(actor=omar, chat=chat, user=layla)
    else:
        delete_chat(actor=omar, chat=chat)

    assert found(client, "dawn") == []
    assert client.get(f"/api/v1/chats/{chat.pk}/search", {"q": "dawn"}).status_code == 404
    assert found(client_of(mina), "dawn") == ([] if way == "deleted" else ["I said it at dawn"])


def test_a_block_hides_nothing_that_was_said_to_both(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    said(chat, omar, "We leave at dawn")
    block_user(actor=layla, user=omar)

    assert found(client_of(layla), "dawn") == ["We leave at dawn"]
    assert found(client_of(omar), "dawn") == ["We leave at dawn"]


def test_filters_narrow_it(layla, omar, mina, client_of):
    first, second = group_of(layla, omar, mina, title="First"), group_of(layla, omar, title="Second")
    now = datetime(2026, 5, 1, tzinfo=UTC)
    for number, (chat, author, text, kind) in enumerate(
        [
            (first, omar, "dawn one", "text"),
            (first, mina, "dawn two", "text"),
            (second, omar, "dawn three", "text"),
            (second, layla, "dawn four", "system"),
        ]
    ):
        at = now + timedelta(days=number)
        MessageFactory(id=first_id_at(at), chat=chat, author=author, text=text, kind=kind, created_at=at)
    client = client_of(layla)

    assert found(client, "dawn", chat=str(first.pk)) == ["dawn two", "dawn one"]
    assert found(client, "dawn", url=f"/api/v1/chats/{first.pk}/search") == ["dawn two", "dawn one"]
    assert found(client, "dawn", author=str(omar.pk)) == ["dawn three", "dawn one"]
    assert found(client, "dawn", kind="system") == ["dawn four"]
    assert found(client, "dawn", **{"from": "2026-05-02T00:00:00Z", "to": "2026-05-03T00:00:00Z"}) == [
        "dawn two"
    ]
    assert found(client, "dawn", to="2026-05-02T00:00:00Z") == ["dawn one"]
    assert found(client, "dawn", to="0001-01-01T00:00:00Z") == []
    assert found(client, "dawn", **{"from": "9999-12-31T23:59:59Z"}) == []
    assert len(found(client, "dawn", **{"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"})) == 4
    assert found(client, "dawn", author=str(mina.pk), chat=str(second.pk)) == []


def test_the_chat_in_the_path_is_not_a_field(group, layla, client_of):
    response = client_of(layla).get(f"/api/v1/chats/{group.pk}/search", {"q": "dawn", "chat": str(group.pk)})

    assert [error["code"] for error in response.json()["errors"]] == ["unknown_field"]


# --- In which order -----------------------------------------------------------------------------------------


def test_whole_words_come_before_parts_of_words(group, layla, omar, client_of):
    said(group, omar, "modern art", "artful", "a party", "art", "smart")

    assert found(client_of(layla), "art") == ["art", "modern art", "artful", "smart", "a party"]


def test_words_in_a_row_come_before_the_same_words_apart(group, layla, omar, client_of):
    said(group, omar, "Wadi Rum", "Rum, in a wadi")

    assert found(client_of(layla), "wadi rum") == ["Wadi Rum", "Rum, in a wadi"]


@pytest.mark.parametrize(("ordering", "expected"), [("newest", ["c", "b", "a"]), ("oldest", ["a", "b", "c"])])
def test_time_alone_may_order_it(ordering, expected, group, layla, omar, client_of):
    said(group, omar, "dawn a", "dawning b", "at dawn c")

    assert [text[-1] for text in found(client_of(layla), "dawn", ordering=ordering)] == expected


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("relevance", [["dawn 4", "dawn 2", "dawn 0"], ["dawning 5", "dawning 3", "dawning 1"]]),
        ("newest", [["dawning 5", "dawn 4", "dawning 3"], ["dawn 2", "dawning 1", "dawn 0"]]),
        ("oldest", [["dawn 0", "dawning 1", "dawn 2"], ["dawning 3", "dawn 4", "dawning 5"]]),
    ],
)
def test_pages_walk_all_results_once_there_and_back(ordering, expected, group, layla, omar, client_of):
    said(group, omar, *(f"dawn{'ing' if number % 2 else ''} {number}" for number in range(6)))
    client = client_of(layla)
    url = f"{SEARCH}?q=dawn&page_size=3&ordering={ordering}"

    there = pages(client, url)
    last = client.get(client.get(url).json()["next"]).json()
    back = pages(client, last["previous"], "previous")

    assert there == expected
    assert back == [expected[0]]


@pytest.mark.parametrize("ordering", ["relevance", "newest"])
def test_what_is_said_meanwhile_moves_no_page(ordering, group, layla, omar, client_of):
    said(group, omar, *(f"dawn {number}" for number in range(4)))
    client = client_of(layla)
    first = client.get(f"{SEARCH}?q=dawn&page_size=2&ordering={ordering}").json()
    said(group, omar, "dawn again")
    gone = Message.objects.get(text="dawn 2")  # the last of the first page
    Message.objects.filter(pk=gone.pk).update(text="")

    second = client.get(first["next"]).json()

    assert [message["text"] for message in second["results"]] == ["dawn 1", "dawn 0"]
    assert second["next"] is None


def test_more_than_a_thousand_are_ranked_by_the_newest(layla, omar, client_of):
    chat = group_of(layla, omar)
    Message.objects.bulk_create(
        Message(
            chat=chat, seq=seq, author=omar, text=f"dawn{'' if seq <= 10 else 'ing'} {seq}", fingerprint=""
        )
        for seq in range(1, 1006)
    )
    client = client_of(layla)

    # Of the ten with the whole word five are among the newest thousand.
    ranked = found(client, "dawn", page_size=6)
    oldest = found(client, "dawn", page_size=2, ordering="oldest")

    assert ranked == ["dawn 10", "dawn 9", "dawn 8", "dawn 7", "dawn 6", "dawning 1005"]
    assert oldest == ["dawn 1", "dawn 2"]
    assert sum(map(len, pages(client, f"{SEARCH}?q=dawn&page_size=200&ordering=newest"))) == 1005
    assert sum(map(len, pages(client, f"{SEARCH}?q=dawn&page_size=200"))) == 1000


# --- The index moves with the change ------------------------------------------------------------------------


def test_an_edited_message_is_found_by_what_it_says_now(group, layla, omar, client_of):
    [message] = said(group, omar, "We leave at dawn")
    message.text = "We leave at noon"
    message.save(update_fields=["text"])

    assert found(client_of(layla), "dawn") == []
    assert found(client_of(layla), "noon") == ["We leave at noon"]


def test_a_message_without_text_is_not_found(group, layla, omar, client_of):
    said(group, omar, "We leave at dawn")
    Message.objects.update(text="")

    assert found(client_of(layla), "dawn") == []


def test_a_deleted_row_leaves_the_index(group, layla, omar, client_of, in_the_index):
    said(group, omar, "We leave at dawn", "dawn again")
    Chat.objects.update(last_message=None)
    Message.objects.filter(seq=1).delete()

    assert found(client_of(layla), "dawn") == ["dawn again"]
    assert in_the_index() == [" dawn again "]


def test_who_is_erased_leaves_no_word_in_the_index(layla, omar, in_the_index):
    mine = group_of(layla)  # nobody else ever was in it: deleted
    shared = group_of(omar, layla)
    said(mine, layla, "dawn alone")
    said(shared, layla, "dawn for both")
    Chat.objects.update(last_message=None)

    leave_every_chat(user=layla.pk)
    Message.objects.filter(author=layla).update(text="")  # as erasure blanks it

    assert in_the_index() == ["  "]


def test_a_message_that_was_not_sent_is_not_in_the_index(group, omar, in_the_index):
    with transaction.atomic():
        said(group, omar, "We leave at dawn")
        transaction.set_rollback(True)

    assert in_the_index() == []


def test_a_newcomer_finds_what_was_said_before(group, layla, omar, mina, client_of):
    said(group, omar, "We leave at dawn")
    add_participants(actor=layla, chat=group, users=[mina])

    assert found(client_of(mina), "dawn") == ["We leave at dawn"]
