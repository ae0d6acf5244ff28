"""Reactions: who, with what, and how many."""

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.factories import UserFactory
from messaging.emojis import one_emoji
from messaging.models import Message, Reaction, ReactionCount
from messaging.services import (
    add_reaction,
    create_chat,
    delete_message,
    hide_message,
    leave_every_chat,
    remove_participant,
    remove_reaction,
    send_message,
)
from messaging.tests.factories import crowd_of, group_of
from messaging.tests.logs import log_of, stream_of, types
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

MANY = list("👍🐪☕🔥🎉🌙⭐🌵🎒🚗🚌🍉🍋🍇🥁🎻📷🧭⛺🌅🦂")


@pytest.fixture
def message(layla, group):
    return send_message(actor=layla, chat=group, text="We leave at dawn.")[0]


def path_of(message):
    return f"/api/v1/messages/{message.pk}/reactions"


def react(client, message, emoji="👍"):
    return client.post(path_of(message), {"emoji": emoji})


def reactions(client, message):
    return client.get(f"/api/v1/messages/{message.pk}").json()["reactions"]


def test_a_reaction_is_counted_and_is_ones_own(layla, omar, group, message, client_of):
    response = react(client_of(omar), message)

    reaction = Reaction.objects.get()
    assert response.status_code == 201
    assert response.headers["Location"] == path_of(message)
    assert response.json()["id"] == str(message.pk)
    assert response.json()["reactions"] == [{"emoji": "👍", "count": 1, "mine": True, "id": str(reaction.pk)}]
    assert reactions(client_of(layla), message) == [{"emoji": "👍", "count": 1, "mine": False, "id": None}]
    assert log_of(group)[-1] == (
        2,
        "reaction.added",
        {"message": str(message.pk), "user": str(omar.pk), "reaction": str(reaction.pk)},
    )


def test_the_same_again_is_the_same_reaction(omar, group, message, client_of):
    client = client_of(omar)

    first, again = react(client, message), react(client, message)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len(log_of(group)) == 2


def test_they_come_in_the_order_of_first_use(layla, omar, group, message, client_of):
    for person, emoji in [(omar, "🐪"), (layla, "👍"), (omar, "👍"), (layla, "🐪"), (omar, "🔥")]:
        add_reaction(actor=person, message=message, emoji=emoji)
    remove_reaction(actor=layla, message=message, emoji="🐪")

    page = client_of(layla).get(f"/api/v1/chats/{group.pk}/messages").json()["results"][0]["reactions"]
    last = client_of(layla).get("/api/v1/chats").json()["results"][0]["last_message"]["reactions"]

    assert [(each["emoji"], each["count"], each["mine"]) for each in page] == [
        ("🐪", 1, False),
        ("👍", 2, True),
        ("🔥", 1, False),
    ]
    assert last == page


@pytest.mark.parametrize("by", ["emoji", "id"])
def test_a_reaction_is_taken_back_by_emoji_or_id(by, omar, group, message, client_of):
    client = client_of(omar)
    own = react(client, message).json()["reactions"][0]

    answers = [client.delete(f"{path_of(message)}/{own[by]}") for _ in range(2)]

    assert [each.status_code for each in answers] == [204, 404]
    assert reactions(client, message) == []
    assert not ReactionCount.objects.exists()
    assert log_of(group)[2:] == [
        (3, "reaction.removed", {"message": str(message.pk), "user": str(omar.pk), "reaction": own["id"]})
    ]


@pytest.mark.parametrize("named", ["id", "👍", "🐪", "nonsense", "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"])
def test_nobody_takes_back_what_is_not_theirs(named, layla, omar, group, message, client_of):
    reaction, _ = add_reaction(actor=layla, message=message, emoji="👍")
    before = log_of(group)

    response = client_of(omar).delete(f"{path_of(message)}/{reaction.pk if named == 'id' else named}")

    assert response.status_code == 404
    assert (Reaction.objects.count(), log_of(group)) == (1, before)


