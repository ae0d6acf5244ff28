"""Calling people: by an explicit list, people in the chat alone, and nobody who has blocked the caller."""

import pytest
from django.db import connection

from accounts.models import Block
from accounts.services import block_user
from accounts.tests.factories import UserFactory
from common.problems import NotAllowed
from messaging.models import Chat, Mention, Message, ThreadMark
from messaging.problems import ClientIdConflict
from messaging.services import (
    add_participants,
    change_role,
    create_chat,
    mark_read,
    remove_participant,
    send_message,
    set_mentions,
)
from messaging.tests.factories import MessageFactory, crowd_of, group_of
from messaging.tests.logs import log_of
from realtime.tests.clients import enter, in_thread, live

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]


@pytest.fixture
def trio(layla, omar, mina):
    """Layla's group, with Omar and Mina."""
    return group_of(layla, omar, mina)


def say(client, chat, *mentions, **more):
    said = {"text": "Look here", "mentions": [str(getattr(each, "pk", each)) for each in mentions]} | more
    return client.post(f"/api/v1/chats/{chat.pk}/messages", said)


def called(user):
    return Chat.objects.for_reader(user).get().unread_mentions


def test_who_is_called_is_shown_and_counted(trio, layla, omar, mina, client_of):
    response = say(client_of(layla), trio, omar, mina, omar)

    assert response.status_code == 201
    assert response.json()["mentions"] == [str(omar.pk), str(mina.pk)]
    assert client_of(mina).get(response.headers["Location"]).json()["mentions"] == response.json()["mentions"]
    assert [called(each) for each in (layla, omar, mina)] == [0, 1, 1]
    assert client_of(omar).get(f"/api/v1/chats/{trio.pk}").json()["unread_mentions"] == 1


def test_what_is_read_calls_nobody_any_more(trio, layla, omar):
    for _ in range(3):
        send_message(actor=layla, chat=trio, text="Look here", mentions=[omar.pk])
    send_message(actor=layla, chat=trio, text="Nobody")

    mark_read(actor=omar, chat=trio, seq=2)

    assert called(omar) == 1
    assert list(Message.objects.mentioning(omar).order_by("seq").values_list("seq", flat=True)) == [1, 2, 3]


def test_a_text_calls_nobody_by_itself(trio, layla, omar):
    send_message(actor=layla, chat=trio, text=f"@omar @all {omar.pk}")

    assert called(omar) == 0


@pytest.mark.parametrize(("role", "status"), [("owner", 201), ("admin", 201), ("member", 403)])
def test_owners_and_admins_call_everybody_in_a_group(role, status, trio, layla, omar, mina, client_of):
    if role == "admin":
        change_role(actor=layla, chat=trio, user=omar, role="admin")
    actor, before = layla if role == "owner" else omar, log_of(trio)

    response = say(client_of(actor), trio, "all")

    assert response.status_code == status
    if status == 201:
        assert response.json()["mentions"] == ["all"]
        assert (called(mina), called(actor)) == (1, 0)
    else:
        assert response.json()["denied_by"] == {
            "action": "message.mention_all",
            "role": "member",
            "rule": "default",
        }
        assert (log_of(trio), Message.objects.count(), called(mina)) == (before, 0, 0)


def test_both_sides_of_a_private_chat_call_everybody(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])

    assert say(client_of(omar), chat, "all", layla).json()["mentions"] == [str(layla.pk), "all"]
    assert called(layla) == 1


@pytest.mark.parametrize("who", ["a stranger", "removed", "nobody"])
def test_nobody_is_called_who_is_not_in_the_chat(who, trio, layla, omar, mina, client_of):
    if who == "removed":
        remove_participant(actor=layla, chat=trio, user=mina)
    person = {"removed": mina, "a stranger": UserFactory()}.get(who, "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01")
    before = log_of(trio)

    response = say(client_of(layla), trio, omar, person)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("mentions.1", "unknown_user")
    ]
    assert (log_of(trio), Message.objects.count(), Mention.objects.count()) == (before, 0, 0)


@pytest.mark.parametrize(
    ("mentions", "field", "code"),
    [
        (None, "mentions", "null"),
        ("all", "mentions", "not_a_list"),
        ({}, "mentions", "not_a_list"),
        (["everybody"], "mentions.0", "invalid"),
        ([None], "mentions.0", "null"),
        ([7], "mentions.0", "invalid"),
        (["ALL"], "mentions.0", "invalid"),
        (["all"] * 101, "mentions", "max_length"),
        (["0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"] * 10_000, "mentions", "max_length"),
    ],
)
def test_what_is_no_list_of_people_is_refused(mentions, field, code, trio, layla, client_of):
    response = client_of(layla).post(
        f"/api/v1/chats/{trio.pk}/messages", {"text": "Look here", "mentions": mentions}, format="json"
    )

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert not Message.objects.exists()


def test_a_hundred_are_called_at_once(layla, client_of):
    people = crowd_of(100)
    chat = group_of(layla, *people)

    response = say(client_of(layla), chat, *people)

    assert len(response.json()["mentions"]) == Mention.objects.count() == 100


def test_a_call_by_who_is_blocked_counts_for_nothing(trio, layla, omar, mina, client_of):
    block_user(actor=mina, user=layla)

    response = say(client_of(layla), trio, omar, mina, "all")

    assert response.json()["mentions"] == [str(omar.pk), str(mina.pk), "all"]  # it flows, as any message
    assert (called(omar), called(mina)) == (1, 0)
    Block.objects.all().delete()
    assert called(mina) == 1


