"""Deleting a message: for everybody it leaves its place, for oneself it is nowhere."""

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from common.actors import SYSTEM
from common.problems import NotFound
from messaging.models import Chat, HiddenMessage, Message, Participant, Revision
from messaging.services import (
    add_participants,
    change_role,
    create_chat,
    delete_message,
    edit_message,
    hide_message,
    leave_chat,
    mark_read,
    remove_participant,
    send_message,
)
from messaging.tests.factories import crowd_of, group_of
from messaging.tests.logs import log_of, stream_of, types
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(omar, group):
    """What Omar, a member, said; the group is Layla's."""
    return send_message(actor=omar, chat=group, text="We leave at dawn.", client_id="c1")[0]


def path_of(message):
    return f"/api/v1/messages/{message.pk}"


def chat_of(client, chat):
    return client.get(f"/api/v1/chats/{chat.pk}").json()


def texts(client, chat):
    history = client.get(f"/api/v1/chats/{chat.pk}/messages").json()["results"]
    return [each["text"] for each in history]


def delete(client, message, whom=None):
    return client.delete(path_of(message) + (f"?for={whom}" if whom else ""))


# --- For everybody ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", [None, "all"])
def test_a_deleted_message_keeps_its_place_and_says_nothing(whom, layla, omar, group, message, client_of):
    edit_message(actor=omar, message=message, text="We leave at noon.")

    response = delete(client_of(omar), message, whom)

    assert (response.status_code, response.content) == (204, b"")
    shown = client_of(layla).get(path_of(message)).json()
    assert shown.pop("deleted_at").endswith("Z")
    assert shown.pop("edited_at").endswith("Z")
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "id": str(message.pk),
        "chat": str(group.pk),
        "seq": 1,
        "author": str(omar.pk),
        "author_name": "Omar",
        "kind": "text",
        "text": "",
        "client_id": "c1",
        "reply_to": None,
        "thread": None,
        "replies": None,
        "silent": False,
        "forwarded_from": None,
        "no_forward": False,
        "files": [],
        "mentions": [],
        "reactions": [],
        "revision": 2,
        "deleted_by": str(omar.pk),
        "status": "sent",
    }
    assert client_of(layla).get(f"{path_of(message)}/history").json()["results"] == []
    assert not Revision.objects.exists()
    assert Message.objects.get().fingerprint == ""
    assert log_of(group)[-1] == (3, "message.deleted", {"message": str(message.pk)})


def test_deleting_twice_is_deleting_once(omar, group, message, client_of):
    client = client_of(omar)

    answers = [delete(client, message) for _ in range(2)]

    assert [each.status_code for each in answers] == [204, 204]
    assert types(log_of(group)) == [(1, "message.sent"), (2, "message.deleted")]


def test_what_is_deleted_is_unread_no_more(layla, omar, group, message, client_of):
    send_message(actor=omar, chat=group, text="By train.")
    reader = client_of(layla)
    before = chat_of(reader, group)["unread_count"]

    delete_message(actor=omar, message=message)

    assert (before, chat_of(reader, group)["unread_count"]) == (2, 1)
    me = group.participants.get(user=layla)
    assert [each.text for each in Message.objects.unread_by(me)] == ["By train."]
    assert reader.post(f"/api/v1/chats/{group.pk}/read", {"seq": 1}).json()["unread_count"] == 1


def test_the_list_of_chats_shows_that_the_last_one_was_deleted(layla, omar, group, message, client_of):
    delete_message(actor=omar, message=message)

    for person in (layla, omar):
        last = client_of(person).get("/api/v1/chats").json()["results"][0]["last_message"]
        assert (last["id"], last["text"]) == (str(message.pk), "")
        assert last["deleted_at"]


