"""Replies: what a message answers, as that is now."""

import pytest
from django.db import connection

from accounts.tests.factories import UserFactory
from messaging.models import Message
from messaging.services import delete_message, edit_message, hide_message, leave_every_chat, send_message
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of
from realtime.tests.clients import enter, in_thread, live

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]


@pytest.fixture
def message(layla, group):
    return send_message(actor=layla, chat=group, text="We leave at dawn, " + "all of us. " * 30)[0]


def reply(client, chat, to, **more):
    return client.post(f"/api/v1/chats/{chat.pk}/messages", {"text": "So early?", "reply_to": to} | more)


def shown(client, message):
    return client.get(f"/api/v1/messages/{message['id']}").json()["reply_to"]


def test_a_reply_shows_how_what_it_answers_begins(layla, omar, group, message, client_of):
    response = reply(client_of(omar), group, str(message.pk))

    assert response.status_code == 201
    assert response.json()["reply_to"] == {
        "id": str(message.pk),
        "seq": 1,
        "author": str(layla.pk),
        "author_name": "Layla",
        "kind": "text",
        "text": ("We leave at dawn, " + "all of us. " * 30)[:200],
        "deleted": False,
    }
    assert shown(client_of(layla), response.json()) == response.json()["reply_to"]


def test_a_reply_may_quote_a_part(layla, omar, group, message, client_of):
    to = {"message": str(message.pk), "quote": "at dawn"}

    response = client_of(omar).post(
        "/api/v1/messages", {"chat": str(group.pk), "text": "So early?", "reply_to": to}
    )

    assert response.status_code == 201
    assert response.json()["reply_to"]["text"] == "at dawn"


def test_without_a_quote_the_object_is_as_the_id(omar, group, message, client_of):
    client = client_of(omar)

    plain = reply(client, group, str(message.pk), client_id="c1")
    again = reply(client, group, {"message": str(message.pk)}, client_id="c1")

    assert (plain.status_code, again.status_code) == (201, 200)
    assert again.json() == plain.json()


def test_another_reference_under_a_used_client_id_is_refused(layla, omar, group, message, client_of):
    other, _ = send_message(actor=layla, chat=group, text="By train, at dawn.")
    client = client_of(omar)
    reply(client, group, str(message.pk), client_id="c1")

    answers = [
        reply(client, group, str(other.pk), client_id="c1"),
        reply(client, group, {"message": str(message.pk), "quote": "at dawn"}, client_id="c1"),
        client.post(f"/api/v1/chats/{group.pk}/messages", {"text": "So early?", "client_id": "c1"}),
    ]

    assert [each.json()["code"] for each in answers] == ["client_id_conflict"] * 3
    assert Message.objects.count() == 3


def test_a_reply_shows_what_it_answers_as_it_is_now(layla, omar, group, message, client_of):
    client = client_of(omar)
    plain = reply(client, group, str(message.pk)).json()
    quoting = reply(client, group, {"message": str(message.pk), "quote": "at dawn"}).json()

    edit_message(actor=layla, message=message, text="We leave at noon.")
    edited = [shown(client, each)["text"] for each in (plain, quoting)]
    delete_message(actor=layla, message=message)
    deleted = [(shown(client, each)["text"], shown(client, each)["deleted"]) for each in (plain, quoting)]

    assert edited == ["We leave at noon.", "at dawn"]
    assert deleted == [("", True), ("", True)]
    assert not Message.objects.exclude(quote="").exists()


def test_a_deleted_reply_answers_nothing(layla, omar, group, message, client_of):
    answer = reply(client_of(omar), group, {"message": str(message.pk), "quote": "at dawn"}).json()

    client_of(omar).delete(f"/api/v1/messages/{answer['id']}")

    assert shown(client_of(layla), answer) is None
    assert Message.objects.get(pk=answer["id"]).quote == ""