def test_a_message_holds_twenty_different_ones(layla, omar, group, message, client_of):
    client = client_of(omar)

    answers = [react(client, message, emoji) for emoji in MANY]
    one_of_them = react(client_of(layla), message, MANY[0])

    assert [each.status_code for each in answers] == [201] * 20 + [409]
    assert answers[-1].json() | {"type": "", "request_id": ""} == {
        "type": "",
        "title": "This message has as many different reactions as it can hold.",
        "status": 409,
        "detail": "This message has as many different reactions as it can hold.",
        "code": "reaction_limit_reached",
        "limit": 20,
        "request_id": "",
    }
    assert one_of_them.status_code == 201
    assert len(log_of(group)) == 22


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("👍", "👍"),
        ("👍\ufe0f", "👍"),
        ("👍🏽", "👍🏽"),
        ("❤", "❤\ufe0f"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("🇯🇴", "🇯🇴"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("🏳\u200d🌈", "🏳\ufe0f\u200d🌈"),
        ("", None),
        ("a", None),
        ("1", None),
        ("🇯", None),
        ("🏽", None),
        ("👍👍", None),
        ("👍 ", None),
        ("\ufe0f", None),
        (":thumbsup:", None),
    ],
)
def test_one_emoji_in_one_spelling(given, kept):
    assert one_emoji(given) == kept


def test_two_spellings_are_one_reaction(omar, message, client_of):
    client = client_of(omar)

    first, again = react(client, message, "❤"), react(client, message, "❤\ufe0f")

    assert (first.status_code, again.status_code) == (201, 200)
    assert client.delete(f"{path_of(message)}/❤").status_code == 204


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "emoji", "required"),
        ({"emoji": None}, "emoji", "null"),
        ({"emoji": ""}, "emoji", "blank"),
        ({"emoji": 1}, "emoji", "invalid"),
        ({"emoji": "yes"}, "emoji", "not_an_emoji"),
        ({"emoji": "👍👍"}, "emoji", "not_an_emoji"),
        ({"emoji": "👍" * 10_000}, "emoji", "not_an_emoji"),
        ({"emoji": "👍", "user": "omar"}, "user", "unknown_field"),
    ],
)
def test_what_is_no_emoji_is_refused(body, field, code, omar, group, message, client_of):
    response = client_of(omar).post(path_of(message), body)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert len(log_of(group)) == 1


@pytest.mark.parametrize("who", ["stranger", "removed", "hidden from them"])
def test_who_does_not_see_the_message_neither_reacts_nor_sees_who_did(
    who, layla, omar, group, message, client_of
):
    add_reaction(actor=omar, message=message, emoji="👍")
    if who == "removed":
        remove_participant(actor=layla, chat=group, user=omar)
    if who == "hidden from them":
        hide_message(actor=omar, message=message)
    before = log_of(group)
    client = client_of(UserFactory() if who == "stranger" else omar)

    answers = [
        client.get(path_of(message)),
        react(client, message, "🐪"),
        client.delete(f"{path_of(message)}/👍"),
    ]

    assert [each.status_code for each in answers] == [404, 404, 404]
    assert (Reaction.objects.count(), log_of(group)) == (1, before)


