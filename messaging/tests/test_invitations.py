"""Ways into a chat for who is not in it yet: links, invitations of one person, approval."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.services import block_user
from accounts.tests.factories import UserFactory
from common.events import topic_of_user
from common.problems import Problem
from messaging.models import Chat, Invitation, JoinRequest
from messaging.services import (
    accept_invitation,
    add_participants,
    approve_request,
    change_role,
    create_chat,
    create_invitation,
    delete_chat,
    leave_chat,
    remove_participant,
    revoke_invitation,
    send_message,
    update_chat,
)
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of, types
from messaging.tests.test_races import at_once
from realtime import log
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

MINE = "/api/v1/invitations"


def of_chat(chat, below=""):
    return f"/api/v1/chats/{chat.pk}/invitations{below}"


def path_of(invitation, below=""):
    return f"{MINE}/{invitation.token}{below}"


def link_to(chat, by, **more):
    return create_invitation(actor=by, chat=chat, **more)[0]


def told(person):
    return [type_ for _, type_, _ in stream_of(person) if not type_.startswith("user.")]


def inside(chat):
    return set(chat.participants.present().values_list("user__username", flat=True))


# --- By link ------------------------------------------------------------------------------------------------


def test_whoever_has_the_link_comes_in_with_it(group, layla, omar, mina, client_of):
    made = client_of(layla).post(of_chat(group), {"max_uses": 5})
    client, token = client_of(mina), made.json()["token"]

    preview = client.get(f"{MINE}/{token}")
    accepted = client.post(f"{MINE}/{token}/accept")
    again = client.post(f"{MINE}/{token}/accept")

    body = made.json()
    assert (made.status_code, made.headers["Location"]) == (201, f"{of_chat(group)}/{body['id']}")
    assert (body["user"], body["max_uses"], body["uses"], body["approval"]) == (None, 5, 0, False)
    assert body["created_by"]["username"] == "layla"
    assert len(token) == 24
    assert preview.json() == {
        "id": body["id"],
        "token": token,
        "chat": {
            "id": str(group.pk),
            "type": "group",
            "title": "Wadi Rum",
            "description": "",
            "participant_count": 2,
        },
        "invited_by": {
            "user": str(layla.pk),
            "username": "layla",
            "display_name": "Layla",
            "avatar": None,
        },
        "approval": False,
        "expires_at": body["expires_at"],
    }
    assert [(each.status_code, each.json()) for each in (accepted, again)] == [
        (200, {"state": "joined", "chat": str(group.pk)})
    ] * 2
    assert log_of(group) == [(1, "participant.added", {"user": str(mina.pk), "by": str(mina.pk)})]
    assert types(stream_of(mina)) == [(1, "chat.added")]
    assert Invitation.objects.get().uses == 1
    assert client_of(layla).get(of_chat(group)).json()["results"][0]["uses"] == 1


def test_a_link_is_kept_encrypted_and_found_by_its_hash(group, layla):
    invitation = link_to(group, layla)
    with connection.cursor() as cursor:
        cursor.execute("SELECT token, token_hash FROM messaging_invitation")
        token, token_hash = cursor.fetchone()

    assert invitation.token not in (token, token_hash)
    assert Invitation.objects.get().token == invitation.token


@pytest.mark.parametrize("end", ["expired", "revoked", "used up", "deleted"])
def test_an_invitation_that_has_ended_lets_nobody_in(end, group, layla, omar, mina, client_of):
    noor, now = UserFactory(username="noor"), timezone.now()
    invitation = link_to(group, layla, max_uses=1)
    if end == "used up":
        accept_invitation(actor=noor, invitation=invitation)
    if end == "revoked":
        revoke_invitation(actor=layla, invitation=invitation)
    if end == "deleted":
        delete_chat(actor=layla, chat=group)
    before = inside(group)

    with time_machine.travel(now + timedelta(days=8 if end == "expired" else 0)):
        client = client_of(mina)
        answers = [client.get(path_of(invitation)), client.post(path_of(invitation, "/accept"))]

    expected = (404, "not_found") if end == "deleted" else (410, "invitation_ended")
    assert [(each.status_code, each.json()["code"]) for each in answers] == [expected] * 2
    assert inside(group) == before
    assert told(mina) == []


def test_who_was_removed_finds_no_way_back_by_link(group, layla, omar, client_of):
    invitation = link_to(group, layla)
    remove_participant(actor=layla, chat=group, user=omar)

    by_link = client_of(omar).post(path_of(invitation, "/accept"))
    in_person = link_to(group, layla, user=omar)
    invited = client_of(omar).post(path_of(in_person, "/accept"))

    assert (by_link.status_code, by_link.json()["code"]) == (403, "removed_before")
    assert invited.json()["state"] == "joined"
    assert inside(group) == {"layla", "omar"}


def test_who_left_comes_back_by_link(group, layla, omar):
    invitation = link_to(group, layla)
    leave_chat(actor=omar, chat=group)

    assert accept_invitation(actor=omar, invitation=invitation) == "joined"


@pytest.mark.parametrize("who", ["layla", "mina"])
def test_a_block_ends_what_one_invites_the_other_to(who, group, layla, mina, client_of):
    invitation = link_to(group, layla)
    personal = link_to(group, layla, user=mina)
    blocker, blocked = (layla, mina) if who == "layla" else (mina, layla)
    block_user(actor=blocker, user=blocked)
    client = client_of(mina)

    answers = [
        client.get(path_of(invitation)),
        client.post(path_of(invitation, "/accept")),
        client.post(path_of(personal, "/accept")),
        client.post(path_of(personal, "/decline")),
    ]

    assert [each.status_code for each in answers] == [404] * 4
    assert client.get(MINE).json()["results"] == []
    assert inside(group) == {"layla", "omar"}
    replayed = [json.loads(line.text) for line in log.read(topic_of_user(mina.pk), after=0)]
    received = [frame["data"] for frame in replayed if frame["type"] == "invitation.received"]
    assert received == [{"id": str(personal.pk)}]


def test_a_full_chat_lets_nobody_in(group, layla, mina, client_of, monkeypatch):
    invitation = link_to(group, layla)
    monkeypatch.setattr(Chat, "MAX_PARTICIPANTS", 2)

    response = client_of(mina).post(path_of(invitation, "/accept"))

    assert (response.status_code, response.json()["code"]) == (409, "chat_full")
    assert Invitation.objects.get().uses == 0


def test_a_token_that_is_none_opens_nothing(mina, client_of):
    client = client_of(mina)

    for path in (f"{MINE}/x", f"{MINE}/{'x' * 500}"):
        assert client.get(path).status_code == 404
        assert client.post(f"{path}/accept").status_code == 404
        assert client.post(f"{path}/decline").status_code == 404


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "out_of_range"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "expires_at", "out_of_range"),
        ({"max_uses": 0}, "max_uses", "min_value"),
        ({"max_uses": 10_001}, "max_uses", "max_value"),
        ({"approval": "yes"}, "approval", "invalid"),
        ({"user": "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"}, "user", "unknown_user"),
        ({"role": "admin"}, "role", "unknown_field"),
    ],
    ids=str,
)
def test_what_has_not_the_shape_of_an_invitation_is_refused(body, field, code, group, layla, client_of):
    response = client_of(layla).post(of_chat(group), body)

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [(field, code)]
    assert not Invitation.objects.exists()


# --- Who may ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "opened"), [("group", False), ("group", True), ("channel", False)])
@pytest.mark.parametrize("role", ["owner", "admin", "member", "stranger"])
def test_who_may_invite_sees_and_takes_back(kind, opened, role, layla, omar, mina, client_of):
    chat, _ = create_chat(actor=layla, type=kind, title="Petra", participants=[omar, mina])
    change_role(actor=layla, chat=chat, user=omar, role="admin")
    if opened:
        update_chat(actor=layla, chat=chat, permissions={"participant.invite": "everyone"})
    person = {"owner": layla, "admin": omar, "member": mina, "stranger": UserFactory()}[role]
    others, client = link_to(chat, layla), client_of(person)

    statuses = [
        client.get(of_chat(chat)).status_code,
        client.post(of_chat(chat), {}).status_code,
        client.delete(of_chat(chat, f"/{others.pk}")).status_code,
    ]

    expected = [200, 201, 204] if role in ("owner", "admin") else [200, 201, 403] if opened else [403] * 3
    assert statuses == ([404] * 3 if role == "stranger" else expected)


def test_nobody_invites_to_a_private_chat(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])

    response = client_of(layla).post(of_chat(chat), {})

    assert (response.status_code, response.json()["denied_by"]["action"]) == (403, "participant.invite")


def test_an_invitation_of_another_chat_is_not_there(group, layla, client_of):
    other = link_to(group_of(layla), layla)
    client = client_of(layla)

    assert client.delete(of_chat(group, f"/{other.pk}")).status_code == 404
    assert client.delete(of_chat(other.chat, f"/{other.pk}")).status_code == 204
    assert client.delete(of_chat(other.chat, f"/{other.pk}")).status_code == 404  # there no longer


def test_there_is_an_end_to_invitations(group, layla, client_of, monkeypatch):
    monkeypatch.setattr(Invitation, "MAX_LIVE", 1)
    link_to(group, layla)

    response = client_of(layla).post(of_chat(group), {})

    assert (response.status_code, response.json()["code"]) == (409, "too_many_invitations")


# --- Of one person ------------------------------------------------------------------------------------------


def test_who_is_invited_hears_it_and_comes_if_they_like(group, layla, mina, client_of):
    made, again = (client_of(layla).post(of_chat(group), {"user": str(mina.pk)}) for _ in range(2))
    client = client_of(mina)

    [mine] = client.get(MINE).json()["results"]

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()
    assert (made.json()["token"], made.json()["user"]["username"]) == (None, "mina")
    assert told(mina) == ["invitation.received"]
    assert "mina" not in inside(group)
    assert client.post(f"{MINE}/{mine['token']}/accept").json()["state"] == "joined"
    assert client.get(MINE).json()["results"] == []
    assert "mina" in inside(group)


def test_who_declines_is_asked_no_more_by_that_one(group, layla, mina, client_of):
    invitation = link_to(group, layla, user=mina)
    client = client_of(mina)

    statuses = [client.post(path_of(invitation, "/decline")).status_code for _ in range(2)]

    assert statuses == [204, 204]
    assert told(mina) == ["invitation.received", "invitation.closed"]
    assert client.get(MINE).json()["results"] == []
    assert client.post(path_of(invitation, "/accept")).status_code == 410


def test_what_is_taken_back_is_gone_for_whom_it_named(group, layla, mina, client_of):
    invitation = link_to(group, layla, user=mina)

    revoke_invitation(actor=layla, invitation=invitation)

    assert told(mina) == ["invitation.received", "invitation.closed"]
    assert client_of(mina).get(MINE).json()["results"] == []


def test_an_invitation_of_one_is_nobody_elses(group, layla, omar, mina, client_of):
    noor = UserFactory()
    invitation = link_to(group, layla, user=mina)

    for path in ("", "/accept", "/decline"):
        call = client_of(noor).post if path else client_of(noor).get
        assert call(path_of(invitation, path)).status_code == 404
    assert client_of(noor).get(MINE).json()["results"] == []


def test_who_is_in_or_has_blocked_the_inviter_is_not_invited(group, layla, omar, mina, client_of):
    block_user(actor=mina, user=layla)
    client = client_of(layla)

    inside_already = client.post(of_chat(group), {"user": str(omar.pk)})
    blocked = client.post(of_chat(group), {"user": str(mina.pk)})

    assert (inside_already.status_code, inside_already.json()["code"]) == (409, "already_in_chat")
    assert (blocked.status_code, blocked.json()["errors"][0]["code"]) == (400, "unknown_user")
    assert told(mina) == []


def test_whom_one_blocks_one_does_not_invite(group, layla, mina, client_of):
    block_user(actor=layla, user=mina)

    refused = client_of(layla).post(of_chat(group), {"user": str(mina.pk)})

    assert (refused.status_code, refused.json()["code"]) == (403, "not_open_to_you")
    assert refused.json()["users"] == [str(mina.pk)]
    assert not Invitation.objects.exists()
    assert told(mina) == []


# --- Approval -----------------------------------------------------------------------------------------------


@pytest.fixture
def asked(group, layla, mina):
    """Mina came by a link that asks for approval."""
    invitation = link_to(group, layla, approval=True, max_uses=1)
    assert accept_invitation(actor=mina, invitation=invitation) == "waiting"
    return invitation


def requests(chat, below=""):
    return f"/api/v1/chats/{chat.pk}/join-requests{below}"


def test_who_asks_is_let_in_by_who_may_invite(asked, group, layla, omar, mina, client_of):
    client = client_of(layla)
    [request] = client.get(requests(group)).json()["results"]
    again = accept_invitation(actor=mina, invitation=asked)

    approved = client.post(requests(group, f"/{mina.pk}/approve"))

    assert (request["user"]["username"], request["invitation"]) == ("mina", str(asked.pk))
    assert again == "waiting"
    assert told(layla) == ["chat.added", "join_request.made"]
    assert told(omar) == ["chat.added"]
    assert approved.status_code == 204
    assert "mina" in inside(group)
    assert client.get(requests(group)).json()["results"] == []
    assert client.post(requests(group, f"/{mina.pk}/approve")).status_code == 404
    assert Invitation.objects.get().uses == 1
    assert not JoinRequest.objects.exists()


def test_who_is_not_let_in_hears_it_and_asks_no_more(asked, group, layla, mina, client_of):
    rejected = client_of(layla).post(requests(group, f"/{mina.pk}/reject"))

    again = client_of(mina).post(path_of(asked, "/accept"))

    assert rejected.status_code == 204
    assert told(mina) == ["join_request.rejected"]
    assert (again.status_code, again.json()["code"]) == (403, "request_rejected")
    assert "mina" not in inside(group)


def test_who_asks_may_think_better_of_it(asked, group, layla, mina, client_of):
    assert client_of(mina).post(path_of(asked, "/decline")).status_code == 204

    assert client_of(layla).get(requests(group)).json()["results"] == []


def test_who_came_in_another_way_asks_no_more(asked, group, layla, mina, client_of):
    add_participants(actor=layla, chat=group, users=[mina])

    assert client_of(layla).get(requests(group)).json()["results"] == []


def test_approval_lets_in_no_more_than_the_link(asked, group, layla, mina, client_of):
    noor = UserFactory(username="noor")
    accept_invitation(actor=noor, invitation=asked)
    approve_request(actor=layla, chat=group, user=mina)

    response = client_of(layla).post(requests(group, f"/{noor.pk}/approve"))

    assert (response.status_code, response.json()["code"]) == (410, "invitation_ended")
    assert "noor" not in inside(group)


@pytest.mark.parametrize("below", ["", "/{user}/approve", "/{user}/reject"])
def test_members_answer_no_requests(below, asked, group, layla, omar, mina, client_of):
    client, path = client_of(omar), requests(group, below.format(user=mina.pk))

    response = client.post(path) if below else client.get(path)

    assert (response.status_code, response.json()["denied_by"]["action"]) == (403, "participant.invite")
    assert JoinRequest.objects.filter(rejected_at=None).count() == 1
    assert told(mina) == []


# --- Rows, sockets, races -----------------------------------------------------------------------------------


def test_the_database_lets_no_link_be_used_too_often(group, layla):
    invitation = link_to(group, layla, max_uses=1)

    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.filter(pk=invitation.pk).update(uses=2)


def test_what_is_rolled_back_lets_nobody_in(group, layla, mina):
    invitation = link_to(group, layla)

    with transaction.atomic():
        accept_invitation(actor=mina, invitation=invitation)
        transaction.set_rollback(True)

    assert Invitation.objects.get().uses == 0
    assert (log_of(group), told(mina)) == ([], [])


@pytest.mark.parametrize("invitations", [1, 20])
def test_invitations_take_as_many_queries_however_many(
    invitations, group, layla, mina, client_of, django_assert_num_queries
):
    for _ in range(invitations):
        link_to(group, layla)
    client = client_of(layla)

    with django_assert_num_queries(4):  # the session, the chat, the caller's row, the invitations
        assert len(client.get(of_chat(group)).json()["results"]) == invitations


@pytest.mark.django_db(transaction=True)
@live
async def test_who_is_invited_hears_it_on_their_socket_and_then_the_chat(layla, mina, group):
    minas = await enter(mina)

    invitation, _ = await in_thread(create_invitation)(actor=layla, chat=group, user=mina)
    received = await minas.next()
    await in_thread(accept_invitation)(actor=mina, invitation=invitation)
    await in_thread(send_message)(actor=layla, chat=group, text="Welcome")

    assert (received["type"], received["data"]["chat"]["title"]) == ("invitation.received", "Wadi Rum")
    assert received["data"]["token"] == invitation.token
    heard = await minas.until("message.sent")
    assert [frame["type"] for frame in heard] == ["chat.added", "participant.added", "message.sent"]


@pytest.mark.django_db(transaction=True)
def test_a_link_for_five_lets_five_of_twenty_in_at_once(group, layla):
    people = UserFactory.create_batch(20)
    invitation = link_to(group, layla, max_uses=5)

    ends = at_once([lambda who=who: accept_invitation(actor=who, invitation=invitation) for who in people])

    assert sorted(ends) == ["invitation_ended"] * 15 + ["joined"] * 5
    invitation.refresh_from_db()
    group.refresh_from_db()
    assert (invitation.uses, group.participant_count) == (5, 7)
    assert [seq for seq, _, _ in log_of(group)] == [1, 2, 3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_taking_back_and_accepting_at_once_ends_one_way(group, layla, mina):
    invitation = link_to(group, layla)

    accepted, _ = at_once(
        [
            lambda: accept_invitation(actor=mina, invitation=invitation),
            lambda: revoke_invitation(actor=layla, invitation=invitation),
        ]
    )

    assert accepted in ("joined", "invitation_ended")
    assert ("mina" in inside(group)) is (accepted == "joined")
    with pytest.raises(Problem):
        accept_invitation(actor=UserFactory(), invitation=invitation)
