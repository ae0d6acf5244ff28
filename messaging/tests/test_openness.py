"""Whom people let open a chat with them, or bring them into one."""

import pytest

from accounts.services import block_user, update_settings
from common.problems import NotFound
from messaging.models import Chat, Participant
from messaging.services import add_participants, create_chat
from messaging.tests.factories import group_of
from messaging.tests.logs import stream_of

pytestmark = pytest.mark.django_db

CHATS = "/api/v1/chats"
NOBODY = "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"


def private(user) -> dict[str, object]:
    return {"type": "private", "participants": [str(getattr(user, "pk", user))]}


def without_id(response) -> dict[str, object]:
    return response.json() | {"request_id": ""}


def test_who_is_blocked_gets_the_answers_of_somebody_who_does_not_exist(layla, omar, mina, client_of):
    block_user(actor=omar, user=layla)
    chat = group_of(layla, mina)
    before = Chat.objects.count(), Participant.objects.count()
    client, people = client_of(layla), f"{CHATS}/{chat.pk}/participants"

    for path, body in [
        (CHATS, private),
        (
            CHATS,
            lambda user: (
                {"type": "group", "title": "Petra"} | {"participants": private(user)["participants"]}
            ),
        ),
        (people, lambda user: {"user": private(user)["participants"][0]}),
        (people, lambda user: {"users": private(user)["participants"]}),
    ]:
        refused, unknown = client.post(path, body(omar)), client.post(path, body(NOBODY))
        assert refused.status_code == 400
        assert without_id(refused) == without_id(unknown)

    assert (Chat.objects.count(), Participant.objects.count()) == before
    assert [type_ for _, type_, _ in stream_of(omar)] == ["user.blocked"]


def test_a_private_chat_that_is_there_is_not_found_by_who_is_blocked_since(layla, omar, client_of):
    create_chat(actor=layla, type="private", participants=[omar])
    block_user(actor=omar, user=layla)

    assert client_of(layla).post(CHATS, private(omar)).status_code == 400
    with pytest.raises(NotFound):
        create_chat(actor=layla, type="private", participants=[omar])


def test_no_other_door_forgets_it(layla, omar, mina):
    block_user(actor=omar, user=layla)
    chat = group_of(layla, mina)

    with pytest.raises(NotFound):
        create_chat(actor=layla, type="private", participants=[omar])
    with pytest.raises(NotFound):
        create_chat(actor=layla, type="group", title="Petra", participants=[omar])
    with pytest.raises(NotFound):
        add_participants(actor=layla, chat=chat, users=[omar])
    assert Chat.objects.count() == 1


def test_others_are_not_touched_by_a_block(layla, omar, mina, client_of):
    block_user(actor=omar, user=layla)

    assert client_of(mina).post(CHATS, private(omar)).status_code == 201
    assert client_of(omar).post(CHATS, private(mina)).status_code == 200
    assert client_of(omar).post(CHATS, private(layla)).status_code == 201  # who blocks may still write first


@pytest.mark.parametrize("choice", ["contacts", "nobody"])
def test_who_wants_to_be_added_by_nobody_is_not(choice, layla, omar, mina, client_of):
    group = group_of(layla, mina)
    update_settings(user=omar, changes={"privacy": {"who_may_add_me": choice}})
    client = client_of(layla)

    refused = [
        client.post(CHATS, private(omar)),
        client.post(CHATS, {"type": "group", "title": "Petra", "participants": [str(omar.pk)]}),
        client.post(f"{CHATS}/{group.pk}/participants", {"user": str(omar.pk)}),
    ]

    assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "not_open_to_you")] * 3
    assert refused[0].json()["users"] == [str(omar.pk)]
    assert Chat.objects.count() == 1


def test_chats_that_are_there_stay_as_they_are(layla, omar, client_of):
    group = group_of(layla, omar)
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    update_settings(user=omar, changes={"privacy": {"who_may_add_me": "nobody"}})
    client = client_of(layla)

    assert client.post(CHATS, private(omar)).json()["id"] == str(chat.pk)
    assert client.post(f"{CHATS}/{group.pk}/participants", {"user": str(omar.pk)}).status_code == 201