def test_the_same_with_other_people_is_another_message(trio, layla, omar, mina):
    first, _ = send_message(actor=layla, chat=trio, text="Look", client_id="c1", mentions=[omar.pk])

    again, is_new = send_message(actor=layla, chat=trio, text="Look", client_id="c1", mentions=[omar.pk])

    assert (again.pk, is_new, Mention.objects.count()) == (first.pk, False, 1)
    with pytest.raises(ClientIdConflict):
        send_message(actor=layla, chat=trio, text="Look", client_id="c1", mentions=[mina.pk])


# --- In threads ---------------------------------------------------------------------------------------------


def followers(root):
    marks = ThreadMark.objects.filter(root=root, is_following=True)
    return dict(marks.values_list("user__username", "read_seq"))


def test_who_is_called_in_a_thread_follows_it_and_owes_that_reply(trio, layla, omar, mina):
    root, _ = send_message(actor=layla, chat=trio, text="We leave at dawn.")
    send_message(actor=omar, chat=trio, text="From where?", thread=root.pk)

    send_message(actor=omar, chat=trio, text="Mina?", thread=root.pk, mentions=[mina.pk])

    assert followers(root) == {"layla": 1, "omar": 1, "mina": 2}
    seen = Chat.objects.for_reader(mina).get()
    assert (seen.thread_unread_count, seen.unread_mentions, seen.unread_count) == (1, 0, 1)


def test_who_is_called_by_the_root_follows_with_the_first_reply(trio, layla, omar, mina):
    root, _ = send_message(actor=layla, chat=trio, text="Mina?", mentions=[mina.pk])

    send_message(actor=omar, chat=trio, text="She sleeps.", thread=root.pk)

    assert followers(root) == {"layla": 1, "omar": 1, "mina": 1}


def test_who_has_blocked_the_caller_follows_nothing(trio, layla, omar, mina):
    block_user(actor=mina, user=omar)
    root, _ = send_message(actor=omar, chat=trio, text="Mina?", mentions=[mina.pk])

    send_message(actor=omar, chat=trio, text="Mina!", thread=root.pk, mentions=[mina.pk])

    assert "mina" not in followers(root)


def test_calling_everybody_in_a_thread_makes_nobody_follow(trio, layla, omar, mina):
    root, _ = send_message(actor=layla, chat=trio, text="We leave at dawn.")

    send_message(actor=layla, chat=trio, text="All of you", thread=root.pk, mentions=["all"])

    assert followers(root) == {"layla": 1}


# --- Changing -----------------------------------------------------------------------------------------------


def test_changed_mentions_name_who_is_new(trio, layla, omar, mina):
    message, _ = send_message(actor=layla, chat=trio, text="Look", mentions=[omar.pk])

    added = set_mentions(actor=layla, chat=trio, message=message, mentions=[mina.pk, "all"])
    again = set_mentions(actor=layla, chat=trio, message=message, mentions=[mina.pk, "all"])
    gone = set_mentions(actor=layla, chat=trio, message=message, mentions=[])

    assert (added, again, gone) == ({mina.pk}, set(), set())
    message.refresh_from_db()
    assert (message.mentions, message.mentions_all, Mention.objects.count()) == ([], False, 0)


def test_a_member_may_leave_everybody_called_but_not_begin_to(trio, layla, omar):
    theirs = MessageFactory(chat=trio, author=omar, mentions_all=True)
    plain = MessageFactory(chat=trio, author=omar)

    assert set_mentions(actor=omar, chat=trio, message=theirs, mentions=["all"]) == set()
    with pytest.raises(NotAllowed):
        set_mentions(actor=omar, chat=trio, message=plain, mentions=["all"])


# --- Live, and at size --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@live
async def test_a_call_is_made_and_heard_by_socket(layla, omar, group):
    laylas, omars = await enter(layla), await enter(omar)

    sent = await laylas.ask(
        "message.send", data={"chat": str(group.pk), "text": "Look", "mentions": [str(omar.pk), "all"]}
    )
    heard = await omars.next()
    stranger = await in_thread(UserFactory)()
    refused = await laylas.ask(
        "message.send", data={"chat": str(group.pk), "text": "Look", "mentions": [str(stranger.pk)]}
    )

    assert sent["data"]["mentions"] == heard["data"]["mentions"] == [str(omar.pk), "all"]
    assert [(each["field"], each["code"]) for each in refused["error"]["errors"]] == [
        ("mentions.0", "unknown_user")
    ]
    await omars.say("resume", id="r", chats={str(group.pk): 1})
    resumed = (await omars.until("resumed"))[-1]
    assert resumed["chats"][str(group.pk)] == {
        "seq": 1,
        "read_seq": 0,
        "unread_count": 1,
        "unread_mentions": 1,
        "thread_unread_count": 0,
    }


@pytest.mark.parametrize("members", [10, 1000])
def test_calling_takes_as_many_queries_in_any_chat(
    members, layla, omar, client_of, django_assert_num_queries
):
    chat = group_of(layla, omar)
    add_participants(actor=layla, chat=chat, users=crowd_of(members))
    client = client_of(layla)

    # On PostgreSQL one journey locks and looks, and one keeps it all.
    with django_assert_num_queries(15 if connection.vendor == "postgresql" else 17):
        response = say(client, chat, omar, "all")

    assert response.status_code == 201
