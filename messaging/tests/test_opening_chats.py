"""Opening a chat: a group is its maker's, a private chat is one for two people."""

from datetime import UTC, datetime

import pytest

from accounts.tests.factories import UserFactory
from common.models import LogEntry
from messaging.models import Chat
from messaging.services import create_chat, leave_chat, send_message
from messaging.tests.logs import log_of, stream_of

pytestmark = pytest.mark.django_db

CHATS = "/api/v1/chats"


def open_private(client, *people):
    return client.post(CHATS, {"type": "private", "participants": [str(person.pk) for person in people]})


def faults(response):
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


def test_a_group_belongs_to_whoever_opens_it(layla, omar, client_of):
    response = client_of(layla).post(
        CHATS,
        {
            "type": "group",
            "title": "  Wadi Rum  ",
            "description": "Four days, two cars.",
            "participants": [str(omar.pk)],
            "settings": {"members_can_add": True},
        },
    )

    body = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/chats/{body['id']}"
    assert datetime.fromisoformat(body["created_at"]).tzinfo == UTC
    assert body | {"id": "", "created_at": ""} == {
        "id": "",
        "type": "group",
        "title": "Wadi Rum",
        "description": "Four days, two cars.",
        "avatar": None,
        "avatars": None,
        "settings": {
            "members_can_add": True,
            "send": "everyone",
            "permissions": {"participant.add": "everyone"},
            "edit_window": 172_800,
            "no_forward": False,
        },
        "my_role": "owner",
        "participant_count": 2,
        "last_message": None,
        "last_seq": 0,
        "read_seq": 0,
        "unread_count": 0,
        "unread_mentions": 0,
        "thread_unread_count": 0,
        "state": "active",
        "added_by": str(layla.pk),
        "muted": False,
        "muted_until": None,
        "archived": False,
        "marked_unread": False,
        "favourite": None,
        "created_at": "",
    }
    people = client_of(omar).get(f"{CHATS}/{body['id']}/participants").json()["results"]
    assert [(each["username"], each["role"]) for each in people] == [("layla", "owner"), ("omar", "member")]


def test_everybody_in_a_new_group_is_told_in_their_own_stream(layla, omar, client_of):
    response = client_of(layla).post(
        CHATS, {"type": "group", "title": "Wadi Rum", "participants": [str(omar.pk), str(layla.pk)]}
    )

    added = [(1, "chat.added", {"chat": response.json()["id"], "after": 0})]
    assert response.json()["participant_count"] == 2
    assert (stream_of(layla), stream_of(omar)) == (added, added)
    assert log_of(Chat.objects.get()) == []


def test_a_group_may_have_its_maker_alone(layla, client_of):
    response = client_of(layla).post(CHATS, {"type": "group", "title": "Notes"})

    assert response.status_code == 201
    assert response.json()["participant_count"] == 1
    assert response.json()["settings"] == {
        "members_can_add": False,
        "send": "everyone",
        "permissions": {},
        "edit_window": 172_800,
        "no_forward": False,
    }


def test_a_private_chat_is_opened_once_whoever_asks(layla, omar, client_of):
    first = open_private(client_of(layla), omar)
    again = open_private(client_of(layla), omar)
    other_side = open_private(client_of(omar), layla)

    assert [each.status_code for each in (first, again, other_side)] == [201, 200, 200]
    assert first.headers["Location"] == f"/api/v1/chats/{first.json()['id']}"
    assert "Location" not in again.headers
    assert again.json() == first.json()
    assert other_side.json() == first.json() | {"state": "request"}  # she is a stranger to him
    assert first.json() | {"id": "", "created_at": ""} == {
        "id": "",
        "type": "private",
        "title": "",
        "description": "",
        "avatar": None,
        "settings": {
            "members_can_add": False,
            "send": "everyone",
            "permissions": {},
            "edit_window": 172_800,
            "no_forward": False,
        },
        "avatars": None,
        "my_role": "member",
        "participant_count": 2,
        "last_message": None,
        "last_seq": 0,
        "read_seq": 0,
        "unread_count": 0,
        "unread_mentions": 0,
        "thread_unread_count": 0,
        "state": "active",
        "added_by": str(layla.pk),
        "muted": False,
        "muted_until": None,
        "archived": False,
        "marked_unread": False,
        "favourite": None,
        "created_at": "",
    }
    assert Chat.objects.count() == 1
    added = [(1, "chat.added", {"chat": first.json()["id"], "after": 0})]
    assert (stream_of(layla), stream_of(omar)) == (added, added)


def test_naming_oneself_beside_the_other_is_still_the_chat_of_the_two(layla, omar, client_of):
    response = open_private(client_of(layla), layla, omar)

    assert response.status_code == 201
    assert response.json()["participant_count"] == 2


def test_each_pair_of_people_has_a_private_chat_of_its_own(layla, omar, mina, client_of):
    with_omar = open_private(client_of(layla), omar)
    with_mina = open_private(client_of(layla), mina)

    assert (with_omar.status_code, with_mina.status_code) == (201, 201)
    assert with_omar.json()["id"] != with_mina.json()["id"]


