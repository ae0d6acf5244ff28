"""`GET sync`: what `resume` gives on a socket, by REST, a bounded page at a time."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import block_user, create_api_key
from accounts.tests.factories import UserFactory
from common.models import LogEntry, LogEpoch
from messaging.models import Chat, Invitation, Message
from messaging.services import (
    create_invitation,
    delete_message,
    leave_chat,
    mark_read,
    remove_participant,
    send_message,
)
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db

SYNC = "/api/v1/sync"
AT_FIRST = {"seq": 0, "read_seq": 0, "unread_count": 0, "unread_mentions": 0, "thread_unread_count": 0}


def say(actor: User, chat: Chat, count: int) -> list[Message]:
    return [send_message(actor=actor, chat=chat, text=f"Message {number}")[0] for number in range(count)]


def missed(client: APIClient, **asked: Any) -> dict[str, Any]:
    """What one request gives."""
    response = client.get(SYNC, asked)
    assert response.status_code == 200, response.content
    return response.json()


def all_missed(client: APIClient, **asked: Any) -> list[dict[str, Any]]:
    """The pages of all that was missed."""
    pages = [missed(client, **asked)]
    while pages[-1]["next"]:
        pages.append(client.get(pages[-1]["next"]).json())
    return pages


def seqs(page: dict[str, Any]) -> list[int]:
    return [event["seq"] for event in page["events"] if "seq" in event]


def refusal(client: APIClient, **asked: Any) -> tuple[int, str, str]:
    response = client.get(SYNC, asked)
    return response.status_code, response.json()["errors"][0]["field"], response.json()["errors"][0]["code"]


# --- To begin with ------------------------------------------------------------------------------------------


def test_without_a_position_it_tells_where_everything_stands(layla, omar, group, client_of):
    say(layla, group, 3)
    mark_read(actor=omar, chat=group, seq=1)

    page = missed(client_of(omar))

    assert page == {
        "epoch": LogEpoch.current(),
        "user": 2,
        "chats": {str(group.pk): AT_FIRST | {"seq": 3, "read_seq": 1, "unread_count": 2}},
        "events": [],
        "resets": [],
        "next": None,
    }


def test_many_chats_are_told_in_pages_and_the_own_stream_first(layla, omar, client_of):
    chats = [group_of(layla, omar) for _ in range(5)]

    pages = all_missed(client_of(omar), limit=2)

    assert [len(page["chats"]) for page in pages] == [2, 2, 1]
    assert {id_ for page in pages for id_ in page["chats"]} == {str(chat.pk) for chat in chats}
    assert [page["user"] for page in pages] == [5, None, None]


def test_from_there_on_nothing_is_missed(layla, omar, group, client_of):
    client = client_of(omar)
    at_first = missed(client)
    say(layla, group, 2)
    other = group_of(layla, omar)

    page = missed(
        client, epoch=at_first["epoch"], user=at_first["user"], chats=f"{group.pk}:{AT_FIRST['seq']}"
    )

    assert [event["type"] for event in page["events"]] == ["message.sent", "message.sent", "chat.added"]
    assert page["events"][2]["data"]["id"] == str(other.pk)


# --- What was missed ----------------------------------------------------------------------------------------


def test_what_was_missed_comes_in_order_and_with_the_present_state(layla, omar, group, client_of):
    said = say(layla, group, 5)
    mark_read(actor=omar, chat=group, seq=3)

    page = missed(client_of(omar), chats=f"{group.pk}:3", user=1)

    entry = LogEntry.objects.get(topic=f"chat:{group.pk}", seq=4)
    first = page["events"][0]
    assert {name: first[name] for name in ("type", "chat", "seq", "at")} == {
        "type": "message.sent",
        "chat": str(group.pk),
        "seq": 4,
        "at": entry.at.isoformat().replace("+00:00", "Z"),
    }
    assert (first["data"]["id"], first["data"]["text"]) == (str(said[3].pk), "Message 3")
    assert seqs(page) == [4, 5]
    assert [event["user_seq"] for event in page["events"][2:]] == [2]
    assert page["chats"] == {str(group.pk): AT_FIRST | {"seq": 5, "read_seq": 3, "unread_count": 2}}
    assert (page["user"], page["resets"], page["next"]) == (2, [], None)


def test_from_every_position_on_exactly_the_rest_comes(layla, omar, group, client_of):
    say(layla, group, 6)
    client = client_of(omar)

    for position in range(7):
        page = missed(client, chats=f"{group.pk}:{position}")

        assert seqs(page) == list(range(position + 1, 7))
        assert page["chats"][str(group.pk)]["seq"] == 6
        assert page["user"] is None  # nobody asked


def test_who_missed_nothing_gets_no_event(omar, group, client_of):
    page = missed(client_of(omar), chats=f"{group.pk}:0", user=1)

    assert (page["events"], page["resets"], page["next"], page["user"]) == ([], [], None, 1)
    assert page["chats"] == {str(group.pk): AT_FIRST}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 200])
def test_pages_together_are_all_of_it_once_each_chat_in_its_order(limit, layla, omar, group, client_of):
    other = group_of(layla, omar)
    for chat in (group, other, group, other):
        say(layla, chat, 2)

    pages = all_missed(client_of(omar), chats=f"{group.pk}:1,{other.pk}:0", user=1, limit=limit)

    events = [event for page in pages for event in page["events"]]
    assert seqs({"events": [event for event in events if event.get("chat") == str(group.pk)]}) == [2, 3, 4]
    assert seqs({"events": [event for event in events if event.get("chat") == str(other.pk)]}) == [1, 2, 3, 4]
    assert [event["user_seq"] for event in events if "user_seq" in event] == [2]
    assert all(len(page["events"]) <= limit for page in pages)
    told = [id_ for page in pages for id_ in page["chats"]]
    assert told == [str(group.pk), str(other.pk)]  # each once, where nothing more of it comes
    assert [page["user"] for page in pages] == [None] * (len(pages) - 1) + [2]


def test_what_is_said_between_two_pages_comes_too(layla, omar, group, client_of):
    say(layla, group, 3)
    client = client_of(omar)
    first = missed(client, chats=f"{group.pk}:0", limit=2)
    say(layla, group, 1)

    second = client.get(first["next"]).json()

    assert (seqs(first), seqs(second)) == ([1, 2], [3, 4])
    assert first["chats"] == {}
    assert second["chats"][str(group.pk)]["seq"] == 4


def test_a_deleted_message_comes_as_what_is_left_of_it(layla, omar, group, client_of):
    (message,) = say(layla, group, 1)
    delete_message(actor=layla, message=message)

    page = missed(client_of(omar), chats=f"{group.pk}:0")

    assert [event["type"] for event in page["events"]] == ["message.sent", "message.deleted"]
    assert {event["data"]["text"] for event in page["events"]} == {""}
    assert {event["data"]["deleted_by"] for event in page["events"]} == {str(layla.pk)}
    assert "Message 0" not in str(page)


# --- What can't be given ------------------------------------------------------------------------------------


def test_another_epoch_believes_no_position(layla, omar, group, client_of):
    say(layla, group, 3)

    page = missed(client_of(omar), epoch="of another log", chats=f"{group.pk}:1", user=0)

    assert page == {
        "epoch": LogEpoch.current(),
        "user": 1,
        "chats": {},
        "events": [],
        "resets": [{"chats": [str(group.pk)], "reason": "epoch"}, {"user": True, "reason": "epoch"}],
        "next": None,
    }


def test_the_epoch_is_asked_again_on_every_page(layla, omar, group, client_of):
    say(layla, group, 3)
    client = client_of(omar)
    first = missed(client, epoch=LogEpoch.current(), chats=f"{group.pk}:0", limit=2)
    LogEpoch.objects.all().delete()

    second = client.get(first["next"]).json()

    assert second["resets"] == [{"chats": [str(group.pk)], "reason": "epoch"}]
    assert second["events"] == []


def test_a_position_ahead_of_the_log_is_of_another_log(layla, omar, group, client_of):
    say(layla, group, 3)

    page = missed(client_of(omar), chats=f"{group.pk}:4", user=2)

    assert page["resets"] == [
        {"chats": [str(group.pk)], "reason": "epoch"},
        {"user": True, "reason": "epoch"},
    ]
    assert (page["events"], page["chats"]) == ([], {})


@pytest.mark.parametrize(("position", "replayed"), [(0, None), (1, None), (2, [3, 4]), (4, [])])
def test_what_the_log_no_longer_holds_is_never_given_in_part(
    position, replayed, layla, omar, group, client_of
):
    say(layla, group, 4)
    LogEntry.objects.filter(topic=f"chat:{group.pk}", seq__lte=2).delete()

    page = missed(client_of(omar), chats=f"{group.pk}:{position}", limit=1)

    if replayed is None:
        assert page["resets"] == [{"chats": [str(group.pk)], "reason": "too_old"}]
        assert (page["events"], page["chats"], page["next"]) == ([], {}, None)
    else:
        assert page["resets"] == []
        assert seqs(page) == replayed[:1]


def test_one_chat_that_can_t_be_given_keeps_no_other_back(layla, omar, group, client_of):
    other = group_of(layla, omar)
    say(layla, group, 2)
    say(layla, other, 2)
    LogEntry.objects.filter(topic=f"chat:{group.pk}").delete()

    page = missed(client_of(omar), chats=f"{group.pk}:0,{other.pk}:0")

    assert page["resets"] == [{"chats": [str(group.pk)], "reason": "too_old"}]
    assert seqs(page) == [1, 2]
    assert list(page["chats"]) == [str(other.pk)]


# --- Who may ------------------------------------------------------------------------------------------------


def test_of_a_chat_one_left_comes_what_was_still_for_one(layla, omar, group, client_of):
    say(layla, group, 2)
    leave_chat(actor=omar, chat=group)
    say(layla, group, 2)

    page = missed(client_of(omar), chats=f"{group.pk}:1", user=1)

    assert [event["type"] for event in page["events"]] == [
        "message.sent",
        "participant.removed",
        "chat.removed",
    ]
    assert seqs(page) == [2, 3]
    assert (page["chats"], page["next"]) == ({}, None)


def test_who_was_removed_gets_nothing_from_after_it(layla, omar, mina, client_of):
    group = group_of(layla, omar, mina)
    remove_participant(actor=layla, chat=group, user=omar)
    say(layla, group, 2)
    client = client_of(omar)

    assert seqs(missed(client, chats=f"{group.pk}:0")) == [1]
    assert missed(client, chats=f"{group.pk}:1")["events"] == []
    assert missed(client)["chats"] == {}


def test_an_invitation_by_somebody_whom_one_blocks_since_is_not_shown(layla, omar, mina, group, client_of):
    create_invitation(actor=layla, chat=group, user=mina)
    block_user(actor=mina, user=layla)

    page = missed(client_of(mina), user=0)

    assert page["events"][0]["type"] == "invitation.received"
    assert page["events"][0]["data"] == {"id": str(Invitation.objects.get().pk)}


def test_chats_of_others_are_passed_over_in_silence(layla, group, client_of):
    foreign = group_of(UserFactory())
    say(foreign.created_by, foreign, 2)

    page = missed(
        client_of(layla), chats=f"{foreign.pk}:0,not-an-id:0,01936c5e-0000-7000-8000-000000000000:0"
    )

    assert (page["events"], page["chats"], page["resets"], page["next"]) == ([], {}, [], None)


def test_strangers_are_told_nothing(client):
    assert client.get(SYNC).status_code == 401


def test_an_api_key_needs_the_scope_of_its_own(layla, omar, group):
    def answer(*scopes: str) -> int:
        client = APIClient()
        key = create_api_key(user=layla, name="Bot", scopes=list(scopes))
        client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key.text}")
        return client.get(SYNC).status_code

    assert answer("messages:write", "chats:write") == 403
    assert answer("live:read") == 200


# --- Malformed ----------------------------------------------------------------------------------------------

SOME = "01936c5e-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"chats": ""}, "chats", "blank"),
        ({"chats": SOME}, "chats", "not_positions"),
        ({"chats": f"{SOME}:"}, "chats", "not_positions"),
        ({"chats": f"{SOME}:-1"}, "chats", "not_positions"),
        ({"chats": f"{SOME}:x"}, "chats", "not_positions"),
        ({"chats": f"{SOME}:٣"}, "chats", "not_positions"),
        ({"chats": f"{SOME}:{2**53 + 1}"}, "chats", "not_positions"),
        ({"chats": f"{SOME}:1,{SOME}:2"}, "chats", "not_positions"),
        ({"chats": ",".join(f"{number}:0" for number in range(101))}, "chats", "max_length"),
        ({"user": "x"}, "user", "invalid"),
        ({"user": "-1"}, "user", "invalid"),
        ({"user": 2**53 + 1}, "user", "max_value"),
        ({"limit": 0}, "limit", "min_value"),
        ({"limit": 201}, "limit", "max_value"),
        ({"since": "1"}, "since", "unknown_field"),
        ({"user": 1, "cursor": "chat:1"}, "body", "cursor"),
    ],
)
def test_what_is_malformed_is_refused(asked, field, code, layla, client_of):
    assert refusal(client_of(layla), **asked) == (400, field, code)


def test_old_clients_hear_it_in_their_manner(layla, omar, group, client_of):
    say(layla, group, 1)

    body = client_of(omar).get("/api/sync", {"chats": f"{group.pk}:0"}).json()

    assert body["success"] is True
    assert body["events"][0]["data"]["clientId"] is None
    assert body["chats"][str(group.pk)]["unreadCount"] == 1


# --- What it costs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chats", [1, 20])
@pytest.mark.parametrize("said", [1, 9])
def test_it_takes_the_same_queries_however_much_was_missed(
    chats, said, layla, omar, client_of, django_assert_num_queries
):
    groups = [group_of(layla, omar) for _ in range(chats)]
    for group in groups:
        say(layla, group, said)
    client = client_of(omar)
    positions = ",".join(f"{group.pk}:0" for group in groups)

    LogEpoch.current()  # made by whoever asks first

    # The session, the epoch, their chats (of which they left none), their own position, whether the
    # log is whole, what it has, and what that is about: messages with reactions and files; for `chat.added`
    # the person, the chats, their last messages with reactions, files and mine, and for hidden ones others.
    with django_assert_num_queries(16):
        page = missed(client, chats=positions, user=0)

    assert len(page["events"]) == min(chats * said + chats, 200)


@pytest.mark.parametrize("chats", [1, 20])
def test_to_begin_takes_the_same_queries_however_many_chats_there_are(
    chats, layla, omar, client_of, django_assert_num_queries
):
    for _ in range(chats):
        group_of(layla, omar)
    client = client_of(omar)
    LogEpoch.current()

    # The session, the epoch, their own position, their chats; how they stand in those of the page.
    with django_assert_num_queries(5):
        page = missed(client)

    assert len(page["chats"]) == chats
