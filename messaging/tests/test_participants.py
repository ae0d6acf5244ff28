"""Who is in a chat: seen in pages, added, given roles, removed."""

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from common.actors import SYSTEM
from messaging.models import Chat, Participant
from messaging.services import add_participants, change_role, create_chat, remove_participant, send_message
from messaging.tests.factories import crowd_of, group_of
from messaging.tests.logs import log_of, stream_of, types

pytestmark = pytest.mark.django_db

NOBODY = "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"


def people_of(chat, person=None):
    return f"/api/v1/chats/{chat.pk}/participants" + (f"/{person.pk}" if isinstance(person, User) else "")


def roles_in(chat):
    return dict(chat.participants.present().values_list("user__username", "role"))


def faults(response):
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


# --- Seeing them --------------------------------------------------------------------------------------------


def test_somebody_in_a_chat_is_shown_whole(layla, omar, group, client_of):
    client = client_of(omar)

    one = client.get(people_of(group, layla))
    everybody = client.get(people_of(group))

    assert one.json() | {"joined_at": ""} == {
        "user": str(layla.pk),
        "username": "layla",
        "display_name": "Layla",
        "avatar": None,
        "role": "owner",
        "joined_at": "",
        "presence": "offline",
    }
    assert [each["username"] for each in everybody.json()["results"]] == ["layla", "omar"]
    assert everybody.json()["results"][0] == one.json()
    assert (everybody.json()["next"], everybody.json()["previous"]) == (None, None)


def test_pages_show_everybody_once_in_the_order_in_which_they_came(layla, client_of):
    chat = group_of(layla, *(UserFactory(username=f"guest{number}") for number in range(6)))
    client, url, seen = client_of(layla), f"{people_of(chat)}?page_size=3", []

    while url:
        page = client.get(url).json()
        seen.append([each["username"] for each in page["results"]])
        url = page["next"]

    assert seen == [["layla", "guest0", "guest1"], ["guest2", "guest3", "guest4"], ["guest5"]]


@pytest.mark.parametrize("members", [10, 1000])
def test_the_list_takes_five_queries(members, layla, client_of, django_assert_num_queries):
    chat = group_of(layla)
    Participant.objects.bulk_create(Participant(chat=chat, user=each) for each in crowd_of(members))
    client = client_of(layla)

    with django_assert_num_queries(5):  # the session, the chat, the people, their presence, blocks
        response = client.get(people_of(chat), {"page_size": 200})

    assert len(response.json()["results"]) == min(members + 1, 200)


def test_who_is_gone_is_not_shown(layla, omar, group, client_of):
    remove_participant(actor=layla, chat=group, user=omar)
    client = client_of(layla)

    assert client.get(people_of(group, omar)).status_code == 404
    assert [each["username"] for each in client.get(people_of(group)).json()["results"]] == ["layla"]


# --- Adding -------------------------------------------------------------------------------------------------


def test_people_are_added_one_or_several(layla, omar, mina, group, client_of):
    noor = UserFactory(username="noor")
    client = client_of(layla)

    one = client.post(people_of(group), {"user": str(mina.pk)})
    several = client.post(people_of(group), {"users": [str(noor.pk), str(noor.pk)], "role": "admin"})

    assert (one.status_code, several.status_code) == (201, 201)
    assert one.headers["Location"] == people_of(group)
    assert [(each["username"], each["role"]) for each in one.json()] == [("mina", "member")]
    assert [(each["username"], each["role"]) for each in several.json()] == [("noor", "admin")]
    assert roles_in(group) == {"layla": "owner", "omar": "member", "mina": "member", "noor": "admin"}
    assert log_of(group) == [
        (1, "participant.added", {"user": str(mina.pk), "by": str(layla.pk)}),
        (2, "participant.added", {"user": str(noor.pk), "by": str(layla.pk)}),
    ]
    assert stream_of(mina) == [(1, "chat.added", {"chat": str(group.pk), "after": 0})]
    assert stream_of(noor) == [(1, "chat.added", {"chat": str(group.pk), "after": 1})]
    assert types(stream_of(omar)) == [(1, "chat.added")]
    group.refresh_from_db()
    assert (group.participant_count, group.last_seq) == (4, 2)


