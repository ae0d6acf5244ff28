"""Chats on sockets: what is done at any door reaches everybody who is in, on every socket of theirs."""

import pytest

from accounts.models import User
from accounts.tests.factories import SessionFactory, UserFactory
from common.actors import SYSTEM
from common.models import LogEntry
from messaging.models import Chat, Message
from messaging.services import (
    add_participants,
    change_role,
    create_chat,
    delete_chat,
    leave_chat,
    mark_read,
    remove_participant,
    send_message,
    update_chat,
)
from messaging.tasks import post_notice
from messaging.tests.factories import group_of
from realtime.tests.clients import Client, Frame, enter, in_thread, live, seqs, token_of

pytestmark = pytest.mark.django_db(transaction=True)


async def say(actor: User, chat: Chat, text: str) -> Message:
    message, _ = await in_thread(send_message)(actor=actor, chat=chat, text=text)
    return message


def texts(frames: list[Frame]) -> list[str]:
    return [frame["data"]["text"] for frame in frames if frame["type"] == "message.sent"]


@live
async def test_a_message_by_socket_is_acknowledged_and_reaches_every_socket(layla, omar, group):
    phone, laptop, omars = await enter(layla), await enter(layla), await enter(omar)
    data = {"chat": str(group.pk), "client_id": "c1", "text": "We leave at dawn."}

    await phone.say("message.send", id="a", data=data)

    heard = {frame["type"]: frame for frame in [await phone.next(), await phone.next()]}
    message = await in_thread(Message.objects.get)()
    shown = {
        "id": str(message.pk),
        "chat": str(group.pk),
        "seq": 1,
        "author": str(layla.pk),
        "author_name": "Layla",
        "kind": "text",
        "text": "We leave at dawn.",
        "client_id": "c1",
        "reply_to": None,
        "thread": None,
        "replies": None,
        "forwarded_from": None,
        "no_forward": False,
        "files": [],
        "mentions": [],
        "silent": False,
        "reactions": [],
        "revision": 1,
        "edited_at": None,
        "deleted_at": None,
        "deleted_by": None,
        "created_at": heard["ack"]["data"]["created_at"],
    }
    assert heard["ack"] == {"type": "ack", "id": "a", "data": shown | {"status": "sent"}}
    assert heard["message.sent"].pop("at").endswith("Z")
    assert heard["message.sent"] == {
        "type": "message.sent",
        "chat": str(group.pk),
        "seq": 1,
        "data": shown,
    }
    for other in (laptop, omars):
        frame = await other.next()
        assert frame | {"at": ""} == heard["message.sent"] | {"at": ""}


@live
async def test_the_same_client_id_again_is_acknowledged_and_told_to_nobody(layla, omar, group):
    laylas, omars = await enter(layla), await enter(omar)
    data = {"chat": str(group.pk), "client_id": "c1", "text": "Once"}

    first = await laylas.ask("message.send", data=data)
    again = await laylas.ask("message.send", data=data)
    conflict = await laylas.ask("message.send", data=data | {"text": "Twice"})
    await say(layla, group, "The end")

    assert again == first
    assert (conflict["error"]["status"], conflict["error"]["code"]) == (409, "client_id_conflict")
    assert texts([await omars.next(), await omars.next()]) == ["Once", "The end"]


@live
async def test_a_message_by_rest_reaches_sockets(layla, omar, group, client_of):
    omars = await enter(omar)
    rest = await in_thread(client_of)(layla)

    response = await in_thread(rest.post)(f"/api/v1/chats/{group.pk}/messages", {"text": "By REST"})

    assert response.status_code == 201
    assert texts([await omars.next()]) == ["By REST"]


@live
async def test_a_notice_of_the_platform_reaches_sockets(layla, group):
    laylas = await enter(layla)

    await in_thread(post_notice.delay)(str(group.pk), "Maintenance at noon.", "notice-1")
    await in_thread(post_notice.delay)(str(group.pk), "Maintenance at noon.", "notice-1")
    await in_thread(send_message)(actor=SYSTEM, chat=group, text="Done.", kind="system")

    heard = [await laylas.next(), await laylas.next()]
    assert [(each["seq"], each["data"]["kind"], each["data"]["author"]) for each in heard] == [
        (1, "system", None),
        (2, "system", None),
    ]
    assert texts(heard) == ["Maintenance at noon.", "Done."]


