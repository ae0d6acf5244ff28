"""What a block does in chats that are there: nothing reaches the other, and nobody is told why.

Who finds, opens and adds whom is in `test_openness.py`; what each can still read is here.
"""

import pytest

from accounts.services import block_user, unblock_user
from common.actors import SYSTEM
from common.models import LogEntry
from common.problems import NotFound
from messaging.models import Chat, Message, Participant
from messaging.problems import NotOpenToYou
from messaging.services import (
    add_participants,
    create_chat,
    leave_chat,
    remove_participant,
    send_message,
)
from messaging.tests.factories import group_of
from realtime.tests.clients import enter, in_thread, live

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]

# Who has blocked whom, as (blocker, blocked) of `me` and `other`.
BLOCKS = {
    "blocked by me": [("me", "other")],
    "blocks me": [("other", "me")],
    "both": [("me", "other"), ("other", "me")],
}
NOT_OPEN = (403, "not_open_to_you")

# What I try in our private chat: method, path, body, and the answer. {…} are ids.
BY_REST = {
    "send": ("post", "/chats/{chat}/messages", {"text": "Hello?"}, NOT_OPEN),
    "send by the message resource": ("post", "/messages", {"chat": "{chat}", "text": "Hello?"}, NOT_OPEN),
    "send what was sent before": (
        "post", "/chats/{chat}/messages", {"text": "Before", "client_id": "c1"}, NOT_OPEN
    ),
    "read the chat": ("get", "/chats/{chat}", None, (200, None)),
    "read its messages": ("get", "/chats/{chat}/messages", None, (200, None)),
    "read one message": ("get", "/messages/{message}", None, (200, None)),
    "see who is in it": ("get", "/chats/{chat}/participants", None, (200, None)),
    "mark as read": ("post", "/chats/{chat}/read", {"seq": 2}, (200, None)),
    "type": ("post", "/chats/{chat}/typing", {"state": "start"}, NOT_OPEN),
    "leave": ("delete", "/chats/{chat}", None, (204, None)),
}  # fmt: skip
REFUSED = [action for action, row in BY_REST.items() if row[3] == NOT_OPEN]

# The same by socket: command, data, and the code of the answer.
BY_SOCKET = {
    "send": ("message.send", {"chat": "{chat}", "text": "Hello?"}, "not_open_to_you"),
    "type": ("typing.start", {"chat": "{chat}"}, "not_open_to_you"),
    "mark as read": ("message.read", {"chat": "{chat}", "seq": 2}, None),
}


@pytest.fixture
def people(layla, omar):
    return {"me": layla, "other": omar}


@pytest.fixture
def chat(people):
    """Ours: each has said something."""
    chat, _ = create_chat(actor=people["me"], type="private", participants=[people["other"]])
    send_message(actor=people["me"], chat=chat, text="Before", client_id="c1")
    send_message(actor=people["other"], chat=chat, text="Before, too")
    return chat


def block(people, blocks):
    for blocker, blocked in BLOCKS[blocks]:
        block_user(actor=people[blocker], user=people[blocked])


def filled(value, chat):
    ids = {"chat": str(chat.pk), "message": str(chat.messages.first().pk)}
    if isinstance(value, dict):
        return {name: filled(each, chat) for name, each in value.items()}
    return value.format(**ids) if isinstance(value, str) else value


def state():
    return (
        list(Chat.objects.values().order_by("pk")),
        list(Participant.objects.values().order_by("pk")),
        list(Message.objects.values().order_by("pk")),
        LogEntry.objects.count(),
    )


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("action", BY_REST)
def test_in_a_private_chat_by_rest(action, blocks, chat, people, client_of):
    block(people, blocks)
    method, path, body, answer = BY_REST[action]
    before = state()

    response = getattr(client_of(people["me"]), method)(f"/api/v1{filled(path, chat)}", filled(body, chat))

    code = response.json()["code"] if response.status_code >= 400 else None
    assert (response.status_code, code) == answer
    if action in REFUSED:
        assert state() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("action", BY_SOCKET)
@live
async def test_in_a_private_chat_by_socket(action, blocks, chat, people):
    await in_thread(block)(people, blocks)
    mine, others = await enter(people["me"]), await enter(people["other"])
    type_, data, code = BY_SOCKET[action]
    before = await in_thread(state)()

    answer = await mine.ask(type_, data=await in_thread(filled)(data, chat))

    if code:
        assert (answer["type"], answer["error"]["status"], answer["error"]["code"]) == ("error", 403, code)
        assert await in_thread(state)() == before
        assert await others.so_far() == []
    else:
        assert answer["type"] == "ack"