def test_people_added_together_hear_of_each_other(layla, mina, group):
    noor = UserFactory(username="noor")

    add_participants(actor=layla, chat=group, users=[mina, noor])

    assert types(log_of(group)) == [(1, "participant.added"), (2, "participant.added")]
    added = [(1, "chat.added", {"chat": str(group.pk), "after": 0})]
    assert (stream_of(mina), stream_of(noor)) == (added, added)


def test_who_is_in_it_already_stays_as_they_are(layla, omar, group, client_of):
    change_role(actor=layla, chat=group, user=omar, role="admin")
    joined_at = group.participants.get(user=omar).joined_at

    response = client_of(layla).post(people_of(group), {"user": str(omar.pk), "role": "member"})

    assert response.status_code == 201
    assert [(each["username"], each["role"]) for each in response.json()] == [("omar", "admin")]
    assert group.participants.get(user=omar).joined_at == joined_at
    assert types(log_of(group)) == [(1, "participant.updated")]
    assert types(stream_of(omar)) == [(1, "chat.added")]
    group.refresh_from_db()
    assert group.participant_count == 2


def test_of_several_only_the_absent_are_added(layla, omar, mina, group, client_of):
    response = client_of(layla).post(people_of(group), {"users": [str(omar.pk), str(mina.pk)]})

    assert {each["username"] for each in response.json()} == {"omar", "mina"}
    assert log_of(group) == [(1, "participant.added", {"user": str(mina.pk), "by": str(layla.pk)})]


def test_who_comes_back_finds_nothing_unread(layla, omar, group, client_of):
    remove_participant(actor=layla, chat=group, user=omar)
    send_message(actor=layla, chat=group, text="Without him")
    add_participants(actor=layla, chat=group, users=[omar])

    response = client_of(omar).get(f"/api/v1/chats/{group.pk}")

    assert (response.json()["last_seq"], response.json()["read_seq"], response.json()["unread_count"]) == (
        3,
        2,
        0,
    )
    assert Participant.objects.filter(chat=group, user=omar).count() == 1


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "body", "one_or_several"),
        ({"users": []}, "body", "one_or_several"),
        ({"user": "{mina}", "users": ["{omar}"]}, "body", "one_or_several"),
        ({"user": NOBODY}, "user", "unknown_user"),
        ({"users": ["{mina}", NOBODY]}, "users.1", "unknown_user"),
        ({"user": "mina"}, "user", "invalid"),
        ({"user": None}, "user", "null"),
        ({"user": ["{mina}"]}, "user", "invalid"),
        ({"users": "{mina}"}, "users", "not_a_list"),
        ({"users": [NOBODY] * 201}, "users", "max_length"),
        ({"user": "{mina}", "role": "guest"}, "role", "invalid_choice"),
        ({"user": "{mina}", "role": None}, "role", "null"),
        ({"user": "{mina}", "rank": "admin"}, "rank", "unknown_field"),
    ],
)
def test_what_names_nobody_rightly_is_refused(body, field, code, layla, omar, mina, group, client_of):
    ids = {"{mina}": str(mina.pk), "{omar}": str(omar.pk)}
    body = {
        name: [ids.get(each, each) for each in value] if isinstance(value, list) else ids.get(value, value)
        for name, value in body.items()
    }

    response = client_of(layla).post(people_of(group), body)

    assert response.status_code == 400
    assert faults(response) == [(field, code)]
    assert roles_in(group) == {"layla": "owner", "omar": "member"}
    assert log_of(group) == []


@pytest.mark.parametrize(
    "who", [{"is_active": False}, {"email_verified_at": None}], ids=["inactive", "unverified"]
)
def test_who_cannot_take_part_is_not_added(who, layla, group, client_of):
    response = client_of(layla).post(people_of(group), {"user": str(UserFactory(**who).pk)})

    assert response.status_code == 400
    assert faults(response) == [("user", "unknown_user")]
    assert log_of(group) == []