def test_what_is_deleted_may_still_be_answered_but_not_quoted(layla, omar, group, message, client_of):
    delete_message(actor=layla, message=message)
    client = client_of(omar)

    plain = reply(client, group, str(message.pk))
    quoting = reply(client, group, {"message": str(message.pk), "quote": "at dawn"})

    assert (plain.status_code, plain.json()["reply_to"]["deleted"]) == (201, True)
    assert quoting.status_code == 400


@pytest.mark.parametrize("which", ["of another chat", "of a strangers chat", "hidden", "nobody's"])
def test_a_message_that_is_not_there_is_unknown(which, layla, omar, group, message, client_of):
    named = {
        "of another chat": lambda: send_message(actor=omar, chat=group_of(omar), text="Elsewhere")[0].pk,
        "of a strangers chat": lambda: send_message(actor=layla, chat=group_of(layla), text="Hers")[0].pk,
        "hidden": lambda: hide_message(actor=omar, message=message) or message.pk,
        "nobody's": lambda: "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01",
    }[which]()
    before = log_of(group)

    response = reply(client_of(omar), group, str(named))

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [
        ("reply_to", "unknown_message")
    ]
    assert log_of(group) == before


@pytest.mark.parametrize(
    ("to", "field", "code"),
    [
        (None, "reply_to", "null"),
        (7, "reply_to", "invalid"),
        ("first", "reply_to", "invalid"),
        ([], "reply_to", "invalid"),
        ({}, "reply_to.message", "required"),
        ({"message": "first"}, "reply_to.message", "invalid"),
        ({"message": "{message}", "quote": ""}, "reply_to.quote", "blank"),
        ({"message": "{message}", "quote": "x" * 1001}, "reply_to.quote", "max_length"),
        ({"message": "{message}", "quote": "at noon"}, "reply_to.quote", "not_in_message"),
        ({"message": "{message}", "text": "at dawn"}, "reply_to.text", "unknown_field"),
    ],
)
def test_what_names_no_message_and_no_part_of_it_is_refused(to, field, code, omar, group, message, client_of):
    if isinstance(to, dict) and to.get("message") == "{message}":
        to = to | {"message": str(message.pk)}

    response = reply(client_of(omar), group, to)

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [(field, code)]
    assert len(log_of(group)) == 1


def test_what_others_quote_of_somebody_goes_with_them(layla, omar, group, message, client_of):
    answer = reply(client_of(omar), group, {"message": str(message.pk), "quote": "at dawn"}).json()

    leave_every_chat(user=layla.pk)

    assert Message.objects.get(pk=answer["id"]).quote == ""


@pytest.mark.parametrize("replies", [10, 200])
def test_a_page_of_replies_takes_as_many_queries(
    replies, omar, group, message, client_of, fast_routes, django_assert_num_queries
):
    people = [UserFactory() for _ in range(3)]
    Message.objects.bulk_create(
        Message(chat=group, seq=number + 2, author=people[number % 3], text="So early?", reply_to=message)
        for number in range(replies)
    )
    client = client_of(omar)

    queries = 8  # as a page of any messages
    if fast_routes and connection.vendor == "postgresql":
        queries = 10  # the session (2), which messages; the plain one (3), those that answer it (4)
    with django_assert_num_queries(queries):
        page = client.get(f"/api/v1/chats/{group.pk}/messages", {"limit": replies}).json()

    assert {each["reply_to"]["id"] for each in page["results"] if each["reply_to"]} == {str(message.pk)}


@pytest.mark.django_db(transaction=True)
@live
async def test_a_reply_by_socket_comes_with_what_it_answers(layla, omar, group):
    message, _ = await in_thread(send_message)(actor=layla, chat=group, text="We leave at dawn.")
    laylas, omars = await enter(layla), await enter(omar)
    to = {"message": str(message.pk), "quote": "at dawn"}

    answer = await omars.ask(
        "message.send", data={"chat": str(group.pk), "text": "So early?", "reply_to": to}
    )

    heard = await laylas.next()
    assert heard["data"]["reply_to"] == answer["data"]["reply_to"]
    assert (heard["data"]["reply_to"]["id"], heard["data"]["reply_to"]["text"]) == (
        str(message.pk),
        "at dawn",
    )