@pytest.mark.parametrize(
    ("actor", "author", "status"),
    [
        ("owner", "admin", 204),
        ("owner", "member", 204),
        ("owner", "who left", 204),
        ("admin", "owner", 403),
        ("admin", "second admin", 403),
        ("admin", "member", 204),
        ("admin", "who left", 204),
        ("member", "owner", 403),
        ("member", "who left", 403),
        ("member", "member", 204),
        ("who left", "who left", 404),
        ("stranger", "member", 404),
    ],
)
def test_owners_and_admins_delete_what_those_of_lower_rank_said(actor, author, status, client_of):
    names = ["owner", "admin", "second admin", "member", "who left", "stranger"]
    people = {name: UserFactory() for name in names}
    chat = group_of(people["owner"], *[people[name] for name in names[1:-1]])
    for name in ("admin", "second admin"):
        change_role(actor=people["owner"], chat=chat, user=people[name], role="admin")
    message, _ = send_message(actor=people[author], chat=chat, text="By train.")
    leave_chat(actor=people["who left"], chat=chat)
    before = log_of(chat)

    response = delete(client_of(people[actor]), message)

    message.refresh_from_db()
    assert response.status_code == status
    assert (message.deleted_at is not None) is (status == 204)
    assert len(log_of(chat)) == len(before) + (status == 204)
    if status == 204:
        assert message.deleted_by == people[actor]
    if status == 403:
        assert response.json()["denied_by"]["action"] == "message.delete_others"


def test_in_a_private_chat_one_deletes_ones_own(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])
    message, _ = send_message(actor=layla, chat=chat, text="Salam")

    of_omar, of_layla = delete(client_of(omar), message), delete(client_of(layla), message)

    assert (of_omar.status_code, of_layla.status_code) == (403, 204)


def test_what_the_platform_said_stands(layla, group, client_of):
    notice, _ = send_message(actor=SYSTEM, chat=group, text="Maintenance at noon.", kind="system")

    response = delete(client_of(layla), notice)

    assert (response.status_code, response.json()["code"]) == (403, "cannot_act_on_equal")
    assert Message.objects.get().text == "Maintenance at noon."


def test_the_platform_deletes_anything(group, message):
    delete_message(actor=SYSTEM, message=message)

    message.refresh_from_db()
    assert (message.text, message.deleted_by) == ("", None)


def test_a_deleted_message_is_not_edited(omar, group, message, client_of):
    delete_message(actor=omar, message=message)

    response = client_of(omar).patch(path_of(message), {"text": "At noon."})

    assert (response.status_code, response.json()["code"]) == (409, "message_was_deleted")
    assert Message.objects.get().text == ""
    assert len(log_of(group)) == 2


@pytest.mark.parametrize("text", ["We leave at dawn.", "Something else"])
def test_a_retry_of_the_send_does_not_bring_it_back(text, omar, group, message, client_of):
    delete_message(actor=omar, message=message)

    response = client_of(omar).post(f"/api/v1/chats/{group.pk}/messages", {"text": text, "client_id": "c1"})

    assert response.status_code == 200
    assert (response.json()["id"], response.json()["text"]) == (str(message.pk), "")
    assert len(log_of(group)) == 2


def test_a_deletion_that_is_rolled_back_was_none(omar, group, message):
    with transaction.atomic():
        delete_message(actor=omar, message=message)
        transaction.set_rollback(True)

    assert Message.objects.get().text == "We leave at dawn."
    assert types(log_of(group)) == [(1, "message.sent")]


@pytest.mark.parametrize("columns", [{"text": "Still here"}, {"fingerprint": "f" * 64}])
def test_the_database_too_lets_a_deleted_message_say_nothing(columns, omar, message):
    delete_message(actor=omar, message=message)

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.update(**columns)


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("?for=them", "for", "invalid_choice"),
        ("?for=", "for", "invalid_choice"),
        ("?four=me", "four", "unknown_field"),
    ],
)
def test_one_deletes_for_all_or_for_oneself(query, field, code, omar, group, message, client_of):
    response = client_of(omar).delete(path_of(message) + query)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert Message.objects.get().deleted_at is None


# --- For oneself --------------------------------------------------------------------------------------------


def test_what_one_deletes_for_oneself_is_nowhere_for_oneself_alone(layla, omar, group, message, client_of):
    send_message(actor=omar, chat=group, text="By train.")
    hers, his, before = client_of(layla), client_of(omar), log_of(group)

    response = delete(hers, message, "me")

    assert response.status_code == 204
    assert (texts(hers, group), texts(his, group)) == (["By train."], ["We leave at dawn.", "By train."])
    assert (hers.get(path_of(message)).status_code, his.get(path_of(message)).status_code) == (404, 200)
    assert hers.get(f"{path_of(message)}/history").status_code == 404
    assert chat_of(hers, group)["unread_count"] == 1
    assert hers.post(f"/api/v1/chats/{group.pk}/read", {"seq": 0}).json()["unread_count"] == 1
    assert log_of(group) == before
    hidden = {"chat": str(group.pk), "message": str(message.pk)}
    assert stream_of(layla)[-1] == (2, "message.hidden", hidden)
    assert types(stream_of(omar)) == [(1, "chat.added")]