@live
async def test_a_message_of_a_rolled_back_change_reaches_nobody(layla, group):
    from django.db import transaction

    laylas = await enter(layla)

    def fail() -> None:
        with transaction.atomic():
            send_message(actor=layla, chat=group, text="Never said")
            transaction.set_rollback(True)

    await in_thread(fail)()
    await say(layla, group, "Said")

    assert texts([await laylas.next()]) == ["Said"]
    assert await in_thread(LogEntry.objects.filter(topic=f"chat:{group.pk}").count)() == 1


@live
async def test_a_read_mark_is_told_to_the_chat_and_kept_for_the_readers_devices(layla, omar, group):
    await say(layla, group, "One")
    await say(layla, group, "Two")
    laylas, phone, laptop = await enter(layla), await enter(omar), await enter(omar)

    answer = await phone.ask("message.read", data={"chat": str(group.pk), "seq": 1})

    assert answer["data"] == {"chat": str(group.pk), "read_seq": 1, "unread_count": 1}
    read = await laylas.next()
    assert read.pop("at").endswith("Z")
    assert read == {
        "type": "message.read",
        "chat": str(group.pk),
        "data": {"user": str(omar.pk), "read_seq": 1},
    }
    heard = {frame["type"]: frame for frame in [await laptop.next(), await laptop.next()]}
    assert heard["mark.moved"].pop("at").endswith("Z")
    assert heard["mark.moved"] == {
        "type": "mark.moved",
        "user_seq": 2,  # the first was chat.added
        "data": {"chat": str(group.pk), "read_seq": 1},
    }
    assert heard["message.read"]["data"] == {"user": str(omar.pk), "read_seq": 1}
    assert await laylas.so_far() == []  # the reader's own stream is the reader's


@pytest.mark.parametrize("seq", [0, 1, 2])
@live
async def test_a_mark_that_does_not_move_is_told_to_nobody(seq, layla, omar, group):
    await say(layla, group, "One")
    await say(layla, group, "Two")
    await in_thread(mark_read)(actor=omar, chat=group, seq=2)
    laylas, omars = await enter(layla), await enter(omar)

    answer = await omars.ask("message.read", data={"chat": str(group.pk), "seq": seq})
    await say(layla, group, "Three")

    assert answer["data"] == {"chat": str(group.pk), "read_seq": 2, "unread_count": 0}
    assert (await laylas.next())["type"] == "message.sent"
    assert (await omars.next())["type"] == "message.sent"


@live
async def test_a_mark_that_moves_while_a_socket_is_held_is_told_afterwards(layla, omar, group):
    await say(layla, group, "One")
    waiting = await Client(token=await token_of(layla)).open()
    assert (await waiting.next())["type"] == "hello"

    await in_thread(mark_read)(actor=omar, chat=group, seq=1)

    assert [frame["type"] for frame in await waiting.until("message.read")] == ["message.read"]


@live
async def test_a_new_chat_comes_in_the_stream_of_everybody_in_it(layla, omar):
    laylas, omars = await enter(layla), await enter(omar)

    chat, _ = await in_thread(create_chat)(actor=layla, type="group", title="Petra", participants=[omar])
    await say(layla, chat, "First")

    for client, role in ((laylas, "owner"), (omars, "member")):
        added, sent = await client.next(), await client.next()
        assert (added["type"], added["user_seq"], "chat" in added) == ("chat.added", 1, False)
        assert (added["data"]["id"], added["data"]["title"], added["data"]["my_role"]) == (
            str(chat.pk),
            "Petra",
            role,
        )
        assert (sent["type"], sent["seq"], sent["data"]["text"]) == ("message.sent", 1, "First")


@live
async def test_who_is_added_hears_it_and_all_that_follows(layla, omar, group):
    mina = await in_thread(UserFactory)(username="mina")
    await say(layla, group, "Before")
    omars, minas = await enter(omar), await enter(mina)

    await in_thread(add_participants)(actor=layla, chat=group, users=[mina])
    await say(layla, group, "After")

    added = await omars.next()
    assert (added["type"], added["seq"]) == ("participant.added", 2)
    assert added["data"] | {"joined_at": ""} == {
        "user": str(mina.pk),
        "username": "mina",
        "display_name": "Mina",
        "avatar": None,
        "role": "member",
        "joined_at": "",
        "presence": None,
        "by": str(layla.pk),
    }
    heard = await minas.until("message.sent")
    assert [frame["type"] for frame in heard] == ["chat.added", "participant.added", "message.sent"]
    assert seqs(heard) == [2, 3]
    assert texts(heard) == ["After"]


