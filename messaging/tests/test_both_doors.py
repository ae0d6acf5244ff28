"""A page of a chat through both doors, after whatever may change what is shown: the same to the byte."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Block
from accounts.tests.factories import UserFactory
from files.tests.factories import file_of
from messaging.models import Chat, Message
from messaging.services import (
    add_reaction,
    create_chat,
    delete_message,
    edit_message,
    forward_message,
    hide_message,
    mark_delivered,
    mark_read,
    remove_participant,
    remove_reaction,
    send_message,
)
from messaging.tests.factories import group_of
from tests.asgi import AsgiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(layla, omar, mina):
    chat = group_of(layla, omar, mina)
    for number, author in enumerate([layla, omar, mina] * 3):
        send_message(actor=author, chat=chat, text=f'{number}: "\\ \x7f\u2028 \n🐪')
    return chat


@pytest.fixture
def both(fast, client_of, layla, omar, mina):
    """What each of the three gets through each door, whole and cut short."""
    djangos = {person: client_of(person) for person in (layla, omar, mina)}
    ours = {}
    for person, client in djangos.items():
        ours[person] = AsgiClient(fast)
        ours[person].credentials(**client._credentials)

    def compare(chat: Chat):
        for person, client in djangos.items():
            for query in ("", "?limit=3"):
                url = f"/api/v1/chats/{chat.pk}/messages{query}"
                expected, got = (
                    each.get(url, headers={"X-Request-ID": "r-1"}) for each in (client, ours[person])
                )
                assert (got.status_code, got.content) == (expected.status_code, expected.content)

    return compare


@pytest.fixture
def without_django(fast):
    """Nothing is given on, where the pages are ours."""

    async def nobody(scope, receive, send):
        raise AssertionError("given on to Django")

    def cut():
        if connection.vendor == "postgresql":
            fast._application = nobody

    return cut


def last(chat: Chat) -> Message:
    return chat.messages.main_line().order_by("-seq")[0]


def edit(chat, layla, omar, mina):
    edit_message(actor=mina, message=last(chat), text="Noon.")


def edit_twice(chat, layla, omar, mina):
    edit(chat, layla, omar, mina)
    edit_message(actor=mina, message=last(chat), text="Dusk.")


def delete(chat, layla, omar, mina):
    delete_message(actor=layla, message=last(chat))


def hide(chat, layla, omar, mina):
    hide_message(actor=omar, message=last(chat))


def react(chat, layla, omar, mina):
    add_reaction(actor=omar, message=last(chat), emoji="🐪")
    add_reaction(actor=layla, message=last(chat), emoji="🐪")


def react_and_take_it_back(chat, layla, omar, mina):
    add_reaction(actor=omar, message=last(chat), emoji="🐪")
    remove_reaction(actor=omar, message=last(chat), emoji="🐪")


def reply(chat, layla, omar, mina):
    send_message(actor=layla, chat=chat, text="So early?", reply_to=last(chat).pk)


def reply_in_a_thread(chat, layla, omar, mina):
    send_message(actor=layla, chat=chat, text="So early?", thread=last(chat).pk)


def forward(chat, layla, omar, mina):
    forward_message(actor=layla, message=last(chat), chats=[chat])


def send_a_file(chat, layla, omar, mina):
    send_message(actor=layla, chat=chat, text="Look", files=[file_of(layla).pk])


def mention(chat, layla, omar, mina):
    send_message(actor=layla, chat=chat, text="All!", mentions=["all", omar.pk])


def read_it(chat, layla, omar, mina):
    mark_read(actor=omar, chat=chat, seq=5)
    mark_delivered(actor=mina, chat=chat, seq=7)
    mark_read(actor=layla, chat=chat, seq=3)


def read_it_in_secret(chat, layla, omar, mina):
    omar.settings = {"values": {"privacy": {"read_receipts": False}}}
    omar.save()
    read_it(chat, layla, omar, mina)


def rename(chat, layla, omar, mina):
    mina.display_name = "Mina of Wadi Rum"
    mina.save()


def remove(chat, layla, omar, mina):
    remove_participant(actor=layla, chat=chat, user=mina)


def block(chat, layla, omar, mina):
    Block.objects.create(blocker=layla, blocked=mina)


def forget_the_author(chat, layla, omar, mina):
    chat.messages.filter(author=mina).update(author=None)


def round_times(chat, layla, omar, mina):
    chat.messages.update(created_at=timezone.now().replace(microsecond=0) - timedelta(days=1))


def delete_the_chat(chat, layla, omar, mina):
    Chat.objects.filter(pk=chat.pk).update(deleted_at=timezone.now())


CHANGES = [
    edit,
    edit_twice,
    delete,
    hide,
    react,
    react_and_take_it_back,
    reply,
    reply_in_a_thread,
    forward,
    send_a_file,
    mention,
    read_it,
    read_it_in_secret,
    rename,
    remove,
    block,
    forget_the_author,
    round_times,
    delete_the_chat,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_page_is_the_same_before_and_after(change, chat, both, layla, omar, mina):
    both(chat)

    change(chat, layla, omar, mina)

    both(chat)


def test_what_is_shown_is_not_asked_of_django(chat, both, without_django, layla, omar, mina):
    for change in (react, reply, forward, mention, read_it, hide):
        change(chat, layla, omar, mina)
    without_django()

    both(chat)


def test_an_empty_chat_and_one_that_is_somebody_elses(both, layla, omar, mina):
    both(group_of(layla, omar))
    both(create_chat(actor=UserFactory(), type="group", title="Others", participants=[])[0])


@pytest.mark.parametrize(
    "query", ["before=5", "after=2", "around=4", "limit=0", "limit=201", "limit=01", "limit=3&limit=4", "x=1"]
)
def test_any_other_question_is_answered_by_django(query, chat, fast, client_of, layla):
    client = client_of(layla)
    ours = AsgiClient(fast)
    ours.credentials(**client._credentials)
    url = f"/api/v1/chats/{chat.pk}/messages?{query}"

    expected, got = client.get(url), ours.get(url)

    assert got.status_code == expected.status_code
    assert got.json() | {"request_id": ""} == expected.json() | {"request_id": ""}
