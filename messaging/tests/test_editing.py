"""Editing a message: what it says now, what it said before, and who hears of it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from accounts.tests.factories import UserFactory
from messaging.models import Message, Revision
from messaging.services import (
    change_role,
    create_chat,
    edit_message,
    remove_participant,
    send_message,
    update_chat,
)
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of, types
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

SENT = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def message(layla, group):
    with time_machine.travel(SENT, tick=False):
        return send_message(actor=layla, chat=group, text="We leave at dawn.", client_id="c1")[0]


@pytest.fixture
def later():
    """A minute after the message was sent."""
    with time_machine.travel(SENT + timedelta(minutes=1), tick=False) as clock:
        yield clock


def path_of(message):
    return f"/api/v1/messages/{message.pk}"


def history(client, message):
    response = client.get(f"{path_of(message)}/history")
    assert response.status_code == 200
    return response.json()["results"]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_edited_message_says_so_and_keeps_its_place(method, later, layla, omar, group, message, client_of):
    response = getattr(client_of(layla), method)(path_of(message), {"text": "We leave at noon."})

    assert response.status_code == 200
    shown = response.json()
    assert (shown["text"], shown["revision"], shown["edited_at"], shown["created_at"], shown["seq"]) == (
        "We leave at noon.",
        2,
        "2026-05-01T12:01:00Z",
        "2026-05-01T12:00:00Z",
        1,
    )
    assert client_of(omar).get(path_of(message)).json() | {"status": ""} == shown | {"status": ""}
    chat = client_of(omar).get(f"/api/v1/chats/{group.pk}").json()
    assert (chat["last_message"]["text"], chat["last_seq"], chat["unread_count"]) == (
        "We leave at noon.",
        2,
        1,
    )
    assert log_of(group)[1:] == [(2, "message.updated", {"message": str(message.pk), "revision": 2})]


def test_its_history_tells_what_it_said_before_the_newest_first(later, layla, omar, message, client_of):
    client = client_of(layla)
    client.patch(path_of(message), {"text": "At noon."})
    later.shift(60)
    client.patch(path_of(message), {"text": "At one."})

    assert history(client_of(omar), message) == [
        {"revision": 2, "text": "At noon.", "created_at": "2026-05-01T12:01:00Z"},
        {"revision": 1, "text": "We leave at dawn.", "created_at": "2026-05-01T12:00:00Z"},
    ]
    page = client.get(f"{path_of(message)}/history?page_size=1").json()
    assert [each["revision"] for each in client.get(page["next"]).json()["results"]] == [1]


def test_what_was_never_edited_has_no_history(omar, message, client_of):
    assert history(client_of(omar), message) == []


def test_an_edit_that_changes_nothing_is_told_to_nobody(later, layla, group, message, client_of):
    client = client_of(layla)
    first = client.patch(path_of(message), {"text": "At noon.", "revision": 1})

    again = client.patch(path_of(message), {"text": "At noon.", "revision": 1})  # a retry

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert types(log_of(group)) == [(1, "message.sent"), (2, "message.updated")]
    assert Revision.objects.count() == 1


def test_what_was_edited_meanwhile_is_not_edited_unseen(later, layla, group, message, client_of):
    client = client_of(layla)
    client.patch(path_of(message), {"text": "At noon.", "revision": 1})

    refused = client.patch(path_of(message), {"text": "At one.", "revision": 1})
    by_header = client.patch(path_of(message), {"text": "At one."}, headers={"If-Match": '"1"'})

    for response in (refused, by_header):
        assert response.status_code == 412
        assert (response.json()["code"], response.json()["revision"]) == ("revision_conflict", 2)
    assert Message.objects.get().text == "At noon."
    assert len(log_of(group)) == 2


@pytest.mark.parametrize("value", ['"1"', "1", "*"])
def test_the_revision_may_stand_in_if_match(value, later, layla, message, client_of):
    response = client_of(layla).put(path_of(message), {"text": "At noon."}, headers={"If-Match": value})

    assert response.status_code == 200
    assert response.json()["revision"] == 2


@pytest.mark.parametrize("value", ["", "one", 'W/"1"', '"1", "2"', "-1"])
def test_an_if_match_that_names_no_revision_is_refused(value, later, layla, group, message, client_of):
    response = client_of(layla).put(path_of(message), {"text": "At noon."}, headers={"If-Match": value})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "If-Match"
    assert len(log_of(group)) == 1


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_nobody_edits_what_somebody_else_said(role, later, layla, omar, group, client_of):
    message, _ = send_message(actor=omar, chat=group, text="By train.")
    actor = layla
    if role == "admin":
        actor = UserFactory()
        chat = group_of(layla, actor, omar)
        change_role(actor=layla, chat=chat, user=actor, role="admin")
        message, _ = send_message(actor=omar, chat=chat, text="By train.")
    before = log_of(message.chat)

    response = client_of(actor).patch(path_of(message), {"text": "By car."})

    assert response.status_code == 403
    assert response.json()["denied_by"] == {"action": "message.edit", "role": role, "rule": "default"}
    assert Message.objects.get(pk=message.pk).text == "By train."
    assert log_of(message.chat) == before


def test_nobody_edits_what_the_platform_said(layla, group, client_of):
    from common.actors import SYSTEM

    notice, _ = send_message(actor=SYSTEM, chat=group, text="Maintenance at noon.", kind="system")

    response = client_of(layla).patch(path_of(notice), {"text": "No maintenance."})

    assert response.status_code == 403
    assert Message.objects.get().text == "Maintenance at noon."


@pytest.mark.parametrize("who", ["stranger", "removed author"])
def test_who_is_not_in_the_chat_neither_edits_nor_looks_back(who, later, layla, omar, group, client_of):
    message, _ = send_message(actor=omar, chat=group, text="By train.")
    if who == "removed author":
        remove_participant(actor=layla, chat=group, user=omar)
    client = client_of(UserFactory() if who == "stranger" else omar)
    before = log_of(group)

    edit = client.patch(path_of(message), {"text": "By car."})
    look = client.get(f"{path_of(message)}/history")

    assert (edit.status_code, look.status_code) == (404, 404)
    assert (Message.objects.get().text, log_of(group)) == ("By train.", before)


@pytest.mark.parametrize(("seconds", "status"), [(48 * 3600, 200), (48 * 3600 + 1, 409)])
def test_after_two_days_it_stays_as_it_is(seconds, status, layla, group, message, client_of):
    with time_machine.travel(SENT + timedelta(seconds=seconds), tick=False):
        response = client_of(layla).patch(path_of(message), {"text": "At noon."})

    assert response.status_code == status
    assert len(log_of(group)) == (2 if status == 200 else 1)
    if status == 409:
        assert (response.json()["code"], response.json()["edit_window"]) == ("edit_window_over", 172_800)


@pytest.mark.parametrize(("window", "status"), [(0, 409), (59, 409), (60, 200), (None, 200)])
def test_a_group_says_how_long_one_may_edit(window, status, later, layla, group, message, client_of):
    client = client_of(layla)
    changed = client.patch(f"/api/v1/chats/{group.pk}", {"settings": {"edit_window": window}})

    response = client.patch(path_of(message), {"text": "At noon."})

    assert changed.json()["settings"]["edit_window"] == window
    assert response.status_code == status


@pytest.mark.parametrize("window", [-1, "60", 1.5, True, 11 * 366 * 86_400])
def test_a_window_that_is_none_is_refused(window, layla, group, client_of):
    response = client_of(layla).patch(f"/api/v1/chats/{group.pk}", {"settings": {"edit_window": window}})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "settings.edit_window"


def test_in_a_private_chat_one_edits_ones_own(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    message, _ = send_message(actor=layla, chat=chat, text="Salam")

    of_layla = client_of(layla).patch(path_of(message), {"text": "Salam!"})
    of_omar = client_of(omar).patch(path_of(message), {"text": "No"})

    assert (of_layla.status_code, of_omar.status_code) == (200, 403)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "text", "required"),
        ({"text": ""}, "text", "blank"),
        ({"text": " \n"}, "text", "blank"),
        ({"text": None}, "text", "null"),
        ({"text": 5}, "text", "invalid"),
        ({"text": "x" * 10_001}, "text", "max_length"),
        ({"text": "a\0"}, "text", "null_characters_not_allowed"),
        ({"text": "At noon.", "revision": 0}, "revision", "min_value"),
        ({"text": "At noon.", "revision": 2**31}, "revision", "max_value"),
        ({"text": "At noon.", "revision": "1"}, "revision", "invalid"),
        ({"text": "At noon.", "kind": "system"}, "kind", "unknown_field"),
    ],
)
@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_has_not_the_shape_of_an_edit_is_refused(
    method, body, field, code, layla, group, message, client_of
):
    response = getattr(client_of(layla), method)(path_of(message), body)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert (Message.objects.get().text, len(log_of(group))) == ("We leave at dawn.", 1)


def test_a_retry_of_the_send_is_still_the_same_message(later, layla, group, message):
    edit_message(actor=layla, message=message, text="At noon.")

    again, is_new = send_message(actor=layla, chat=group, text="We leave at dawn.", client_id="c1")

    assert (again.pk, again.text, is_new) == (message.pk, "At noon.", False)


def test_an_edit_that_is_rolled_back_was_none(later, layla, group, message):
    with transaction.atomic():
        edit_message(actor=layla, message=message, text="At noon.")
        transaction.set_rollback(True)

    assert Message.objects.get().text == "We leave at dawn."
    assert not Revision.objects.exists()
    assert types(log_of(group)) == [(1, "message.sent")]


def test_nobody_is_told_in_their_own_stream(later, layla, omar, message):
    before = stream_of(layla), stream_of(omar)

    edit_message(actor=layla, message=message, text="At noon.")

    assert (stream_of(layla), stream_of(omar)) == before


def test_a_revision_is_kept_once(message):
    Revision.objects.create(message=message, revision=1, text="One", created_at=SENT)

    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.create(message=message, revision=1, text="Two", created_at=SENT)


@pytest.mark.parametrize("revisions", [1, 50])
def test_a_history_takes_four_queries(revisions, omar, message, client_of, django_assert_num_queries):
    Revision.objects.bulk_create(
        Revision(message=message, revision=number + 1, text="Before", created_at=SENT)
        for number in range(revisions)
    )
    client = client_of(omar)

    with django_assert_num_queries(4):  # the session, the message, its chat, the revisions
        assert len(history(client, message)) == revisions


def test_an_edit_takes_as_many_queries_whatever_there_is(
    later, layla, group, message, client_of, django_assert_num_queries
):
    for number in range(20):
        send_message(actor=layla, chat=group, text=f"Message {number}")
    client = client_of(layla)

    # The session, the message with its reactions and files (4), its chat; in a savepoint (2) the lock, the
    # message (4), the author's row, the revision, the message, the log, the chat's row.
    with django_assert_num_queries(18):
        assert client.patch(path_of(message), {"text": "At noon."}).status_code == 200


@pytest.mark.django_db(transaction=True)
@live
async def test_an_edit_by_socket_is_acknowledged_and_reaches_everybody(layla, omar, group):
    message, _ = await in_thread(send_message)(actor=layla, chat=group, text="At dawn.")
    laylas, omars = await enter(layla), await enter(omar)
    data = {"message": str(message.pk), "text": "At noon.", "revision": 1}

    answer = await laylas.ask("message.edit", data=data)
    again = await laylas.ask("message.edit", data=data)
    stale = await laylas.ask("message.edit", data=data | {"text": "At one."})
    foreign = await omars.ask("message.edit", data=data | {"text": "At one."})

    assert (answer["data"]["text"], answer["data"]["revision"], answer["data"]["status"]) == (
        "At noon.",
        2,
        "sent",
    )
    assert again["data"] == answer["data"]
    assert (stale["error"]["status"], stale["error"]["code"]) == (412, "revision_conflict")
    assert (foreign["error"]["status"], foreign["error"]["denied_by"]["action"]) == (403, "message.edit")
    await in_thread(update_chat)(actor=layla, chat=group, title="The end")
    waiting = await enter(omar)
    await waiting.say("resume", chats={str(group.pk): 0})
    heard = await waiting.until("resumed")
    assert [(each["type"], each.get("seq")) for each in heard[:3]] == [
        ("message.sent", 1),
        ("message.updated", 2),
        ("chat.updated", 3),
    ]
    assert [each["data"]["text"] for each in heard[:2]] == ["At noon.", "At noon."]  # as it is now
    updated = heard[1]["data"]
    assert (updated["id"], updated["seq"], updated["revision"]) == (str(message.pk), 1, 2)
    assert "status" not in updated


@pytest.mark.django_db(transaction=True)
@live
async def test_a_socket_of_one_chat_edits_that_chats_messages_alone(layla, group):
    other = await in_thread(group_of)(layla)
    here, _ = await in_thread(send_message)(actor=layla, chat=group, text="Here")
    elsewhere, _ = await in_thread(send_message)(actor=layla, chat=other, text="Elsewhere")
    client = await enter(layla, f"/ws/chats/{group.pk}")

    done = await client.ask("message.edit", data={"message": str(here.pk), "text": "Edited"})
    refused = await client.ask("message.edit", data={"message": str(elsewhere.pk), "text": "Edited"})

    assert done["data"]["text"] == "Edited"
    assert [(each["field"], each["code"]) for each in refused["error"]["errors"]] == [
        ("message", "unknown_message")
    ]


@pytest.mark.django_db(transaction=True)
@live
async def test_a_stranger_edits_nothing_by_socket(layla, group):
    message, _ = await in_thread(send_message)(actor=layla, chat=group, text="At dawn.")
    stranger = await enter(await in_thread(UserFactory)())

    answer = await stranger.ask("message.edit", data={"message": str(message.pk), "text": "At noon."})

    assert answer["error"]["errors"][0]["code"] == "unknown_message"
    assert (await in_thread(Message.objects.get)()).text == "At dawn."