def test_a_full_chat_takes_nobody(layla, omar, mina, group, client_of, monkeypatch):
    monkeypatch.setattr(Chat, "MAX_PARTICIPANTS", 3)
    noor = UserFactory(username="noor")
    client = client_of(layla)

    too_many = client.post(people_of(group), {"users": [str(mina.pk), str(noor.pk)]})
    in_between = roles_in(group)
    the_last = client.post(people_of(group), {"users": [str(mina.pk), str(omar.pk)]})

    assert too_many.status_code == 409
    assert too_many.json() | {"request_id": ""} == {
        "type": "http://testserver/api/docs/problems#chat_full",
        "title": "This chat has as many people as it can hold.",
        "status": 409,
        "detail": "This chat has as many people as it can hold.",
        "code": "chat_full",
        "limit": 3,
        "request_id": "",
    }
    assert in_between == {"layla": "owner", "omar": "member"}
    assert the_last.status_code == 201
    assert types(log_of(group)) == [(1, "participant.added")]
    assert stream_of(noor) == []


@pytest.mark.parametrize(("role", "given"), [("owner", "owner"), ("admin", "admin"), ("admin", "owner")])
def test_nobody_gives_a_role_as_high_as_their_own(role, given, layla, omar, mina, group, client_of):
    if role == "admin":
        change_role(actor=layla, chat=group, user=omar, role="admin")
    before = log_of(group)

    response = client_of(layla if role == "owner" else omar).post(
        people_of(group), {"user": str(mina.pk), "role": given}
    )

    assert response.status_code == 403
    assert response.json()["code"] == "cannot_act_on_equal"
    assert response.json()["denied_by"] == {"action": "participant.add", "role": role, "rule": "rank"}
    assert mina.username not in roles_in(group)
    assert log_of(group) == before


def test_members_add_people_where_the_group_lets_them(omar, layla, mina, client_of):
    chat = group_of(layla, omar, members_can_add=True)

    response = client_of(omar).post(people_of(chat), {"user": str(mina.pk)})

    assert response.status_code == 201
    assert log_of(chat) == [(1, "participant.added", {"user": str(mina.pk), "by": str(omar.pk)})]


@pytest.mark.parametrize("many", [1, 100])
def test_adding_reads_no_more_for_many_than_for_one(
    many, layla, group, client_of, django_assert_max_num_queries
):
    people = [str(person.pk) for person in crowd_of(many)]
    client = client_of(layla)

    # The session, the chat, the people; in a savepoint (2) the lock, the caller's row, who is in it, to
    # whom she is a stranger, the rows (SQLite takes a thousand values a statement: one more of 100), that
    # they came, the counters of their streams (3), the entries, the chat's row, the answer with their
    # presence (3); each one's own entry.
    with django_assert_max_num_queries(24 + many):
        response = client.post(people_of(group), {"users": people})

    assert len(response.json()) == many
    assert len(log_of(group)) == many


# --- Roles --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["patch", "put"])
def test_the_owner_gives_a_role_and_takes_it_again(method, layla, omar, group, client_of):
    change = getattr(client_of(layla), method)

    up = change(people_of(group, omar), {"role": "admin"})
    same = change(people_of(group, omar), {"role": "admin"})
    down = change(people_of(group, omar), {"role": "member"})

    assert [each.status_code for each in (up, same, down)] == [200, 200, 200]
    assert [each.json()["role"] for each in (up, same, down)] == ["admin", "admin", "member"]
    assert log_of(group) == [
        (1, "participant.updated", {"user": str(omar.pk), "by": str(layla.pk)}),
        (2, "participant.updated", {"user": str(omar.pk), "by": str(layla.pk)}),
    ]


def test_a_new_owner_takes_the_place_of_the_present_one(layla, omar, group, client_of):
    response = client_of(layla).patch(people_of(group, omar), {"role": "owner"})

    assert response.status_code == 200
    assert (response.json()["username"], response.json()["role"]) == ("omar", "owner")
    assert roles_in(group) == {"layla": "admin", "omar": "owner"}
    assert log_of(group) == [
        (1, "participant.updated", {"user": str(layla.pk), "by": str(layla.pk)}),
        (2, "participant.updated", {"user": str(omar.pk), "by": str(layla.pk)}),
    ]


def test_an_owner_does_not_just_step_down(layla, group, client_of):
    response = client_of(layla).patch(people_of(group, layla), {"role": "member"})

    assert response.status_code == 409
    assert response.json()["code"] == "owner_must_hand_over"
    assert roles_in(group) == {"layla": "owner", "omar": "member"}
    assert log_of(group) == []