def test_in_a_private_chat_both_react(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    message, _ = send_message(actor=layla, chat=chat, text="Salam")

    assert [react(client_of(each), message).status_code for each in (layla, omar)] == [201, 201]


def test_nobody_reacts_to_what_was_deleted_and_its_reactions_are_gone(layla, omar, group, message, client_of):
    add_reaction(actor=omar, message=message, emoji="👍")
    delete_message(actor=layla, message=message)
    before = log_of(group)

    response = react(client_of(omar), message)

    assert (response.status_code, response.json()["code"]) == (409, "message_was_deleted")
    assert reactions(client_of(omar), message) == []
    assert not Reaction.objects.exists()
    assert log_of(group) == before


def test_who_reacted_is_listed_in_the_order_in_which_they_did(layla, omar, group, message, client_of):
    for person, emoji in [(omar, "👍"), (layla, "🐪"), (layla, "👍")]:
        add_reaction(actor=person, message=message, emoji=emoji)
    client = client_of(omar)

    whole, thumbs = client.get(path_of(message)), client.get(path_of(message), {"emoji": "👍"})
    page = client.get(path_of(message), {"page_size": 2}).json()

    assert [(each["username"], each["emoji"]) for each in whole.json()["results"]] == [
        ("omar", "👍"),
        ("layla", "🐪"),
        ("layla", "👍"),
    ]
    assert whole.json()["results"][0].keys() == {
        "id",
        "emoji",
        "user",
        "username",
        "display_name",
        "avatar",
        "created_at",
    }
    assert [each["username"] for each in thumbs.json()["results"]] == ["omar", "layla"]
    assert [each["emoji"] for each in client.get(page["next"]).json()["results"]] == ["👍"]
    assert client.get(path_of(message), {"emoji": "yes"}).status_code == 400


def test_a_reaction_that_is_rolled_back_was_none(omar, group, message):
    with transaction.atomic():
        add_reaction(actor=omar, message=message, emoji="👍")
        transaction.set_rollback(True)

    assert not Reaction.objects.exists()
    assert not ReactionCount.objects.exists()
    assert types(log_of(group)) == [(1, "message.sent")]


def test_reactions_of_who_goes_for_good_go_with_them(layla, omar, group, message, client_of):
    add_reaction(actor=omar, message=message, emoji="👍")
    add_reaction(actor=layla, message=message, emoji="👍")

    deleted = leave_every_chat(user=omar.pk)

    assert deleted["messaging.reaction"] == 1
    assert [(each["emoji"], each["count"]) for each in reactions(client_of(layla), message)] == [("👍", 1)]
    assert [type_ for _, type_, _ in log_of(group)[-2:]] == ["reaction.removed", "participant.removed"]


def test_the_database_too_counts_nobody_twice(omar, message):
    add_reaction(actor=omar, message=message, emoji="👍")

    with pytest.raises(IntegrityError), transaction.atomic():
        Reaction.objects.create(message=message, user=omar, emoji="👍")
    with pytest.raises(IntegrityError), transaction.atomic():
        ReactionCount.objects.create(message=message, emoji="👍")
    with pytest.raises(IntegrityError), transaction.atomic():
        ReactionCount.objects.update(count=0)


@pytest.mark.parametrize(("messages", "people"), [(10, 10), (200, 10), (10, 1000)])
def test_a_page_takes_as_many_queries_however_many_react(
    messages, people, omar, group, client_of, django_assert_num_queries
):
    crowd = crowd_of(people)
    said = Message.objects.bulk_create(
        Message(chat=group, seq=number + 1, author=omar, text="Hello") for number in range(messages)
    )
    Reaction.objects.bulk_create(
        Reaction(message=each, user=person, emoji="👍") for each in said[:10] for person in crowd
    )
    ReactionCount.objects.bulk_create(
        ReactionCount(message=each, emoji="👍", count=people) for each in said[:10]
    )
    client = client_of(omar)

    with django_assert_num_queries(8):
        page = client.get(f"/api/v1/chats/{group.pk}/messages", {"limit": 200}).json()["results"]

    assert sum(each["reactions"][0]["count"] for each in page if each["reactions"]) == people * 10


@pytest.mark.django_db(transaction=True)
@live
async def test_reactions_by_socket_are_told_to_everybody_with_what_there_is_now(layla, omar, group):
    message, _ = await in_thread(send_message)(actor=layla, chat=group, text="We leave at dawn.")
    laylas, omars = await enter(layla), await enter(omar)
    data = {"message": str(message.pk), "emoji": "👍"}

    added = await omars.ask("reaction.add", data=data)
    again = await omars.ask("reaction.add", data=data)
    heard = await laylas.next()
    removed = [await omars.ask("reaction.remove", data=data) for _ in range(2)]
    unheard = await laylas.next()

    assert [(each["emoji"], each["mine"]) for each in added["data"]["reactions"]] == [("👍", True)]
    assert again["data"] == added["data"]
    assert [each["data"]["reactions"] for each in removed] == [[], []]
    own = added["data"]["reactions"][0]["id"]
    who = {"message": str(message.pk), "user": str(omar.pk), "reaction": own}
    assert (heard["type"], heard["seq"]) == ("reaction.added", 2)
    assert heard["data"] == who | {"emoji": "👍", "reactions": [{"emoji": "👍", "count": 1}]}
    assert (unheard["type"], unheard["seq"], unheard["data"]) == (
        "reaction.removed",
        3,
        who | {"emoji": None, "reactions": []},
    )
    assert await laylas.so_far() == []
    assert len(await in_thread(stream_of)(omar)) == 1


@pytest.mark.django_db(transaction=True)
@live
async def test_by_socket_too_nobody_reacts_to_what_they_do_not_see(layla, omar, group):
    hers = await in_thread(group_of)(layla)
    message, _ = await in_thread(send_message)(actor=layla, chat=hers, text="Mine")
    omars = await enter(omar)
    data = {"message": str(message.pk), "emoji": "👍"}

    answers = [await omars.ask(command, data=data) for command in ("reaction.add", "reaction.remove")]
    shapeless = await omars.ask("reaction.add", data=data | {"emoji": "yes"})

    assert [each["error"]["errors"][0]["code"] for each in answers] == ["unknown_message"] * 2
    assert shapeless["error"]["status"] == 400
    assert not await in_thread(Reaction.objects.exists)()
