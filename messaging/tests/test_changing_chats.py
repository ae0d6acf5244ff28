"""What a group says of itself, changed by those who may."""

import pytest

from messaging.models import Chat
from messaging.services import change_role, create_chat, update_chat
from messaging.tests.logs import log_of

pytestmark = pytest.mark.django_db


def path_of(chat):
    return f"/api/v1/chats/{chat.pk}"


@pytest.mark.parametrize("method", ["patch", "put"])
def test_what_is_left_out_of_a_change_stays(method, layla, group, client_of):
    update_chat(actor=layla, chat=group, description="Four days")
    change = getattr(client_of(layla), method)

    response = change(path_of(group), {"title": "Petra", "settings": {"members_can_add": True}})

    assert response.status_code == 200
    body = response.json()
    assert (body["title"], body["description"], body["settings"], body["last_seq"]) == (
        "Petra",
        "Four days",
        {
            "members_can_add": True,
            "send": "everyone",
            "permissions": {"participant.add": "everyone"},
            "edit_window": 172_800,
            "no_forward": False,
        },
        2,
    )
    assert log_of(group) == [
        (1, "chat.updated", {"by": str(layla.pk)}),
        (2, "chat.updated", {"by": str(layla.pk)}),
    ]
    assert client_of(layla).get(path_of(group)).json() == body


def test_an_admin_changes_a_group_too(layla, omar, group, client_of):
    change_role(actor=layla, chat=group, user=omar, role="admin")

    response = client_of(omar).patch(path_of(group), {"description": ""})

    assert response.status_code == 200
    assert response.json()["my_role"] == "admin"


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"title": "Wadi Rum"},
        {"settings": {}},
        {"description": "", "settings": {"members_can_add": False}},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["patch", "put"])
def test_a_change_that_changes_nothing_is_told_to_nobody(method, same, layla, group, client_of):
    response = getattr(client_of(layla), method)(path_of(group), same)

    assert response.status_code == 200
    assert response.json()["last_seq"] == 0
    assert log_of(group) == []


@pytest.mark.parametrize("method", ["patch", "put"])
def test_a_member_cannot_change_a_group(method, omar, group, client_of):
    response = getattr(client_of(omar), method)(path_of(group), {"title": "Mine"})

    assert response.status_code == 403
    assert response.json()["code"] == "not_allowed"
    assert response.json()["denied_by"] == {"action": "chat.update", "role": "member", "rule": "default"}
    assert Chat.objects.get().title == "Wadi Rum"
    assert log_of(group) == []


@pytest.mark.parametrize("method", ["patch", "put", "delete", "get"])
def test_a_stranger_cannot_tell_that_a_chat_exists(method, mina, group, client_of):
    response = getattr(client_of(mina), method)(
        path_of(group), {"title": "Mine"} if method != "get" else None
    )

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    assert Chat.objects.get(deleted_at=None).title == "Wadi Rum"
    assert log_of(group) == []


def test_nobody_changes_a_private_chat(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])

    response = client_of(layla).patch(path_of(chat), {"title": "Us"})

    assert response.status_code == 403
    assert Chat.objects.get().title == ""
    assert log_of(chat) == []


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"title": ""}, "title", "blank"),
        ({"title": " "}, "title", "blank"),
        ({"title": None}, "title", "null"),
        ({"title": "x" * 121}, "title", "max_length"),
        ({"title": "a\0b"}, "title", "null_characters_not_allowed"),
        ({"description": 7}, "description", "invalid"),
        ({"type": "private"}, "type", "unknown_field"),
        ({"participants": []}, "participants", "unknown_field"),
        ({"settings": {"members_can_add": None}}, "settings.members_can_add", "null"),
        ({"settings": None}, "settings", "null"),
    ],
)
def test_what_has_not_the_shape_of_a_change_is_refused(body, field, code, layla, group, client_of):
    response = client_of(layla).patch(path_of(group), body | {"description": body.get("description", "New")})

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert Chat.objects.get().description == ""
    assert log_of(group) == []


def test_a_change_of_what_is_no_field_is_a_fault_of_ours(layla, group):
    with pytest.raises(TypeError, match="no such fields: \\['type'\\]"):
        update_chat(actor=layla, chat=group, type="private")