def test_the_platform_hands_a_group_over(layla, omar, group):
    change_role(actor=SYSTEM, chat=group, user=omar, role="owner")

    assert roles_in(group) == {"layla": "admin", "omar": "owner"}
    assert [data["by"] for _, _, data in log_of(group)] == [None, None]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "role", "required"),
        ({"role": "guest"}, "role", "invalid_choice"),
        ({"role": 2}, "role", "invalid_choice"),
        ({"role": "admin", "user": NOBODY}, "user", "unknown_field"),
    ],
)
def test_what_is_no_role_is_refused(body, field, code, layla, omar, group, client_of):
    response = client_of(layla).patch(people_of(group, omar), body)

    assert response.status_code == 400
    assert faults(response) == [(field, code)]
    assert roles_in(group) == {"layla": "owner", "omar": "member"}
    assert log_of(group) == []


@pytest.mark.parametrize("method", ["get", "patch", "put", "delete"])
def test_who_is_not_in_the_chat_is_not_found_in_it(method, layla, mina, group, client_of):
    call = getattr(client_of(layla), method)

    response = call(people_of(group, mina), {"role": "admin"} if method in ("patch", "put") else None)

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    assert log_of(group) == []


# --- Removing -----------------------------------------------------------------------------------------------


def test_who_is_removed_hears_of_it_and_of_nothing_after(layla, omar, group, client_of):
    client = client_of(omar)

    response = client_of(layla).delete(people_of(group, omar))
    send_message(actor=layla, chat=group, text="After him")

    assert (response.status_code, response.content) == (204, b"")
    assert roles_in(group) == {"layla": "owner"}
    assert log_of(group)[0] == (1, "participant.removed", {"user": str(omar.pk), "by": str(layla.pk)})
    assert stream_of(omar)[1:] == [(2, "chat.removed", {"chat": str(group.pk), "upto": 1})]
    assert client.get(f"/api/v1/chats/{group.pk}/messages").status_code == 404
    assert client.get("/api/v1/chats").json()["results"] == []


def test_removing_somebody_again_finds_nobody(layla, omar, group, client_of):
    client = client_of(layla)

    first = client.delete(people_of(group, omar))
    again = client.delete(people_of(group, omar))

    assert (first.status_code, again.status_code) == (204, 404)
    assert types(log_of(group)) == [(1, "participant.removed")]


def test_removing_oneself_is_leaving(omar, group, client_of):
    response = client_of(omar).delete(people_of(group, omar))

    assert response.status_code == 204
    assert roles_in(group) == {"layla": "owner"}
    assert log_of(group) == [(1, "participant.removed", {"user": str(omar.pk), "by": str(omar.pk)})]


def test_an_owner_who_removes_themselves_hands_over_first(layla, group, client_of):
    response = client_of(layla).delete(people_of(group, layla))

    assert response.status_code == 409
    assert response.json()["code"] == "owner_must_hand_over"
    assert log_of(group) == []


@pytest.mark.parametrize("whom", ["layla", "noor"])
def test_an_admin_removes_nobody_of_their_rank_or_above(whom, layla, omar, client_of):
    people = {"layla": layla, "noor": UserFactory(username="noor")}
    chat = group_of(layla, omar, people["noor"])
    for admin in (omar, people["noor"]):
        change_role(actor=layla, chat=chat, user=admin, role="admin")
    before = log_of(chat)

    response = client_of(omar).delete(people_of(chat, people[whom]))

    assert response.status_code == 403
    assert response.json()["code"] == "cannot_act_on_equal"
    assert response.json()["denied_by"] == {"action": "participant.remove", "role": "admin", "rule": "rank"}
    assert roles_in(chat) == {"layla": "owner", "omar": "admin", "noor": "admin"}
    assert log_of(chat) == before


def test_nobody_is_removed_from_a_private_chat(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])

    response = client_of(layla).delete(people_of(chat, omar))

    assert response.status_code == 403
    assert roles_in(chat) == {"layla": "member", "omar": "member"}
    assert log_of(chat) == []
