"""Forwards: the same said elsewhere, with who said it first."""

import pytest

from accounts.tests.factories import UserFactory
from common.actors import SYSTEM
from files.tests.contents import TEXT
from files.tests.factories import file_of
from messaging.models import Message
from messaging.services import (
    create_chat,
    delete_message,
    edit_message,
    hide_message,
    leave_every_chat,
    remove_participant,
    send_message,
    update_chat,
)
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, types
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(layla, group):
    return send_message(actor=layla, chat=group, text="We leave at dawn.")[0]


@pytest.fixture
def elsewhere(omar, mina):
    """A group in which Layla is not."""
    return group_of(omar, mina, title="Petra")


def forward(client, message, *chats, **more):
    ids = [str(chat.pk) for chat in chats]
    return client.post(f"/api/v1/messages/{message.pk}/forward", {"chats": ids} | more)


def test_a_forward_says_the_same_and_who_said_it_first(
    layla, omar, mina, group, elsewhere, message, client_of
):
    private, _ = create_chat(actor=omar, type="private", participants=[mina])
    edit_message(actor=layla, message=message, text="We leave at noon.")

    response = forward(client_of(omar), message, elsewhere, private)

    assert response.status_code == 201
    at = message.created_at.isoformat().replace("+00:00", "Z")
    said = [(each["chat"], each["author"], each["text"], each["kind"]) for each in response.json()]
    assert said == [
        (str(chat.pk), str(omar.pk), "We leave at noon.", "text") for chat in (elsewhere, private)
    ]
    for sent in response.json():
        assert sent["forwarded_from"] == {"author": str(layla.pk), "author_name": "Layla", "at": at}
        assert (sent["revision"], sent["edited_at"], sent["reply_to"]) == (1, None, None)
        assert (
            client_of(mina).get(f"/api/v1/messages/{sent['id']}").json()["forwarded_from"]
            == (sent["forwarded_from"])
        )
    assert response.headers["Location"] == f"/api/v1/messages/{response.json()[0]['id']}"
    assert types(log_of(elsewhere)) == types(log_of(private)) == [(1, "message.sent")]
    assert str(group.pk) not in response.text


def test_a_forward_of_a_forward_names_who_said_it_first(layla, omar, mina, elsewhere, message, client_of):
    first = forward(client_of(omar), message, elsewhere).json()[0]
    hers = group_of(mina)

    second = forward(client_of(mina), Message.objects.get(pk=first["id"]), hers)

    assert second.json()[0]["author"] == str(mina.pk)
    assert second.json()[0]["forwarded_from"] == first["forwarded_from"]


def test_nobody_edits_what_they_only_passed_on(omar, elsewhere, message, client_of):
    [passed] = forward(client_of(omar), message, elsewhere).json()

    response = client_of(omar).patch(f"/api/v1/messages/{passed['id']}", {"text": "We leave at night."})

    assert response.status_code == 403
    assert Message.objects.get(pk=passed["id"]).text == "We leave at dawn."
    assert types(log_of(elsewhere)) == [(1, "message.sent")]


def test_its_files_go_along(layla, omar, mina, group, elsewhere, client_of):
    file = file_of(layla)
    shown, _ = send_message(actor=layla, chat=group, text="Notes", files=[file.pk])

    [passed] = forward(client_of(omar), shown, elsewhere).json()
    delete_message(actor=layla, message=shown)

    assert [each["id"] for each in passed["files"]] == [str(file.pk)]
    content = client_of(mina).get(f"/api/v1/files/{file.pk}/content")
    assert (content.status_code, b"".join(content)) == (200, TEXT)


def test_under_its_client_id_it_is_forwarded_once(layla, omar, elsewhere, message, client_of):
    client, other = client_of(omar), group_of(omar)

    first = forward(client, message, elsewhere, client_id="f1")
    edit_message(actor=layla, message=message, text="We leave at noon.")
    again = forward(client, message, elsewhere, client_id="f1")
    further = forward(client, message, elsewhere, other, elsewhere, client_id="f1")
    delete_message(actor=layla, message=message)
    late = forward(client, message, other, elsewhere, client_id="f1")

    assert [each.status_code for each in (first, again, further, late)] == [201, 200, 201, 200]
    assert first.json()[0]["client_id"] == f"f1:{elsewhere.pk}"
    assert again.json() == first.json()
    assert [each["text"] for each in further.json()] == ["We leave at dawn.", "We leave at noon."]
    assert late.json() == further.json()[::-1]
    assert (len(log_of(elsewhere)), len(log_of(other))) == (1, 1)


def test_another_message_under_a_used_client_id_is_refused(layla, omar, group, elsewhere, message, client_of):
    other, _ = send_message(actor=layla, chat=group, text="By train.")
    client = client_of(omar)
    forward(client, message, elsewhere, client_id="f1")

    response = forward(client, other, elsewhere, client_id="f1")

    assert (response.status_code, response.json()["code"]) == (409, "client_id_conflict")
    assert len(log_of(elsewhere)) == 1


@pytest.mark.parametrize("why", ["the message", "the chat", "the platform"])
def test_what_is_to_stay_where_it_was_said_stays(why, layla, omar, group, elsewhere, client_of):
    flag = {"no_forward": True} if why == "the message" else {}
    if why == "the chat":
        update_chat(actor=layla, chat=group, no_forward=True)
    if why == "the platform":
        message, _ = send_message(actor=SYSTEM, chat=group, text="Maintenance.", kind="system")
    else:
        body = {"text": "Between us.", **flag}
        sent = client_of(layla).post(f"/api/v1/chats/{group.pk}/messages", body).json()
        assert sent["no_forward"] is (why == "the message")
        message = Message.objects.get(pk=sent["id"])

    response = forward(client_of(omar), message, elsewhere)

    assert (response.status_code, response.json()["code"]) == (403, "not_forwardable")
    assert log_of(elsewhere) == []


