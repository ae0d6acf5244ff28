"""What is unread, explained: a badge counts exactly the messages that it names."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.tests.factories import UserFactory
from common.actors import SYSTEM
from messaging.events import topic_of_chat
from messaging.models import Chat, Participant
from messaging.services import (
    add_participants,
    badges_of,
    delete_message,
    hide_message,
    mark_delivered,
    mark_read,
    remove_participant,
    send_message,
    set_preferences,
    unread,
    unread_chats,
)
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db

PEOPLE = 3
person = st.integers(0, PEOPLE - 1)
steps = st.one_of(
    st.tuples(st.just("send"), person),
    st.tuples(st.just("read"), person, st.integers(0, 15)),
    st.tuples(st.just("receive"), person, st.integers(0, 15)),
    st.tuples(st.just("come or go"), person),
    st.tuples(st.just("notice"), person),
)

CASES = ["unread", "read", "marked", "muted", "own", "deleted", "hidden", "left", "request", "replied"]
NO_OTHERS = {"unread_mentions": 0, "thread_unread_count": 0}
NOTHING = {"ids": [], "more": False, "next": None}


def unread_in(client, chat, **query):
    return client.get(f"/api/v1/chats/{chat.pk}/unread", query)


def explained(client, chat, **query):
    return unread_in(client, chat, explain="1", **query).json()["explanation"]["unread_count"]


def test_a_badge_is_explained_by_the_messages_behind_it(group, layla, omar, client_of):
    ids = [
        str(send_message(actor=author, chat=group, text="Hello")[0].pk)
        for author in (layla, omar, layla, SYSTEM, layla)
    ]
    mark_read(actor=omar, chat=group, seq=2)
    client = client_of(omar)

    assert unread_in(client, group).json() == {"read_seq": 2, "unread_count": 3} | NO_OTHERS
    assert unread_in(client, group, explain="0").json() == {"read_seq": 2, "unread_count": 3} | NO_OTHERS
    assert unread_in(client, group, explain="1").json() == {
        "read_seq": 2,
        "unread_count": 3,
        "unread_mentions": 0,
        "thread_unread_count": 0,
        "explanation": {
            "unread_count": {"ids": ids[2:], "more": False, "next": None},
            "unread_mentions": NOTHING,
            "thread_unread_count": NOTHING,
        },
    }
    assert client.get(f"/api/v1/chats/{group.pk}").json()["unread_count"] == 3


def test_more_than_fits_comes_in_portions(group, layla, omar, client_of, monkeypatch):
    monkeypatch.setattr(unread, "EXPLAINED", 2)
    ids = [str(send_message(actor=layla, chat=group, text=f"{n}")[0].pk) for n in range(5)]
    client, found, after = client_of(omar), [], 0

    portions = []
    while after is not None:
        answer = unread_in(client, group, explain="1", after=after).json()
        assert answer["unread_count"] == 5
        portion = answer["explanation"]["unread_count"]
        portions.append((len(portion["ids"]), portion["more"]))
        found += portion["ids"]
        after = portion["next"]

    assert portions == [(2, True), (2, True), (1, False)]
    assert found == ids


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"explain": "yes"}, "explain"),
        ({"explain": ""}, "explain"),
        ({"after": "-1"}, "after"),
        ({"after": "9" * 30}, "after"),
        ({"before": "3"}, "before"),
    ],
)
def test_what_can_not_be_asked(query, field, group, omar, client_of):
    refused = unread_in(client_of(omar), group, **query)

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)


def test_a_stranger_and_who_was_removed_find_nothing(group, layla, omar, client_of):
    remove_participant(actor=layla, chat=group, user=omar)

    assert unread_in(client_of(omar), group, explain="1").status_code == 404
    assert unread_in(client_of(UserFactory()), group, explain="1").status_code == 404


@pytest.mark.parametrize("messages", [1, 40])
def test_explaining_takes_as_many_queries_however_much_there_is(
    messages, group, layla, omar, client_of, django_assert_num_queries
):
    for number in range(messages):
        send_message(actor=layla, chat=group, text=str(number))
    client = client_of(omar)

    # The session, the chat, the reader's row, how many there are, the messages behind each of three badges.
    with django_assert_num_queries(7):
        found = explained(client, group)

    assert len(found["ids"]) == messages


@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(st.lists(steps, max_size=20))
def test_whatever_happens_a_badge_is_as_large_as_its_explanation(sequence):
    people = UserFactory.create_batch(PEOPLE)
    owner = UserFactory()
    chat = group_of(owner, *people)

    for step in sequence:
        inside = chat.participants.present().filter(user=people[step[1]]).exists()
        match step:
            case ("notice", _):
                send_message(actor=SYSTEM, chat=chat, text="Notice", kind="system")
            case ("come or go", who) if inside:
                remove_participant(actor=owner, chat=chat, user=people[who])
            case ("come or go", who):
                add_participants(actor=owner, chat=chat, users=[people[who]])
            case ("send", who) if inside:
                send_message(actor=people[who], chat=chat, text="Hello")
            case ("read", who, seq) if inside:
                mark_read(actor=people[who], chat=chat, seq=seq)
            case ("receive", who, seq) if inside:
                mark_delivered(actor=people[who], chat=chat, seq=seq)

    for me in Participant.objects.present().filter(chat=chat).select_related("user"):
        listed = Chat.objects.for_reader(me.user).get(pk=chat.pk).unread_count
        badge = badges_of(me, explain=True)["unread_count"]
        behind = chat.messages.filter(seq__gt=me.read_seq).exclude(author=me.user).order_by("seq")
        assert listed == badge.count == badges_of(me)["unread_count"].count == len(badge.ids)
        assert badge.ids == list(behind.values_list("pk", flat=True))
        on_the_icon = set() if me.is_request else {topic_of_chat(chat.pk)} if listed else set()
        assert unread_chats([me.user_id]).get(me.user_id, set()) == on_the_icon


def test_chats_for_the_icon_are_those_in_which_the_list_shows_something(
    layla, omar, django_assert_num_queries
):
    """One query, whoever they are and however many chats they have."""
    chats = {name: group_of(layla, omar) for name in CASES}
    Participant.objects.update(is_request=False)
    said = {
        name: send_message(actor=omar if name == "own" else layla, chat=chat, text="Salam")[0]
        for name, chat in chats.items()
    }
    mark_read(actor=omar, chat=chats["read"], seq=1)
    mark_read(actor=omar, chat=chats["marked"], seq=1)
    set_preferences(actor=omar, chat=chats["marked"], marked_unread=True)
    set_preferences(actor=omar, chat=chats["muted"], muted_until=timezone.now() + timedelta(hours=1))
    delete_message(actor=layla, message=said["deleted"])
    hide_message(actor=omar, message=said["hidden"])
    remove_participant(actor=layla, chat=chats["left"], user=omar)
    Participant.objects.filter(chat=chats["request"]).update(is_request=True)
    send_message(actor=layla, chat=chats["replied"], text="In the thread", thread=said["replied"].pk)
    mark_read(actor=omar, chat=chats["replied"], seq=1)

    with django_assert_num_queries(1):
        found = unread_chats([layla.pk, omar.pk])

    named = {topic_of_chat(chat.pk): name for name, chat in chats.items()}
    assert {named[topic] for topic in found[omar.pk]} == {"unread", "marked"}
    assert {named[topic] for topic in found[layla.pk]} == {"own"}
