"""Sending a message: one message, one position, one event."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from accounts.tests.factories import UserFactory
from common.actors import SYSTEM
from common.models import LogEntry
from messaging.models import Chat, Message
from messaging.problems import ClientIdConflict
from messaging.services import remove_participant, send_message
from messaging.tasks import post_notice
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]


@pytest.fixture
def chat() -> Chat:
    return group_of(UserFactory(username="layla"), UserFactory(username="omar"))


def messages_of(chat: Chat) -> str:
    return f"/api/v1/chats/{chat.pk}/messages"


def test_a_message_takes_the_next_position_and_is_logged_once(chat, client_of):
    layla = client_of(chat.created_by)

    response = layla.post(messages_of(chat), {"text": "We leave at dawn.", "client_id": "c1"})

    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/messages/{response.json()['id']}"
    assert response.json() | {"id": "", "created_at": ""} == {
        "id": "",
        "chat": str(chat.pk),
        "seq": 1,
        "author": str(chat.created_by.pk),
        "author_name": "Layla",
        "kind": "text",
        "text": "We leave at dawn.",
        "client_id": "c1",
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
    entry = LogEntry.objects.get(topic=f"chat:{chat.pk}")
    assert (entry.seq, entry.type, entry.data) == (1, "message.sent", {"message": response.json()["id"]})


def test_the_same_client_id_again_is_the_same_message(chat, client_of):
    layla = client_of(chat.created_by)
    first = layla.post(messages_of(chat), {"text": "Once", "client_id": "c1"})

    again = layla.post(messages_of(chat), {"text": "Once", "client_id": "c1"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert Message.objects.count() == 1
    assert LogEntry.objects.filter(topic=f"chat:{chat.pk}").count() == 1


def test_another_text_under_a_used_client_id_is_refused(chat, client_of):
    layla = client_of(chat.created_by)
    layla.post(messages_of(chat), {"text": "Once", "client_id": "c1"})

    response = layla.post(messages_of(chat), {"text": "Twice", "client_id": "c1"})

    assert response.status_code == 409
    assert response.json()["code"] == "client_id_conflict"
    assert Message.objects.get().text == "Once"


def test_a_stranger_cannot_tell_that_the_chat_exists(chat, client_of):
    response = client_of(UserFactory()).post(messages_of(chat), {"text": "Hello?"})

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    assert not Message.objects.exists()
    assert not LogEntry.objects.filter(topic=f"chat:{chat.pk}").exists()


def test_the_same_body_with_the_chat_inside_sends_too(chat, client_of):
    layla = client_of(chat.created_by)

    response = layla.post("/api/v1/messages", {"chat": str(chat.pk), "text": "We leave at dawn."})

    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/messages/{response.json()['id']}"
    assert (response.json()["chat"], response.json()["seq"]) == (str(chat.pk), 1)
    assert layla.get(response.headers["Location"]).json() == response.json()
    assert [(seq, type_) for seq, type_, _ in log_of(chat)] == [(1, "message.sent")]


def test_both_ways_of_sending_know_the_same_client_ids(chat, client_of):
    layla = client_of(chat.created_by)

    first = layla.post(messages_of(chat), {"text": "Once", "client_id": "c1"})
    again = layla.post("/api/v1/messages", {"chat": str(chat.pk), "text": "Once", "client_id": "c1"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert "Location" not in again.headers


def test_without_a_client_id_every_send_is_a_message(chat, client_of):
    layla = client_of(chat.created_by)

    first = layla.post(messages_of(chat), {"text": "Again"})
    second = layla.post(messages_of(chat), {"text": "Again"})

    assert [(each.status_code, each.json()["seq"], each.json()["client_id"]) for each in (first, second)] == [
        (201, 1, None),
        (201, 2, None),
    ]


def test_a_client_id_is_its_authors_own(chat, client_of):
    omar = chat.participants.get(role="member").user

    of_layla = client_of(chat.created_by).post(messages_of(chat), {"text": "Mine", "client_id": "c1"})
    of_omar = client_of(omar).post(messages_of(chat), {"text": "Mine", "client_id": "c1"})

    assert (of_layla.status_code, of_omar.status_code) == (201, 201)
    assert of_omar.json()["id"] != of_layla.json()["id"]
    assert of_omar.json()["author"] == str(omar.pk)


def test_a_client_id_is_used_up_in_every_chat(chat, client_of):
    other = group_of(chat.created_by)
    layla = client_of(chat.created_by)
    layla.post(messages_of(chat), {"text": "Once", "client_id": "c1"})

    response = layla.post(messages_of(other), {"text": "Once", "client_id": "c1"})

    assert response.status_code == 409
    assert response.json()["code"] == "client_id_conflict"
    assert Message.objects.get().chat == chat
    assert log_of(other) == []


def test_a_client_id_is_used_up_for_ever(chat, client_of):
    layla = client_of(chat.created_by)
    first = layla.post(messages_of(chat), {"text": "Once", "client_id": "c1"})
    Message.objects.update(created_at=datetime(2001, 1, 1, tzinfo=UTC))
    LogEntry.objects.all().delete()  # as after its seven days

    again = layla.post(messages_of(chat), {"text": "Once", "client_id": "c1"})

    assert again.status_code == 200
    assert again.json()["id"] == first.json()["id"]
    assert Message.objects.count() == 1


def test_who_was_removed_does_not_even_repeat(chat, client_of):
    omar = chat.participants.get(role="member").user
    client_of(omar).post(messages_of(chat), {"text": "Once", "client_id": "c1"})
    remove_participant(actor=chat.created_by, chat=chat, user=omar)

    response = client_of(omar).post(messages_of(chat), {"text": "Once", "client_id": "c1"})

    assert response.status_code == 404


def test_a_silent_message_says_so_and_counts_as_any(chat, client_of):
    layla, omar = client_of(chat.created_by), client_of(chat.participants.get(role="member").user)

    silent = layla.post(messages_of(chat), {"text": "Good night", "client_id": "c1", "silent": True})
    again = layla.post(messages_of(chat), {"text": "Good night", "client_id": "c1"})

    assert (silent.status_code, silent.json()["silent"]) == (201, True)
    assert (again.status_code, again.json()["silent"]) == (200, True)  # how it is sent is not what it says
    assert omar.get(f"/api/v1/chats/{chat.pk}").json()["unread_count"] == 1


@pytest.mark.parametrize(
    "text",
    ["x" * 10_000, "  a  ", "\n- one\n- two\n", "مرحبا 👋🏽", "\u202e<script>alert(1)</script>", "null"],
    ids=["longest", "spaces", "lines", "Arabic", "markup", "a word"],
)
def test_a_text_is_kept_as_it_was_sent(text, chat, client_of):
    response = client_of(chat.created_by).post(messages_of(chat), {"text": text, "client_id": "c" * 255})

    assert response.status_code == 201
    assert response.json()["text"] == text
    assert response.json()["client_id"] == "c" * 255
    assert Message.objects.get().text == text


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "text", "required"),
        ({"text": ""}, "text", "blank"),
        ({"text": " \n\t\u2003"}, "text", "blank"),
        ({"text": None}, "text", "null"),
        ({"text": 5}, "text", "invalid"),
        ({"text": True}, "text", "invalid"),
        ({"text": {"body": "Hello"}}, "text", "invalid"),
        ({"text": "x" * 10_001}, "text", "max_length"),
        ({"text": "Hel\0lo"}, "text", "null_characters_not_allowed"),
        ({"text": "Hello", "kind": "system"}, "kind", "invalid_choice"),
        ({"text": "Hello", "kind": "poll"}, "kind", "invalid_choice"),
        ({"text": "Hello", "kind": 1}, "kind", "invalid_choice"),
        ({"text": "Hello", "client_id": ""}, "client_id", "blank"),
        ({"text": "Hello", "client_id": None}, "client_id", "null"),
        ({"text": "Hello", "client_id": 7}, "client_id", "invalid"),
        ({"text": "Hello", "client_id": "c" * 256}, "client_id", "max_length"),
        ({"text": "Hello", "client_id": "c\0"}, "client_id", "null_characters_not_allowed"),
        ({"text": "Hello", "silent": "true"}, "silent", "invalid"),
        ({"text": "Hello", "silent": None}, "silent", "null"),
        ({"text": "Hello", "author": "omar"}, "author", "unknown_field"),
        ({"text": "Hello", "seq": 7}, "seq", "unknown_field"),
    ],
)
@pytest.mark.parametrize("chat_inside", [False, True], ids=["chats/…/messages", "messages"])
def test_what_has_not_the_shape_of_a_message_is_refused(chat_inside, body, field, code, chat, client_of):
    path = "/api/v1/messages" if chat_inside else messages_of(chat)

    response = client_of(chat.created_by).post(path, body | ({"chat": str(chat.pk)} if chat_inside else {}))

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert not Message.objects.exists()
    assert log_of(chat) == []


@pytest.mark.parametrize(
    ("named", "code"),
    [(None, "required"), ("none", "unknown_chat"), ("others", "unknown_chat"), ("nonsense", "invalid")],
)
def test_a_message_goes_to_a_chat_that_its_author_is_in(named, code, chat, client_of):
    others = group_of(UserFactory())
    ids = {"none": "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01", "others": str(others.pk), "nonsense": "here"}

    response = client_of(chat.created_by).post(
        "/api/v1/messages", {"text": "Hello"} | ({"chat": ids[named]} if named else {})
    )

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("chat", code)]
    assert not Message.objects.exists()
    assert log_of(others) == []


def test_a_message_is_read_by_who_is_in_its_chat(chat, client_of):
    message = client_of(chat.created_by).post(messages_of(chat), {"text": "Hello"}).json()
    omar = chat.participants.get(role="member").user
    path = f"/api/v1/messages/{message['id']}"

    inside, outside = client_of(omar).get(path), client_of(UserFactory()).get(path)

    assert inside.json() == message
    assert outside.status_code == 404
    assert outside.json()["code"] == "not_found"


def test_a_message_that_is_not_there_is_not_found(chat, client_of):
    response = client_of(chat.created_by).get("/api/v1/messages/0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01")

    assert response.status_code == 404


def test_what_is_rolled_back_was_never_said(chat):
    with transaction.atomic():
        send_message(actor=chat.created_by, chat=chat, text="Never")
        transaction.set_rollback(True)

    assert not Message.objects.exists()
    assert log_of(chat) == []
    message, _ = send_message(actor=chat.created_by, chat=chat, text="Now")
    assert message.seq == 1


def test_the_platform_speaks_without_an_author(chat, client_of):
    message, is_new = send_message(actor=SYSTEM, chat=chat, text="Layla named it.", kind=Message.Kind.SYSTEM)

    shown = client_of(chat.created_by).get(f"/api/v1/messages/{message.pk}").json()
    assert is_new
    assert (shown["author"], shown["author_name"], shown["kind"]) == (None, None, "system")
    assert client_of(chat.created_by).get(f"/api/v1/chats/{chat.pk}").json()["unread_count"] == 1


def test_a_notice_posted_twice_is_one_message(chat):
    first = post_notice(str(chat.pk), "The trip begins tomorrow.", "trip-7-eve")
    again = post_notice(str(chat.pk), "The trip begins tomorrow.", "trip-7-eve")

    message = Message.objects.get()
    assert first == again == str(message.pk)
    assert (message.author, message.kind, message.seq) == (None, "system", 1)
    assert log_of(chat) == [(1, "message.sent", {"message": str(message.pk)})]


def test_another_notice_under_a_used_name_is_refused(chat):
    post_notice(str(chat.pk), "The trip begins tomorrow.", "trip-7-eve")

    with pytest.raises(ClientIdConflict):
        post_notice(str(chat.pk), "The trip begins today.", "trip-7-eve")

    assert Message.objects.get().text == "The trip begins tomorrow."
    assert len(log_of(chat)) == 1
