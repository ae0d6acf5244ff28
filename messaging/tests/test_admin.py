"""The staff console of chats and messages: what it shows, to whom, and what its actions do."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry as Note
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from common.ids import first_id_at
from common.models import LogEntry
from messaging.models import Chat, Message, Participant
from messaging.services import create_chat, send_message
from messaging.tests.factories import ChatFactory, MessageFactory, ParticipantFactory, group_of

pytestmark = pytest.mark.django_db

CHATS = "/admin/messaging/chat/"
MESSAGES = "/admin/messaging/message/"
BATCH = "6f1c0a52-3b52-4a0e-9a35-0f3a3c1c7b11"


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


def run(client: Client, action: str, *chats: Chat, **more: str) -> Any:
    """Choose an action for chats of the list, and say yes."""
    chosen = [str(chat.pk) for chat in chats]
    return client.post(CHATS, {"action": action, "_selected_action": chosen, "answered": "yes"} | more)


def private_chat(*people: User) -> Chat:
    chat, _ = create_chat(actor=people[0], type=Chat.Type.PRIVATE, participants=people[1:])
    return chat


def listed(response: Any) -> list[Any]:
    return list(response.context["cl"].result_list)


# --- the door ---
@pytest.mark.parametrize("page", [CHATS, MESSAGES])
def test_whoever_is_not_staff_is_sent_to_sign_in(page):
    response = console_of(UserFactory()).get(page)

    assert response.status_code == 302
    assert response.headers["Location"] == f"/admin/login/?next={page}"


def test_staff_without_a_permission_see_and_do_nothing():
    chat = group_of(UserFactory())
    client = console_of(clerk())

    responses = [
        client.get(CHATS),
        client.get(MESSAGES),
        client.get(f"{CHATS}{chat.pk}/change/"),
        run(client, "remove", chat),
        client.post(f"{CHATS}{chat.pk}/post_one_notice/", {"answered": "yes", "text": "Hi", "batch": BATCH}),
        client.post(f"{CHATS}{chat.pk}/remove/", {"answered": "yes"}),
    ]

    assert [response.status_code for response in responses] == [403] * 6
    chat.refresh_from_db()
    assert chat.deleted_at is None
    assert not Message.objects.exists()


def test_staff_who_may_only_look_are_offered_no_action_and_can_run_none():
    chat = group_of(UserFactory())
    client = console_of(clerk("view_chat"))

    page = client.get(f"{CHATS}{chat.pk}/change/")
    run(client, "remove", chat)
    run(client, "post_notices", chat, text="Hi", batch=BATCH)

    assert page.status_code == 200
    assert b"Post a notice" not in page.content
    assert b"Delete group" not in page.content
    chat.refresh_from_db()
    assert chat.deleted_at is None
    assert not Message.objects.exists()


def test_chats_and_messages_can_be_seen_and_neither_made_nor_changed(ada):
    chat = group_of(ada)
    message, _ = send_message(actor=ada, chat=chat, text="Hello")
    client = console_of(ada)

    denied = [
        client.get(f"{CHATS}add/"),
        client.post(f"{CHATS}{chat.pk}/change/", {"title": "Other"}),
        client.post(f"{CHATS}{chat.pk}/delete/", {"post": "yes"}),
        client.get(f"{MESSAGES}add/"),
        client.post(f"{MESSAGES}{message.pk}/change/", {"text": "Other"}),
        client.post(f"{MESSAGES}{message.pk}/delete/", {"post": "yes"}),
    ]

    assert [response.status_code for response in denied] == [403] * 6
    assert Chat.objects.get().title == "Wadi Rum"
    assert Message.objects.get().text == "Hello"


# --- chats ---
@pytest.mark.parametrize("chats", [5, 50])
def test_the_list_of_chats_takes_the_same_queries_however_long(chats, ada, django_assert_num_queries):
    for chat in ChatFactory.create_batch(chats // 2, created_by=ada):
        ParticipantFactory(chat=chat)
    for _ in range(chats - chats // 2):
        private_chat(*UserFactory.create_batch(2))
    client = console_of(ada)
    client.get(CHATS)

    with django_assert_num_queries(5):  # cookie session, its user, how many, the rows, who is in the private
        response = client.get(CHATS)

    assert len(listed(response)) == chats


def test_a_private_chat_is_called_after_the_two_in_it(ada):
    private_chat(UserFactory(display_name="Omar"), UserFactory(display_name="Mina"))

    response = console_of(ada).get(CHATS)

    assert "Mina" in response.content.decode()
    assert "Omar" in response.content.decode()


@pytest.mark.parametrize("words", ["wadi", "layla@example", "OMAR", "the id", "the person"])
def test_chats_are_found_by_title_people_and_id(words, ada):
    layla, omar = UserFactory(username="layla"), UserFactory(username="omar")
    chat = group_of(layla, omar, title="Wadi Rum")
    group_of(UserFactory(username="mina"), title="Petra")
    term = {"the id": str(chat.pk), "the person": str(omar.pk)}.get(words, words)

    response = console_of(ada).get(CHATS, {"q": term})

    assert listed(response) == [chat]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"type__exact": "group"}, ["Gone", "Wadi Rum"]),
        ({"type__exact": "private"}, [""]),
        ({"deleted": "yes"}, ["Gone"]),
        ({"deleted": "no"}, ["", "Wadi Rum"]),
    ],
)
def test_chats_are_filtered(query, found, ada):
    group_of(ada)
    private_chat(ada, UserFactory())
    ChatFactory(title="Gone", deleted_at=timezone.now())

    response = console_of(ada).get(CHATS, query)

    assert sorted(chat.title for chat in listed(response)) == found


@pytest.mark.parametrize("people", [1, 60])
def test_the_page_of_a_chat_takes_the_same_queries_however_many_are_in_it(
    people, ada, django_assert_num_queries
):
    chat = group_of(ada)
    ParticipantFactory.create_batch(people, chat=chat)
    client = console_of(ada)
    client.get(f"{CHATS}{chat.pk}/change/")

    # Cookie session, its user, the chat, its two, creator, people twice, who came and went twice.
    with django_assert_num_queries(9):
        response = client.get(f"{CHATS}{chat.pk}/change/")

    assert response.content.count(b"field-read_seq") <= 21  # the head, and twenty rows


@pytest.mark.parametrize("chats", [1, 30])
def test_the_page_of_a_person_takes_the_same_queries_however_many_chats(
    chats, ada, django_assert_num_queries
):
    layla = UserFactory()
    for other in UserFactory.create_batch(chats):
        private_chat(layla, other)
    client = console_of(ada)
    client.get(f"/admin/accounts/user/{layla.pk}/change/")

    with django_assert_num_queries(17):  # those of the person, the chats, who is in the private ones
        response = client.get(f"/admin/accounts/user/{layla.pk}/change/")

    assert response.content.count(b"field-read_seq") <= 21  # the head, and twenty rows


def test_the_page_of_a_person_lists_their_chats(ada):
    layla = UserFactory()
    group_of(layla, title="Wadi Rum")
    private_chat(layla, UserFactory(display_name="Omar"))

    page = console_of(ada).get(f"/admin/accounts/user/{layla.pk}/change/").content.decode()

    assert "Wadi Rum" in page
    assert "Omar" in page


# --- a notice ---
def test_a_notice_in_one_chat_is_said_by_the_platform(ada):
    chat = group_of(UserFactory())

    response = console_of(ada).post(
        f"{CHATS}{chat.pk}/post_one_notice/",
        {"answered": "yes", "text": "Doors close at ten.", "batch": BATCH},
    )

    assert response.headers["Location"] == f"{CHATS}{chat.pk}/change/"
    message = Message.objects.get()
    assert (message.chat, message.author, message.kind, message.seq) == (chat, None, "system", 1)
    assert message.text == "Doors close at ten."
    assert [entry.type for entry in LogEntry.objects.filter(topic=f"chat:{chat.pk}")] == ["message.sent"]
    assert Note.objects.get().object_id == str(chat.pk)


def test_the_same_page_sent_twice_is_one_notice(ada):
    chat = group_of(UserFactory())
    client = console_of(ada)
    given = {"answered": "yes", "text": "Doors close at ten.", "batch": BATCH}

    client.post(f"{CHATS}{chat.pk}/post_one_notice/", given)
    client.post(f"{CHATS}{chat.pk}/post_one_notice/", given)
    run(client, "post_notices", chat, text="Doors close at ten.", batch=BATCH)

    assert Message.objects.count() == 1


def test_each_page_that_is_opened_is_another_notice(ada):
    client = console_of(ada)
    page = f"{CHATS}{group_of(UserFactory()).pk}/post_one_notice/"

    batches = [client.get(page).context["form"]["batch"].value() for _ in range(2)]

    assert batches[0] != batches[1]


def test_several_chats_get_a_task_each(ada, monkeypatch):
    queued: list[tuple[str, ...]] = []
    monkeypatch.setattr("messaging.admin.chats.post_notice.delay", lambda *given: queued.append(given))
    first, second = group_of(UserFactory()), group_of(UserFactory())
    gone = ChatFactory(deleted_at=timezone.now())

    run(console_of(ada), "post_notices", first, second, gone, text="Doors close at ten.", batch=BATCH)

    assert sorted(given[:2] for given in queued) == sorted(
        [(str(first.pk), "Doors close at ten."), (str(second.pk), "Doors close at ten.")]
    )
    assert len({given[2] for given in queued}) == 2
    assert not Message.objects.exists()


def test_the_tasks_post_in_each_chat(ada):
    first, second = group_of(UserFactory()), private_chat(*UserFactory.create_batch(2))

    response = run(console_of(ada), "post_notices", first, second, text="Doors close at ten.", batch=BATCH)

    assert response.status_code == 302
    said = Message.objects.values_list("chat", "kind", "text")
    assert sorted(said) == sorted(
        [(first.pk, "system", "Doors close at ten."), (second.pk, "system", "Doors close at ten.")]
    )


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001])
def test_a_notice_needs_a_text_that_fits(text, ada):
    chat = group_of(UserFactory())

    response = console_of(ada).post(
        f"{CHATS}{chat.pk}/post_one_notice/", {"answered": "yes", "text": text, "batch": BATCH}
    )

    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["text"]
    assert not Message.objects.exists()


def test_nothing_is_posted_in_a_deleted_chat(ada):
    chat = ChatFactory(deleted_at=timezone.now())

    response = console_of(ada).post(
        f"{CHATS}{chat.pk}/post_one_notice/",
        {"answered": "yes", "text": "Hello", "batch": BATCH},
        follow=True,
    )

    assert "There is nothing here that you can see." in response.content.decode()
    assert not Message.objects.exists()
    assert not Note.objects.exists()


# --- deleting a group ---
def test_a_group_is_deleted_after_a_yes(ada):
    layla = UserFactory()
    chat = group_of(layla)
    client = console_of(ada)

    asked = client.post(CHATS, {"action": "remove", "_selected_action": [str(chat.pk)]})
    still_there = Chat.objects.get().deleted_at is None
    run(client, "remove", chat)

    assert asked.status_code == 200
    assert b"Delete it for everyone in it?" in asked.content
    assert still_there
    assert Chat.objects.get().deleted_at is not None
    told = LogEntry.objects.filter(topic=f"user:{layla.pk}").order_by("seq")
    assert [entry.type for entry in told] == ["chat.added", "chat.removed"]


def test_deleting_needs_a_permission_of_its_own():
    chat = group_of(UserFactory())
    client = console_of(clerk("view_chat", "change_chat"))

    run(client, "remove", chat)
    response = client.post(f"{CHATS}{chat.pk}/remove/", {"answered": "yes"})

    assert response.status_code == 403
    assert Chat.objects.get().deleted_at is None


def test_a_private_chat_is_not_for_staff_to_delete(ada):
    chat = private_chat(*UserFactory.create_batch(2))

    response = console_of(ada).post(f"{CHATS}{chat.pk}/remove/", {"answered": "yes"}, follow=True)

    assert "A private chat belongs to the two in it." in response.content.decode()
    assert Chat.objects.get().deleted_at is None


# --- messages ---
@pytest.mark.parametrize("messages", [5, 50])
def test_the_list_of_messages_is_never_counted(messages, ada, django_assert_num_queries):
    for _ in range(messages):
        MessageFactory()
    client = console_of(ada)
    client.get(MESSAGES)

    # Cookie session, its user, the rows, who is in the private; the note of who looked.
    with django_assert_num_queries(5) as captured:
        response = client.get(MESSAGES)

    assert len(listed(response)) == messages
    assert not [query for query in captured if "COUNT(" in query["sql"]]


def test_the_next_page_goes_on_where_the_first_ended(ada):
    chat = group_of(ada)
    for number in range(60):
        send_message(actor=ada, chat=chat, text=f"{number}")
    client = console_of(ada)

    pages = [listed(client.get(MESSAGES, {"p": page})) for page in ("1", "2", "3")]

    assert [[message.seq for message in page] for page in pages] == [
        list(range(60, 10, -1)),
        list(range(10, 0, -1)),
        [],
    ]


def test_what_a_message_says_is_for_those_who_may_read_it(ada):
    message = MessageFactory(text="the secret route")
    clerks = console_of(clerk("view_message"))
    readers = console_of(clerk("view_message", "view_message_text"))

    hidden = [clerks.get(MESSAGES), clerks.get(f"{MESSAGES}{message.pk}/change/")]
    shown = [readers.get(MESSAGES), readers.get(f"{MESSAGES}{message.pk}/change/")]

    assert [response.status_code for response in hidden + shown] == [200] * 4
    assert not any(b"the secret route" in response.content for response in hidden)
    assert all(b"the secret route" in response.content for response in shown)


def test_words_are_searched_only_by_those_who_may_read_them():
    message = MessageFactory(text="the secret route")

    blind = console_of(clerk("view_message")).get(MESSAGES, {"q": "secret"})
    seeing = console_of(clerk("view_message", "view_message_text")).get(MESSAGES, {"q": "secret"})

    assert listed(blind) == []
    assert listed(seeing) == [message]


@pytest.mark.parametrize("by", ["id", "chat", "author", "username", "email"])
def test_messages_are_found_by_id_chat_and_author(by):
    layla = UserFactory(username="layla", email="layla@example.com")
    message = MessageFactory(author=layla)
    MessageFactory()
    term = {
        "id": str(message.pk),
        "chat": str(message.chat.pk),
        "author": str(layla.pk),
        "username": "Layla",
        "email": "Layla@example.com",
    }[by]

    response = console_of(clerk("view_message")).get(MESSAGES, {"q": term})

    assert listed(response) == [message]


@pytest.mark.parametrize(
    ("span", "found"), [("24h", ["now"]), ("7d", ["now", "days"]), ("30d", ["now", "days", "weeks"])]
)
def test_messages_are_filtered_by_when_they_were_sent(span, found, ada):
    for text, days in (("months", 90), ("weeks", 20), ("days", 3), ("now", 0)):
        at = timezone.now() - timedelta(days=days)
        MessageFactory(text=text, id=first_id_at(at), created_at=at)

    response = console_of(ada).get(MESSAGES, {"sent": span})

    assert [message.text for message in listed(response)] == found


def test_messages_are_filtered_by_kind(ada):
    MessageFactory()
    notice = MessageFactory(author=None, kind=Message.Kind.SYSTEM)

    response = console_of(ada).get(MESSAGES, {"kind__exact": "system"})

    assert listed(response) == [notice]


def test_who_left_stands_behind_those_who_are_in(ada):
    chat = ChatFactory()
    ParticipantFactory(chat=chat, left_seq=3)
    ParticipantFactory(chat=chat, role=Participant.Role.ADMIN)

    response = console_of(ada).get(f"{CHATS}{chat.pk}/change/")

    formset = response.context["inline_admin_formsets"][0].formset
    assert [form.instance.left_seq for form in formset.forms] == [None, 3]