@live
async def test_a_changed_role_and_a_changed_title_are_told(layla, omar, group):
    omars = await enter(omar)

    await in_thread(change_role)(actor=layla, chat=group, user=omar, role="admin")
    await in_thread(update_chat)(actor=layla, chat=group, title="Petra", members_can_add=True)
    await in_thread(update_chat)(actor=layla, chat=group, title="Petra")

    role, title = await omars.next(), await omars.next()
    assert (role["type"], role["seq"]) == ("participant.updated", 1)
    assert (role["data"]["user"], role["data"]["role"]) == (str(omar.pk), "admin")
    assert (title["type"], title["seq"]) == ("chat.updated", 2)
    assert title["data"] == {
        "id": str(group.pk),
        "type": "group",
        "title": "Petra",
        "description": "",
        "avatar": None,
        "avatars": None,
        "settings": {
            "members_can_add": True,
            "send": "everyone",
            "permissions": {"participant.add": "everyone"},
            "edit_window": 172_800,
            "no_forward": False,
        },
        "participant_count": 2,
        "by": str(layla.pk),
    }
    assert await omars.so_far() == []


@live
async def test_who_is_removed_hears_that_and_nothing_after(layla, omar, group):
    laylas, omars = await enter(layla), await enter(omar)
    await say(layla, group, "Before")

    await in_thread(remove_participant)(actor=layla, chat=group, user=omar)
    await say(layla, group, "After")
    await in_thread(mark_read)(actor=layla, chat=group, seq=3)

    await laylas.until("message.read")  # behind all that the chat's log held
    heard = await omars.until("chat.removed") + await omars.so_far()
    assert seqs(heard) == [1, 2]
    assert sorted(frame["type"] for frame in heard) == ["chat.removed", "message.sent", "participant.removed"]
    removed = next(frame for frame in heard if frame["type"] == "participant.removed")
    assert removed["data"] == {"user": str(omar.pk), "by": str(layla.pk)}
    gone = next(frame for frame in heard if frame["type"] == "chat.removed")
    assert (gone["user_seq"], gone["data"]) == (2, {"chat": str(group.pk), "upto": 2})
    answer = await omars.ask("message.send", data={"chat": str(group.pk), "text": "Still here?"})
    assert answer["error"]["errors"][0]["code"] == "unknown_chat"


@live
async def test_who_leaves_hears_nothing_after(layla, omar, group):
    laylas, omars = await enter(layla), await enter(omar)

    await in_thread(leave_chat)(actor=omar, chat=group)
    await say(layla, group, "After")

    await laylas.until("message.sent")
    assert seqs(await omars.so_far()) == [1]


@live
async def test_who_was_removed_while_away_gets_the_removal_and_nothing_after(layla, omar, group):
    await say(layla, group, "One")
    await in_thread(remove_participant)(actor=layla, chat=group, user=omar)
    await say(layla, group, "Two")
    omars = await enter(omar)

    await omars.say("resume", id="r", chats={str(group.pk): 0})

    heard = await omars.until("resumed")
    assert [frame["type"] for frame in heard] == ["message.sent", "participant.removed", "resumed"]
    assert seqs(heard) == [1, 2]
    assert heard[-1]["chats"] == {}
    laylas = await enter(layla)
    await say(layla, group, "Three")
    await laylas.until("message.sent")
    assert await omars.so_far() == []


@live
async def test_who_comes_back_hears_again(layla, omar, group):
    omars = await enter(omar)
    await in_thread(remove_participant)(actor=layla, chat=group, user=omar)
    await omars.until("participant.removed")
    await say(layla, group, "Without Omar")

    await in_thread(add_participants)(actor=layla, chat=group, users=[omar])
    await say(layla, group, "With Omar")

    heard = await omars.until("message.sent")
    assert texts(heard) == ["With Omar"]
    assert seqs(heard) == [3, 4]


@live
async def test_coming_and_going_in_one_breath_ends_as_it_is_in_the_database(layla, omar, group):
    laylas, omars = await enter(layla), await enter(omar)

    for _ in range(5):
        await in_thread(remove_participant)(actor=layla, chat=group, user=omar)
        await in_thread(add_participants)(actor=layla, chat=group, users=[omar])
    await say(layla, group, "Together")
    await in_thread(remove_participant)(actor=layla, chat=group, user=omar)
    await say(layla, group, "Alone")

    await laylas.until("message.sent", seq=13)
    heard = await omars.until("participant.removed", seq=12) + await omars.so_far()
    assert texts(heard) == ["Together"]
    assert seqs(heard)[-1] == 12
    assert seqs(heard) == sorted(set(seqs(heard)))


