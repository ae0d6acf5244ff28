"""Leaving a chat, and deleting it for everybody."""

import pytest

from common.actors import SYSTEM
from common.problems import NotAllowed, NotFound
from messaging.models import Chat, Message, Participant
from messaging.services import change_role, create_chat, delete_chat, leave_chat, mark_read, send_message
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of, types

pytestmark = pytest.mark.django_db


def path_of(chat):
    return f"/api/v1/chats/{chat.pk}"


def people_in(chat):
    return dict(chat.participants.present().values_list("user__username", "role"))


@pytest.mark.parametrize("query", ["", "?leave=true", "?leave=false"])
def test_a_member_leaves(query, layla, omar, group, client_of):
    response = client_of(omar).delete(path_of(group) + query)

    assert (response.status_code, response.content) == (204, b"")
    assert client_of(omar).get(path_of(group)).status_code == 404
    assert people_in(group) == {"layla": "owner"}
    assert client_of(layla).get(path_of(group)).json()["participant_count"] == 1
    assert log_of(group) == [(1, "participant.removed", {"user": str(omar.pk), "by": str(omar.pk)})]
    assert stream_of(omar)[1:] == [(2, "chat.removed", {"chat": str(group.pk), "upto": 1})]
    assert types(stream_of(layla)) == [(1, "chat.added")]


def test_the_owner_deletes_the_group_for_all(layla, omar, group, client_of):
    send_message(actor=omar, chat=group, text="Hello")

    response = client_of(layla).delete(path_of(group))

    assert response.status_code == 204
    removed = [(2, "chat.removed", {"chat": str(group.pk), "upto": 1})]
    assert (stream_of(layla)[1:], stream_of(omar)[1:]) == (removed, removed)
    for person in (layla, omar):
        client = client_of(person)
        assert client.get("/api/v1/chats").json()["results"] == []
        assert client.get(f"{path_of(group)}/messages").status_code == 404
        assert client.get(f"/api/v1/messages/{Message.objects.get().pk}").status_code == 404
        assert client.post(f"{path_of(group)}/messages", {"text": "Still here?"}).status_code == 404
    assert types(log_of(group)) == [(1, "message.sent")]


def test_a_deleted_chat_takes_nothing_from_who_still_holds_it(omar, layla, group):
    send_message(actor=layla, chat=group, text="Hello")
    delete_chat(actor=layla, chat=group)

    for call, more in [(send_message, {"text": "Too late"}), (mark_read, {"seq": 1}), (leave_chat, {})]:
        with pytest.raises(NotFound):
            call(actor=omar, chat=group, **more)

    assert Message.objects.count() == 1
    assert types(log_of(group)) == [(1, "message.sent")]
    assert types(stream_of(omar)) == [(1, "chat.added"), (2, "chat.removed")]


def test_an_owner_hands_over_before_leaving(layla, omar, group, client_of):
    client = client_of(layla)

    refused = client.delete(f"{path_of(group)}?leave=true")
    in_between = people_in(group)
    handed_over = client.patch(f"{path_of(group)}/participants/{omar.pk}", {"role": "owner"})
    left = client.delete(f"{path_of(group)}?leave=true")

    assert refused.status_code == 409
    assert refused.json()["code"] == "owner_must_hand_over"
    assert in_between == {"layla": "owner", "omar": "member"}
    assert (handed_over.status_code, left.status_code) == (200, 204)
    assert people_in(group) == {"omar": "owner"}
    assert types(log_of(group)) == [
        (1, "participant.updated"),
        (2, "participant.updated"),
        (3, "participant.removed"),
    ]


def test_a_group_whose_last_one_leaves_is_deleted(layla, client_of):
    chat = group_of(layla)

    response = client_of(layla).delete(f"{path_of(chat)}?leave=true")

    assert response.status_code == 204
    assert Chat.objects.get().deleted_at is not None
    assert stream_of(layla)[1:] == [(2, "chat.removed", {"chat": str(chat.pk), "upto": 0})]


