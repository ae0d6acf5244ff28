"""Sending a message: one message, one position, one event."""

import pytest

from accounts.tests.factories import UserFactory
from common.models import LogEntry
from messaging.models import Chat, Message
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db


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
        "forwarded_from": None,
        "files": [],
        "mentions": [],
        "reactions": [],
        "edited_at": None,
        "deleted_at": None,
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