@pytest.mark.parametrize("blocks", BLOCKS)
def test_the_refusal_says_nothing_of_who_blocks_whom(blocks, chat, people, client_of):
    block(people, blocks)

    refused = client_of(people["me"]).post(f"/api/v1/chats/{chat.pk}/messages", {"text": "Hello?"})

    assert refused.json() | {"request_id": ""} == {
        "type": "http://testserver/api/docs/problems#not_open_to_you",
        "title": "Somebody there does not let you do this, or you have blocked them.",
        "status": 403,
        "detail": "Somebody there does not let you do this, or you have blocked them.",
        "code": "not_open_to_you",
        "request_id": "",
    }


def test_a_block_that_is_taken_back_is_over(chat, people):
    block(people, "both")
    unblock_user(actor=people["me"], user=people["other"])
    with pytest.raises(NotOpenToYou):
        send_message(actor=people["me"], chat=chat, text="Still not")

    unblock_user(actor=people["other"], user=people["me"])
    message, is_new = send_message(actor=people["me"], chat=chat, text="Again")

    assert (message.seq, is_new) == (3, True)


def test_who_left_is_not_brought_back_by_whom_they_block(chat, people):
    leave_chat(actor=people["other"], chat=chat)
    block(people, "blocks me")
    before = state()

    with pytest.raises(NotOpenToYou):
        send_message(actor=people["me"], chat=chat, text="Come back")

    assert state() == before


def test_the_platform_still_says_what_it_has_to(chat, people):
    block(people, "both")

    message, _ = send_message(actor=SYSTEM, chat=chat, text="Maintenance at noon.", kind="system")

    assert message.seq == 3


def test_a_block_of_somebody_else_is_nothing_to_a_chat(chat, people, mina):
    block_user(actor=mina, user=people["me"])
    block_user(actor=people["other"], user=mina)

    assert send_message(actor=people["me"], chat=chat, text="Hello")[0].seq == 3


# --- Groups -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocks", BLOCKS)
def test_in_a_group_messages_keep_flowing_to_everybody(blocks, people, mina, client_of):
    group = group_of(mina, people["me"], people["other"])
    block(people, blocks)

    sent = client_of(people["me"]).post(f"/api/v1/chats/{group.pk}/messages", {"text": "Hello, all"})
    read = client_of(people["other"]).get(f"/api/v1/chats/{group.pk}/messages")

    assert sent.status_code == 201
    assert [message["text"] for message in read.json()["results"]] == ["Hello, all"]


@pytest.mark.parametrize(
    ("blocks", "status", "code"),
    [("blocked by me", 403, "not_open_to_you"), ("blocks me", 400, "invalid"), ("both", 400, "invalid")],
)
def test_neither_brings_the_other_into_a_group(blocks, status, code, people, mina, client_of):
    group = group_of(people["me"], mina)
    block(people, blocks)
    client, other = client_of(people["me"]), str(people["other"].pk)
    before = state()

    tried = [
        client.post(f"/api/v1/chats/{group.pk}/participants", {"user": other}),
        client.post("/api/v1/chats", {"type": "group", "title": "Petra", "participants": [other]}),
    ]

    assert [(each.status_code, each.json()["code"]) for each in tried] == [(status, code)] * 2
    if code == "not_open_to_you":
        assert [each.json()["users"] for each in tried] == [[other]] * 2
    assert state() == before


def test_no_other_door_forgets_it(people, mina):
    group = group_of(people["me"], mina)
    block(people, "blocks me")
    with pytest.raises(NotFound):
        add_participants(actor=people["me"], chat=group, users=[people["other"]])
    unblock_user(actor=people["other"], user=people["me"])
    block(people, "blocked by me")

    with pytest.raises(NotOpenToYou):
        add_participants(actor=people["me"], chat=group, users=[people["other"]])
    with pytest.raises(NotOpenToYou):
        create_chat(actor=people["me"], type="group", title="Petra", participants=[people["other"]])

    assert Chat.objects.count() == 1


@pytest.mark.parametrize("blocks", BLOCKS)
def test_somebody_else_may_bring_both_into_a_group(blocks, people, mina):
    group = group_of(mina)
    block(people, blocks)

    add_participants(actor=mina, chat=group, users=list(people.values()))
    add_participants(actor=SYSTEM, chat=group, users=list(people.values()))

    assert group.participants.present().count() == 3


@pytest.mark.parametrize("blocks", BLOCKS)
def test_in_a_group_ranks_hold_whoever_blocks_whom(blocks, people):
    group = group_of(people["me"], people["other"])
    block(people, blocks)

    remove_participant(actor=people["me"], chat=group, user=people["other"])

    assert group.participants.present().count() == 1