def test_an_admin_leaves_and_comes_back_as_a_member(layla, omar, group, client_of):
    change_role(actor=layla, chat=group, user=omar, role="admin")
    client_of(omar).delete(path_of(group))

    response = client_of(layla).post(f"{path_of(group)}/participants", {"user": str(omar.pk)})

    assert response.status_code == 201
    assert people_in(group) == {"layla": "owner", "omar": "member"}
    assert Participant.objects.count() == 2


@pytest.mark.parametrize("role", ["admin", "member"])
def test_nobody_but_the_owner_deletes_a_group_through_any_door(role, layla, omar, group):
    change_role(actor=layla, chat=group, user=omar, role=role)

    with pytest.raises(NotAllowed):
        delete_chat(actor=omar, chat=group)

    assert Chat.objects.get().deleted_at is None
    assert types(stream_of(omar)) == [(1, "chat.added")]


def test_nobody_deletes_a_private_chat_for_the_other(layla, omar):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])

    with pytest.raises(NotAllowed):
        delete_chat(actor=layla, chat=chat)

    assert Chat.objects.get().deleted_at is None
    assert types(stream_of(omar)) == [(1, "chat.added")]


@pytest.mark.parametrize("value", ["yes", "1", "", "TRUE"])
def test_leaving_or_deleting_is_never_guessed(value, layla, group, client_of):
    response = client_of(layla).delete(f"{path_of(group)}?leave={value}")

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["leave"]
    assert Chat.objects.get().deleted_at is None
    assert log_of(group) == []


def test_a_private_chat_comes_back_with_the_next_message(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    send_message(actor=layla, chat=chat, text="Before")
    client, path = client_of(omar), path_of(chat)

    left = client.delete(path)
    away = client.get(path)
    send_message(actor=layla, chat=chat, text="Are you there?")
    back = client.get(path)

    assert (left.status_code, away.status_code, back.status_code) == (204, 404, 200)
    assert back.json()["participant_count"] == 2
    assert (back.json()["unread_count"], back.json()["last_message"]["text"]) == (1, "Are you there?")
    assert log_of(chat)[1:3] == [
        (2, "participant.removed", {"user": str(omar.pk), "by": str(omar.pk)}),
        (3, "participant.added", {"user": str(omar.pk), "by": str(layla.pk)}),
    ]
    assert types(log_of(chat))[3:] == [(4, "message.sent")]
    assert stream_of(omar)[1:] == [
        (2, "chat.removed", {"chat": str(chat.pk), "upto": 2}),
        (3, "chat.added", {"chat": str(chat.pk), "after": 2}),
    ]


def test_who_left_a_private_chat_cannot_write_into_it(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    leave_chat(actor=omar, chat=chat)

    response = client_of(omar).post(f"{path_of(chat)}/messages", {"text": "Hello?"})

    assert response.status_code == 404
    assert not Message.objects.exists()
    assert types(log_of(chat)) == [(1, "participant.removed")]


def test_two_who_both_left_meet_again_in_the_same_chat(layla, omar):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    leave_chat(actor=omar, chat=chat)
    leave_chat(actor=layla, chat=chat)

    again, is_new = create_chat(actor=layla, type="private", participants=[omar])
    send_message(actor=layla, chat=again, text="Back")

    assert (again.pk, is_new) == (chat.pk, False)
    assert people_in(chat) == {"layla": "member", "omar": "member"}
    chat.refresh_from_db()
    assert (chat.participant_count, chat.last_seq) == (2, 5)


def test_the_platform_deletes_a_private_chat_and_the_two_may_start_anew(layla, omar):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])

    delete_chat(actor=SYSTEM, chat=chat)
    anew, is_new = create_chat(actor=omar, type="private", participants=[layla])

    assert is_new
    assert anew.pk != chat.pk
    assert types(stream_of(layla)) == [(1, "chat.added"), (2, "chat.removed"), (3, "chat.added")]


def test_leaving_twice_is_leaving_once(omar, group):
    leave_chat(actor=omar, chat=group)

    with pytest.raises(NotFound):
        leave_chat(actor=omar, chat=group)

    assert types(log_of(group)) == [(1, "participant.removed")]
    group.refresh_from_db()
    assert group.participant_count == 1