def test_it_is_deleted_for_oneself_once(layla, message, client_of):
    client = client_of(layla)

    answers = [delete(client, message, "me") for _ in range(2)]

    assert [each.status_code for each in answers] == [204, 204]
    assert HiddenMessage.objects.count() == 1
    assert types(stream_of(layla)) == [(1, "chat.added"), (2, "message.hidden")]


def test_the_list_of_chats_shows_each_the_last_one_that_is_there_for_them(layla, omar, group, client_of):
    sent = [send_message(actor=omar, chat=group, text=text)[0] for text in ("One", "Two", "Three")]

    def last(person):
        listed = client_of(person).get("/api/v1/chats").json()["results"][0]["last_message"]
        assert chat_of(client_of(person), group)["last_message"] == listed
        return listed and listed["text"]

    seen = [last(layla)]
    for message in (sent[1], sent[2], sent[0]):
        hide_message(actor=layla, message=message)
        seen.append(last(layla))

    assert seen == ["Three", "Three", "One", None]
    assert last(omar) == "Three"
    send_message(actor=omar, chat=group, text="Four")
    assert last(layla) == "Four"


def test_anything_can_be_deleted_for_oneself(layla, omar, group, message, client_of):
    notice, _ = send_message(actor=SYSTEM, chat=group, text="Maintenance at noon.", kind="system")
    delete_message(actor=omar, message=message)
    client = client_of(layla)

    answers = [delete(client, each, "me") for each in (notice, message)]

    assert [each.status_code for each in answers] == [204, 204]
    assert texts(client, group) == []


def test_what_one_has_hidden_one_may_still_delete_for_all(omar, group, message, client_of):
    client = client_of(omar)
    delete(client, message, "me")

    response = delete(client, message)

    assert response.status_code == 204
    assert Message.objects.get().deleted_at is not None


@pytest.mark.parametrize("who", ["stranger", "removed"])
def test_who_is_not_in_the_chat_hides_nothing(who, layla, omar, group, message, client_of):
    if who == "removed":
        remove_participant(actor=layla, chat=group, user=omar)
    person = omar if who == "removed" else UserFactory()

    response = delete(client_of(person), message, "me")

    assert response.status_code == 404
    with pytest.raises(NotFound):
        hide_message(actor=person, message=message)
    assert not HiddenMessage.objects.exists()


def test_it_stays_hidden_after_coming_back(layla, omar, group, message, client_of):
    hide_message(actor=omar, message=message)
    leave_chat(actor=omar, chat=group)
    add_participants(actor=layla, chat=group, users=[omar])

    assert texts(client_of(omar), group) == []


def test_a_message_is_hidden_once_from_a_person(omar, message):
    hide_message(actor=omar, message=message)

    with pytest.raises(IntegrityError), transaction.atomic():
        HiddenMessage.objects.create(user=omar, message=message)


@pytest.mark.parametrize("size", [(10, 10), (1000, 1000)], ids=["10", "1,000"])
def test_the_list_takes_as_many_queries_however_much_is_hidden(
    size, layla, client_of, django_assert_num_queries
):
    members, hidden = size
    people = crowd_of(members)
    chat = Chat.objects.create(type="group", title="Large", participant_count=members, last_seq=hidden + 1)
    Participant.objects.bulk_create(Participant(chat=chat, user=person) for person in [layla, *people])
    said = Message.objects.bulk_create(
        Message(chat=chat, seq=number + 1, author=people[number % members], text=f"{number}")
        for number in range(hidden + 1)
    )
    HiddenMessage.objects.bulk_create(HiddenMessage(user=layla, message=each) for each in said[1:])
    Chat.objects.update(last_message=said[-1])
    client = client_of(layla)

    # The session, the chats, their last messages, what is there for hidden ones: reactions, mine, files too.
    with django_assert_num_queries(10):
        listed = client.get("/api/v1/chats").json()["results"][0]

    assert (listed["last_message"]["text"], listed["unread_count"]) == ("0", 1)