def test_a_deleted_message_is_not_forwarded(layla, omar, elsewhere, message, client_of):
    delete_message(actor=layla, message=message)

    response = forward(client_of(omar), message, elsewhere)

    assert (response.status_code, response.json()["code"]) == (409, "message_was_deleted")
    assert log_of(elsewhere) == []


@pytest.mark.parametrize("who", ["stranger", "removed", "hidden from them"])
def test_who_does_not_see_a_message_does_not_forward_it(
    who, layla, omar, mina, group, elsewhere, message, client_of
):
    if who == "removed":
        remove_participant(actor=layla, chat=group, user=omar)
    if who == "hidden from them":
        hide_message(actor=omar, message=message)

    response = forward(client_of(mina if who == "stranger" else omar), message, elsewhere)

    assert response.status_code == 404
    assert log_of(elsewhere) == []


def test_one_forwards_only_to_chats_one_is_in_and_to_all_or_none(omar, mina, elsewhere, message, client_of):
    theirs = group_of(mina)

    response = forward(client_of(omar), message, elsewhere, theirs)

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [
        ("chats.1", "unknown_chat")
    ]
    assert (log_of(elsewhere), log_of(theirs)) == ([], [])


def test_where_no_files_are_sent_none_are_forwarded_and_nothing_anywhere(
    layla, omar, mina, group, elsewhere, client_of
):
    message, _ = send_message(actor=layla, chat=group, files=[file_of(layla).pk])
    bare = group_of(mina, omar)
    update_chat(actor=mina, chat=bare, permissions={"message.attach": "admins"})
    before = log_of(elsewhere), log_of(bare)

    response = forward(client_of(omar), message, elsewhere, bare)

    assert (response.status_code, response.json()["denied_by"]["action"]) == (403, "message.attach")
    assert (log_of(elsewhere), log_of(bare)) == before


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "chats", "required"),
        ({"chats": None}, "chats", "null"),
        ({"chats": []}, "chats", "min_length"),
        ({"chats": "all"}, "chats", "not_a_list"),
        ({"chats": ["all"]}, "chats.0", "invalid"),
        ({"chats": ["0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"] * 21}, "chats", "max_length"),
        ({"chats": ["{chat}"], "client_id": ""}, "client_id", "blank"),
        ({"chats": ["{chat}"], "client_id": "c" * 201}, "client_id", "max_length"),
        ({"chats": ["{chat}"], "text": "Hello"}, "text", "unknown_field"),
    ],
)
def test_what_has_not_the_shape_of_a_forward_is_refused(
    body, field, code, omar, elsewhere, message, client_of
):
    if body.get("chats") == ["{chat}"]:
        body = body | {"chats": [str(elsewhere.pk)]}

    response = client_of(omar).post(f"/api/v1/messages/{message.pk}/forward", body)

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [(field, code)]
    assert log_of(elsewhere) == []


def test_a_deleted_forward_forgets_whence_it_came(omar, mina, elsewhere, message, client_of):
    sent = forward(client_of(omar), message, elsewhere).json()[0]

    delete_message(actor=omar, message=Message.objects.get(pk=sent["id"]))

    assert client_of(mina).get(f"/api/v1/messages/{sent['id']}").json()["forwarded_from"] is None


def test_a_forward_outlives_what_it_forwards(layla, omar, mina, elsewhere, message, client_of):
    sent = forward(client_of(omar), message, elsewhere).json()[0]

    delete_message(actor=layla, message=message)
    leave_every_chat(user=layla.pk)

    shown = client_of(mina).get(f"/api/v1/messages/{sent['id']}").json()
    assert (shown["text"], shown["forwarded_from"]["author"]) == ("We leave at dawn.", str(layla.pk))


@pytest.mark.parametrize("flag", [None, "yes", 1])
def test_a_flag_that_is_none_is_refused(flag, layla, group, client_of):
    client = client_of(layla)

    of_message = client.post(
        f"/api/v1/chats/{group.pk}/messages", {"text": "Between us.", "no_forward": flag}
    )
    of_chat = client.patch(f"/api/v1/chats/{group.pk}", {"settings": {"no_forward": flag}})

    assert (of_message.status_code, of_chat.status_code) == (400, 400)
    assert log_of(group) == []


def test_a_stranger_to_the_target_hears_nothing_of_the_source(layla, omar, elsewhere, message, client_of):
    sent = forward(client_of(omar), message, elsewhere).json()[0]

    assert client_of(layla).get(f"/api/v1/messages/{sent['id']}").status_code == 404
    assert client_of(UserFactory()).get(f"/api/v1/messages/{message.pk}").status_code == 404


@pytest.mark.django_db(transaction=True)
@live
async def test_a_forward_is_heard_with_who_said_it_first(layla, omar, mina, group, client_of):
    message, _ = await in_thread(send_message)(actor=layla, chat=group, text="We leave at dawn.")
    chat = await in_thread(group_of)(omar, mina)
    minas, rest = await enter(mina), await in_thread(client_of)(omar)

    response = await in_thread(forward)(rest, message, chat)

    heard = await minas.next()
    assert (heard["type"], heard["data"]["text"]) == ("message.sent", "We leave at dawn.")
    assert heard["data"]["forwarded_from"] == response.json()[0]["forwarded_from"]