def test_opening_a_private_chat_again_brings_back_who_had_left_it(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    send_message(actor=omar, chat=chat, text="Are you there?")
    leave_chat(actor=layla, chat=chat)

    response = open_private(client_of(layla), omar)

    assert response.status_code == 200
    assert response.json()["id"] == str(chat.pk)
    assert (response.json()["participant_count"], response.json()["unread_count"]) == (2, 0)
    assert log_of(chat)[1:] == [
        (2, "participant.removed", {"user": str(layla.pk), "by": str(layla.pk)}),
        (3, "participant.added", {"user": str(layla.pk), "by": str(layla.pk)}),
    ]
    assert stream_of(layla)[1:] == [
        (2, "chat.removed", {"chat": str(chat.pk), "upto": 2}),
        (3, "chat.added", {"chat": str(chat.pk), "after": 2}),
    ]


@pytest.mark.parametrize("named", [[], ["layla"], ["omar", "mina"]], ids=["nobody", "oneself", "several"])
def test_a_private_chat_is_with_exactly_one_other_person(named, layla, omar, mina, client_of):
    people = {"layla": layla, "omar": omar, "mina": mina}

    response = open_private(client_of(layla), *(people[name] for name in named))

    assert response.status_code == 400
    assert faults(response) == [("participants", "one_other")]
    assert not Chat.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "Us"), ("description", "Just us"), ("settings", {"members_can_add": True})],
)
def test_a_private_chat_has_nothing_to_say_of_itself(field, value, layla, omar, client_of):
    response = client_of(layla).post(CHATS, {"type": "private", "participants": [str(omar.pk)], field: value})

    assert response.status_code == 201
    assert (response.json()["title"], response.json()["description"]) == ("", "")
    assert response.json()["settings"] == {
        "members_can_add": False,
        "send": "everyone",
        "permissions": {},
        "edit_window": 172_800,
        "no_forward": False,
    }


@pytest.mark.parametrize("type_", ["private", "group"])
@pytest.mark.parametrize(
    "who",
    [{"is_active": False}, {"email_verified_at": None}, None],
    ids=["inactive", "unverified", "unknown"],
)
def test_who_cannot_take_part_is_unknown(type_, who, layla, client_of):
    person = "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01" if who is None else str(UserFactory(**who).pk)
    title = {"title": "Wadi Rum"} if type_ == "group" else {}

    response = client_of(layla).post(CHATS, {"type": type_, "participants": [person], **title})

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert faults(response) == [("participants.0", "unknown_user")]
    assert not Chat.objects.exists()
    assert not LogEntry.objects.exists()


def test_every_unknown_person_is_named_by_their_place(layla, omar, client_of):
    people = [str(omar.pk), "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01", "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d02"]

    response = client_of(layla).post(CHATS, {"type": "group", "title": "Us", "participants": people})

    assert faults(response) == [("participants.1", "unknown_user"), ("participants.2", "unknown_user")]


GROUP = {"type": "group", "title": "Wadi Rum"}


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"type": "group"}, "title", "required"),
        (GROUP | {"title": ""}, "title", "blank"),
        (GROUP | {"title": "   "}, "title", "blank"),
        (GROUP | {"title": None}, "title", "null"),
        (GROUP | {"title": 5}, "title", "invalid"),
        (GROUP | {"title": ["Wadi", "Rum"]}, "title", "invalid"),
        (GROUP | {"title": "x" * 121}, "title", "max_length"),
        (GROUP | {"title": "Wadi\0Rum"}, "title", "null_characters_not_allowed"),
        (GROUP | {"description": "x" * 1001}, "description", "max_length"),
        (GROUP | {"description": False}, "description", "invalid"),
        ({"title": "Wadi Rum"}, "type", "required"),
        (GROUP | {"type": "forum"}, "type", "invalid_choice"),
        (GROUP | {"type": ["group"]}, "type", "invalid_choice"),
        (GROUP | {"type": None}, "type", "null"),
        (GROUP | {"tittle": "Wadi Rum"}, "tittle", "unknown_field"),
        (GROUP | {"settings": True}, "settings", "invalid"),
        (GROUP | {"settings": {"members_can_add": "yes"}}, "settings.members_can_add", "invalid"),
        (GROUP | {"settings": {"members_can_add": 1}}, "settings.members_can_add", "invalid"),
        (GROUP | {"settings": {"members_can_ad": True}}, "settings.members_can_ad", "unknown_field"),
        (GROUP | {"participants": "omar"}, "participants", "not_a_list"),
        (GROUP | {"participants": {"0": "omar"}}, "participants", "not_a_list"),
        (GROUP | {"participants": ["omar"]}, "participants.0", "invalid"),
        (GROUP | {"participants": [7]}, "participants.0", "invalid"),
        (GROUP | {"participants": [None]}, "participants.0", "null"),
        (GROUP | {"participants": ["0198c5b27d447a319c112f6a4e8b1d01"]}, "participants.0", "invalid"),
        (
            GROUP | {"participants": ["0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"] * 201},
            "participants",
            "max_length",
        ),
    ],
)
def test_what_has_not_the_shape_of_a_chat_is_refused(body, field, code, layla, client_of):
    response = client_of(layla).post(CHATS, body)

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert faults(response) == [(field, code)]
    assert not Chat.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("body", [[], "group", 7, [GROUP]])
def test_a_body_that_is_no_object_is_refused(body, layla, client_of):
    response = client_of(layla).post(CHATS, body)

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert not Chat.objects.exists()


@pytest.mark.parametrize("others", [1, 200])
def test_a_group_of_many_costs_hardly_more_than_one_of_two(
    others, layla, client_of, django_assert_max_num_queries
):
    client = client_of(layla)
    people = [str(person.pk) for person in UserFactory.create_batch(others)]

    # The session, the people; in a savepoint (2) whom of them she is a stranger to, the chat, who is in it,
    # that they came, the counters of their streams (3) and the entries; the chat as it is seen, with what
    # stands in for a hidden last message (2). SQLite takes a thousand values a statement: four more of 200.
    with django_assert_max_num_queries(21):
        response = client.post(CHATS, {"type": "group", "title": "All", "participants": people})

    assert response.json()["participant_count"] == others + 1


def test_a_stranger_opens_nothing(client):
    response = client.post(CHATS, GROUP)

    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
    assert not Chat.objects.exists()
