"""A client proves that it has a chat as it is: it makes the checksum of what REST gives it."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from common.models import LogEpoch
from messaging.models import Chat, Message, Participant, Pin
from messaging.services import (
    add_participants,
    change_role,
    create_chat,
    hide_message,
    leave_chat,
    mark_read,
    pin_message,
    send_message,
    unpin_message,
    update_chat,
)
from messaging.services import checksums as module
from messaging.tests.factories import crowd_of, group_of

pytestmark = pytest.mark.django_db

GUIDE = (Path(__file__).parent.parent.parent / "docs/live.md").read_text()
SECTION = GUIDE.partition("## Prove that you are right")[2].partition("\n## ")[0]


def by_the_guide(chat: dict, participants: list, pins: list) -> str:
    """What the guide's own lines make of it."""
    (code,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["checksum"](chat, participants, pins)


def own(client: APIClient, chat: Chat) -> str:
    """The checksum of what REST shows to this client, and of nothing else."""

    def results(url: str) -> list[Any]:
        found = []
        while url:
            page = client.get(url).json()
            found, url = found + page["results"], page["next"]
        return found

    path = f"/api/v1/chats/{chat.pk}"
    return by_the_guide(client.get(path).json(), results(f"{path}/participants"), results(f"{path}/pins"))


def told(client: APIClient, chat: Chat) -> str | None:
    return client.get("/api/v1/sync", {"checksum": 1}).json()["chats"][str(chat.pk)]["checksum"]


def test_the_guides_example_is_right():
    text = re.findall(r"```\n(chat .*?)\n```", SECTION, re.DOTALL)[0]

    assert f"Its checksum is `{sha256(text.encode()).hexdigest()}`" in SECTION
    lines = dict(line.split(" ", 1) for line in text.splitlines()[:4])
    chat = {"id": lines["chat"], "last_seq": 5, "unread_count": 3, "participant_count": 2}
    people = [line.split()[1:] for line in text.splitlines()[4:6]]
    pinned = text.splitlines()[6].split()[1]
    participants = [{"user": user, "role": role} for user, role in reversed(people)]
    assert f"`{by_the_guide(chat, participants, [{'message': {'id': pinned}}])}`" in SECTION


def test_a_client_makes_it_of_what_rest_gives_after_everything_that_happens(
    layla, omar, mina, group, client_of
):
    clients = [client_of(layla), client_of(omar)]
    seen: list[list[str | None]] = []

    def all_agree() -> None:
        sums = [told(client, group) for client in clients]
        assert None not in sums
        assert sums == [own(client, group) for client in clients]
        assert sums not in seen  # what happened shows
        seen.append(sums)

    all_agree()
    first, _ = send_message(actor=layla, chat=group, text="We leave at dawn.")
    all_agree()
    mark_read(actor=omar, chat=group, seq=first.seq)
    all_agree()
    second, _ = send_message(actor=layla, chat=group, text="By car.")
    pin_message(actor=layla, message=second)
    pin_message(actor=layla, message=first)
    all_agree()
    unpin_message(actor=layla, pin=Pin.objects.get(message=second))
    all_agree()
    add_participants(actor=layla, chat=group, users=[mina])
    all_agree()
    change_role(actor=layla, chat=group, user=omar, role="admin")
    all_agree()
    leave_chat(actor=mina, chat=group)
    all_agree()


@pytest.mark.parametrize(
    "harm",
    [
        lambda chat, people, pins: chat.update(last_seq=chat["last_seq"] - 1),
        lambda chat, people, pins: chat.update(unread_count=chat["unread_count"] + 1),
        lambda chat, people, pins: chat.update(participant_count=3),
        lambda chat, people, pins: people.pop(),
        lambda chat, people, pins: people[1].update(role="admin"),
        lambda chat, people, pins: pins.clear(),
    ],
    ids=["seq", "unread", "count", "person", "role", "pins"],
)
def test_whoever_has_one_thing_wrong_sees_it(harm, layla, omar, group, client_of):
    message, _ = send_message(actor=layla, chat=group, text="We leave at dawn.")
    pin_message(actor=layla, message=message)
    client, path = client_of(omar), f"/api/v1/chats/{group.pk}"
    chat = client.get(path).json()
    people, pins = (client.get(f"{path}/{what}").json()["results"] for what in ("participants", "pins"))
    assert by_the_guide(chat, people, pins) == told(client, group)

    harm(chat, people, pins)

    assert by_the_guide(chat, people, pins) != told(client, group)


def test_members_of_a_channel_make_it_of_whom_they_see(layla, omar, mina, client_of):
    channel, _ = create_chat(actor=layla, type="channel", title="News", participants=[omar, mina])
    of_layla, of_omar = client_of(layla), client_of(omar)

    assert told(of_layla, channel) == own(of_layla, channel)
    assert told(of_omar, channel) == own(of_omar, channel)
    assert told(of_layla, channel) != told(of_omar, channel)  # who does not see Mina


def test_a_group_that_shows_its_people_to_admins_alone_gives_nobody_else_a_word_on_them(
    layla, omar, mina, client_of
):
    group = group_of(layla, omar, mina)
    update_chat(actor=layla, chat=group, permissions={"participant.view": "admins"})
    of_omar = client_of(omar)

    assert told(of_omar, group) == own(of_omar, group)


def test_a_pin_whose_message_one_has_hidden_is_not_in_it(layla, omar, group, client_of):
    message, _ = send_message(actor=layla, chat=group, text="We leave at dawn.")
    pin_message(actor=layla, message=message)
    of_layla, of_omar = client_of(layla), client_of(omar)
    hide_message(actor=omar, message=message)

    assert told(of_omar, group) == own(of_omar, group)
    assert told(of_layla, group) == own(of_layla, group)


@pytest.mark.parametrize("others", [99, 100])
def test_of_more_than_a_hundred_people_there_is_the_number(others, layla, client_of):
    chat = group_of(layla)
    Participant.objects.bulk_create(Participant(chat=chat, user=user) for user in crowd_of(others))
    Chat.objects.filter(pk=chat.pk).update(participant_count=others + 1)
    client = client_of(layla)

    assert told(client, chat) == own(client, chat)


def test_where_something_happened_in_the_same_moment_there_is_none(layla, group, client_of, monkeypatch):
    people = module._people

    def people_and_then_a_message(*args: Any) -> Any:
        found = people(*args)
        send_message(actor=layla, chat=group, text="Just now.")
        return found

    monkeypatch.setattr(module, "_people", people_and_then_a_message)

    assert told(client_of(layla), group) is None
    assert Message.objects.count() == 1


def test_who_asks_for_none_gets_none(layla, group, client_of):
    answers = [client_of(layla).get("/api/v1/sync", asked).json() for asked in ({}, {"checksum": 0})]

    assert all("checksum" not in answer["chats"][str(group.pk)] for answer in answers)


@pytest.mark.parametrize("chats", [1, 20])
def test_it_takes_four_queries_more_however_many_chats_there_are(
    chats, layla, omar, mina, client_of, django_assert_num_queries
):
    for _ in range(chats):
        message, _ = send_message(actor=layla, chat=group_of(layla, omar, mina), text="We leave at dawn.")
        pin_message(actor=layla, message=message)
    client = client_of(omar)
    LogEpoch.current()

    # As without it (test_sync.py), and: their own roles, the people, the pins, where the chats stand by now.
    with django_assert_num_queries(6 + 4):
        page = client.get("/api/v1/sync", {"checksum": 1}).json()

    assert len({chat["checksum"] for chat in page["chats"].values()}) == chats