# --- Live ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@live
async def test_a_deletion_by_socket_reaches_everybody_and_no_replay_has_the_text(layla, omar, group):
    message, _ = await in_thread(send_message)(actor=omar, chat=group, text="We leave at dawn.")
    await in_thread(edit_message)(actor=omar, message=message, text="We leave at noon.")
    laylas, omars = await enter(layla), await enter(omar)
    data = {"message": str(message.pk)}

    answers = [await omars.ask("message.delete", data=data) for _ in range(2)]

    done = {"chat": str(group.pk), "message": str(message.pk), "for": "all"}
    assert [each["data"] for each in answers] == [done, done]
    deleted = await laylas.next()
    assert (deleted["type"], deleted["seq"]) == ("message.deleted", 3)
    assert (deleted["data"]["id"], deleted["data"]["seq"], deleted["data"]["text"]) == (
        str(message.pk),
        1,
        "",
    )
    assert deleted["data"]["deleted_at"].endswith("Z")
    late = await enter(layla)
    await late.say("resume", chats={str(group.pk): 0})
    heard = await late.until("resumed")
    assert [each["type"] for each in heard] == [
        "message.sent",
        "message.updated",
        "message.deleted",
        "resumed",
    ]
    assert {each["data"]["text"] for each in heard[:3]} == {""}
    assert heard[-1]["chats"][str(group.pk)]["unread_count"] == 0


@pytest.mark.django_db(transaction=True)
@live
async def test_what_one_deletes_for_oneself_ones_other_devices_hear(layla, omar, group):
    message, _ = await in_thread(send_message)(actor=omar, chat=group, text="We leave at dawn.")
    await in_thread(mark_read)(actor=layla, chat=group, seq=1)
    phone, laptop, omars = await enter(layla), await enter(layla), await enter(omar)
    data = {"message": str(message.pk), "for": "me"}

    answers = [await phone.ask("message.delete", data=data) for _ in range(2)]

    assert [each["data"]["for"] for each in answers] == ["me", "me"]
    hidden = await laptop.next()
    assert (hidden["type"], hidden["user_seq"], hidden["data"]) == (
        "message.hidden",
        3,
        {"chat": str(group.pk), "message": str(message.pk)},
    )
    assert await laptop.so_far() == []
    assert await omars.so_far() == []


@pytest.mark.django_db(transaction=True)
@live
async def test_by_socket_too_nobody_deletes_what_is_not_theirs(layla, omar, group):
    message, _ = await in_thread(send_message)(actor=layla, chat=group, text="We leave at dawn.")
    omars, stranger = await enter(omar), await enter(await in_thread(UserFactory)())
    data = {"message": str(message.pk)}

    refused = await omars.ask("message.delete", data=data)
    unknown = [await stranger.ask("message.delete", data=data | {"for": whom}) for whom in ("all", "me")]

    assert refused["error"]["denied_by"] == {
        "action": "message.delete_others",
        "role": "member",
        "rule": "default",
    }
    assert [each["error"]["errors"][0]["code"] for each in unknown] == ["unknown_message"] * 2
    assert (await in_thread(Message.objects.get)()).text == "We leave at dawn."


# --- The console --------------------------------------------------------------------------------------------


def test_staff_delete_a_message_for_everybody(group, message):
    page = f"/admin/messaging/message/{message.pk}/remove/"
    staffs = console_of(staff())

    answers = [staffs.post(page, {"answered": "yes"}) for _ in range(2)]

    assert [each.status_code for each in answers] == [302, 302]
    message.refresh_from_db()
    assert (message.text, message.deleted_by) == ("", None)
    assert types(log_of(group)) == [(1, "message.sent"), (2, "message.deleted")]


def test_who_may_only_look_deletes_nothing(message):
    page = f"/admin/messaging/message/{message.pk}/remove/"

    response = console_of(clerk("view_message", "change_message")).post(page, {"answered": "yes"})

    assert response.status_code == 403
    assert Message.objects.get().text == "We leave at dawn."


def test_former_revisions_are_for_staff_who_may_read_messages(omar, message):
    edit_message(actor=omar, message=message, text="We leave at noon.")
    page = f"/admin/messaging/message/{message.pk}/change/"

    hidden = console_of(clerk("view_message")).get(page)
    shown = console_of(clerk("view_message", "view_message_text")).get(page)

    assert (hidden.status_code, shown.status_code) == (200, 200)
    assert b"We leave at dawn." not in hidden.content
    assert b"We leave at dawn." in shown.content