@live
async def test_a_deleted_chat_is_gone_for_everybody_in_it(layla, omar, group):
    omars = await enter(omar)

    await in_thread(delete_chat)(actor=layla, chat=group)

    removed = await omars.next()
    assert (removed["type"], removed["data"]) == ("chat.removed", {"chat": str(group.pk), "upto": 0})
    await omars.say("resume", chats={str(group.pk): 0})
    assert (await omars.next())["chats"] == {}


ONE_CHAT = pytest.mark.parametrize("path", ["/ws/chats/{}", "/api/chat/{}/ws", "/ws/chats/{}/"])


@ONE_CHAT
@live
async def test_a_socket_of_one_chat_hears_that_chat_alone(path, layla, omar, group):
    other = await in_thread(group_of)(layla, omar, title="Petra")
    client = await enter(layla, path.format(group.pk))

    answer = await client.ask("message.send", data={"text": "Here"})
    await say(omar, other, "Elsewhere")
    await in_thread(group_of)(layla, omar, title="New")
    await in_thread(mark_read)(actor=layla, chat=other, seq=1)
    await say(omar, group, "Here, too")

    assert answer["data"]["chat"] == str(group.pk)
    frames = await client.until("message.sent", seq=2)
    assert texts(frames)[-1] == "Here, too"
    assert {frame["type"] for frame in frames} == {"message.sent"}
    assert await client.so_far() == []


@live
async def test_a_read_mark_on_a_socket_of_one_chat_needs_no_chat(layla, omar, group):
    await say(layla, group, "One")
    client = await enter(omar, f"/ws/chats/{group.pk}")

    answer = await client.ask("message.read", data={"seq": 1})

    assert answer["data"] == {"chat": str(group.pk), "read_seq": 1, "unread_count": 0}


@live
async def test_a_resume_on_a_socket_of_one_chat_gives_that_chat_alone(layla, omar, group):
    other = await in_thread(group_of)(layla, title="Petra")
    await say(layla, group, "Here")
    await say(layla, other, "Elsewhere")
    client = await enter(layla, f"/ws/chats/{group.pk}")

    await client.say("resume", user=0, chats={str(group.pk): 0, str(other.pk): 0})

    heard = await client.until("resumed")
    assert texts(heard) == ["Here"]
    assert list(heard[-1]["chats"]) == [str(group.pk)]


@ONE_CHAT
@live
async def test_an_outsider_has_no_socket_of_a_chat(path, group):
    stranger = await in_thread(UserFactory)()

    client = await Client(path.format(group.pk), token=await token_of(stranger)).open()

    assert await client.closed() == 4403


@live
async def test_a_chat_that_does_not_exist_looks_like_one_of_others(layla):
    path = "/ws/chats/01936c5e-0000-7000-8000-000000000000"

    client = await Client(path, token=await token_of(layla)).open()

    assert await client.closed() == 4403


@live
async def test_a_socket_of_one_chat_ends_with_the_membership(layla, omar, group):
    client = await enter(omar, f"/ws/chats/{group.pk}")

    await in_thread(remove_participant)(actor=layla, chat=group, user=omar)

    assert (await client.next())["type"] == "participant.removed"
    assert await client.closed() == 4403


@live
async def test_a_socket_of_one_chat_ends_with_the_chat(layla, omar, group):
    client = await enter(omar, f"/ws/chats/{group.pk}")

    await in_thread(delete_chat)(actor=layla, chat=group)

    assert await client.closed() == 4403


@live
async def test_an_operators_cut_in_the_rows_stops_nobody(layla, omar, group):
    await say(layla, group, "One")
    await in_thread(Message.objects.all().delete)()
    omars = await enter(omar)

    await omars.say("resume", chats={str(group.pk): 0})
    heard = await omars.until("resumed")
    await say(layla, group, "Two")

    assert seqs(heard) == [1]
    assert list(heard[0]["data"]) == ["id"]
    assert texts([await omars.next()]) == ["Two"]


@pytest.mark.parametrize("path", ["/api/v1/auth/logout", "/api/v1/auth/logout-all"])
@live
async def test_a_logout_closes_the_sockets_of_its_sessions(path, layla, client_of):
    session = await in_thread(SessionFactory)(user=layla)
    rest = await in_thread(client_of)(layla)
    from accounts.tokens import make_access

    same = await enter(layla, token=make_access(rest.session_row))
    other = await enter(layla, token=make_access(session))

    response = await in_thread(rest.post)(path)

    assert response.status_code == 204
    assert await same.closed() == 4401
    if path.endswith("all"):
        assert await other.closed() == 4401
    else:
        assert await other.so_far() == []
