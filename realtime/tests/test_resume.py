"""What a client missed: all of it, in order, once, or the word that it must be fetched."""

import asyncio
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from common.models import LogEntry, LogEpoch
from messaging.models import Chat
from messaging.services import mark_read, send_message
from messaging.tests.factories import group_of
from realtime import consumers, log, sockets
from realtime.hub import hub
from realtime.sync import begin

from .clients import Client, Frame, enter, in_thread, live, seqs, token_of

pytestmark = pytest.mark.django_db(transaction=True)

OF_OTHER_KINDS = {"unread_mentions": 0, "thread_unread_count": 0}  # tested where they are made


def say(actor: User, chat: Chat, count: int) -> None:
    for number in range(count):
        send_message(actor=actor, chat=chat, text=f"Message {number}")


async def resumed(reader: User, **asked: Any) -> list[Frame]:
    """What a fresh socket gets for this resume, up to `resumed`."""
    client = await Client(token=await token_of(reader)).open()
    assert (await client.next())["type"] == "hello"
    await client.say("resume", id="r", **asked)
    frames = await client.until("resumed")
    await client.leave()
    return frames


@live
async def test_what_was_missed_comes_in_order_and_then_the_present_state(layla, omar, group):
    await in_thread(say)(layla, group, 5)
    await in_thread(mark_read)(actor=omar, chat=group, seq=3)

    frames = await resumed(omar, chats={str(group.pk): 2}, user=0)

    assert [frame["type"] for frame in frames] == [
        *["message.sent"] * 3,
        "chat.added",
        "mark.moved",
        "resumed",
    ]
    assert seqs(frames) == [3, 4, 5]
    assert [frame["data"]["text"] for frame in frames[:3]] == ["Message 2", "Message 3", "Message 4"]
    assert [frame["user_seq"] for frame in frames[3:5]] == [1, 2]
    assert frames[-1] == {
        "type": "resumed",
        "id": "r",
        "chats": {
            str(group.pk): {
                "seq": 5,
                "read_seq": 3,
                "unread_count": 2,
                "unread_mentions": 0,
                "thread_unread_count": 0,
            }
        },
        "user": 2,
    }


@live
async def test_from_every_position_on_exactly_the_rest_comes(layla, omar, group):
    await in_thread(say)(layla, group, 6)
    client = await enter(omar)

    for position in range(7):
        await client.say("resume", chats={str(group.pk): position})

        frames = await client.until("resumed")
        assert seqs(frames) == list(range(position + 1, 7))
        assert frames[-1]["chats"][str(group.pk)]["seq"] == 6


@live
async def test_who_missed_nothing_gets_the_one_word(omar, group):
    frames = await resumed(omar, chats={str(group.pk): 0}, user=1)

    assert frames == [
        {
            "type": "resumed",
            "id": "r",
            "chats": {
                str(group.pk): {
                    "seq": 0,
                    "read_seq": 0,
                    "unread_count": 0,
                    "unread_mentions": 0,
                    "thread_unread_count": 0,
                }
            },
            "user": 1,
        }
    ]


@live
async def test_who_asks_for_nothing_gets_the_one_word(omar, group):
    assert await resumed(omar) == [{"type": "resumed", "id": "r", "chats": {}, "user": 1}]


@live
async def test_several_chats_come_each_in_its_order(layla, omar, group):
    other = await in_thread(group_of)(layla, omar, title="Petra")
    for chat in (group, other, group, other):
        await in_thread(say)(layla, chat, 2)

    frames = await resumed(omar, chats={str(group.pk): 1, str(other.pk): 3})

    assert seqs([frame for frame in frames if frame.get("chat") == str(group.pk)]) == [2, 3, 4]
    assert seqs([frame for frame in frames if frame.get("chat") == str(other.pk)]) == [4]


@live
async def test_an_absence_longer_than_any_queue_is_made_up_whole(layla, omar, group, monkeypatch):
    monkeypatch.setattr(log, "PORTION", 50)
    monkeypatch.setattr(sockets, "MAX_FRAMES", 20)
    await in_thread(say)(layla, group, 120)

    frames = await resumed(omar, chats={str(group.pk): 0})

    assert seqs(frames) == list(range(1, 121))


@live
async def test_live_frames_come_after_the_replay(layla, omar, group, monkeypatch):
    await in_thread(say)(layla, group, 20)
    monkeypatch.setattr(log, "PORTION", 1)
    monkeypatch.setattr(consumers, "RESUME_WITHIN", 0.01)  # over long before the replay is
    client = await Client(token=await token_of(omar)).open()
    assert (await client.next())["type"] == "hello"
    laylas = await enter(layla)

    await client.say("resume", chats={str(group.pk): 0})
    assert (await client.next())["seq"] == 1
    await in_thread(say)(layla, group, 5)
    await laylas.until("message.sent", seq=25)

    replayed = await client.until("resumed")
    assert seqs(replayed) == list(range(2, 21))
    assert seqs(await client.until("message.sent", seq=25)) == [21, 22, 23, 24, 25]


@live
async def test_a_socket_that_resumes_amid_a_stream_has_no_gap_and_no_double(layla, omar, group):
    await in_thread(say)(layla, group, 10)
    client = await Client(token=await token_of(omar)).open()
    assert (await client.next())["type"] == "hello"
    talking = asyncio.create_task(in_thread(say)(layla, group, 60))

    await client.say("resume", chats={str(group.pk): 4})

    frames = await client.until("resumed")
    if frames[-1]["chats"][str(group.pk)]["seq"] < 70:
        frames += await client.until("message.sent", seq=70)
    await talking
    assert seqs(frames) == list(range(5, 71))


@live
async def test_a_late_resume_doubles_nothing_that_came_by_itself(layla, omar, group):
    await in_thread(say)(layla, group, 3)
    client = await enter(omar)
    await in_thread(say)(layla, group, 2)
    assert seqs(await client.until("message.sent", seq=5)) == [4, 5]

    await client.say("resume", chats={str(group.pk): 1})

    frames = await client.until("resumed")
    assert seqs(frames) == [2, 3]
    assert frames[-1]["chats"][str(group.pk)]["seq"] == 5


@live
async def test_what_came_by_itself_comes_again_to_who_says_that_it_did_not(layla, omar, group):
    await in_thread(say)(layla, group, 3)
    client = await enter(omar)
    await in_thread(say)(layla, group, 3)
    await client.until("message.sent", seq=6)

    await client.say("resume", chats={str(group.pk): 4})

    frames = await client.until("resumed")
    assert seqs(frames) == [5, 6]
    assert frames[-1]["chats"][str(group.pk)]["seq"] == 6


@live
async def test_another_epoch_believes_no_position(layla, omar, group):
    await in_thread(say)(layla, group, 3)

    frames = await resumed(omar, epoch="of another log", chats={str(group.pk): 1}, user=0)

    assert frames == [
        {"type": "reset", "chats": [str(group.pk)], "reason": "epoch"},
        {"type": "reset", "user": True, "reason": "epoch"},
        {"type": "resumed", "id": "r", "chats": {}, "user": 1},
    ]


@live
async def test_the_same_epoch_is_believed(layla, omar, group):
    await in_thread(say)(layla, group, 1)

    frames = await resumed(omar, epoch=await in_thread(LogEpoch.current)(), chats={str(group.pk): 0})

    assert [frame["type"] for frame in frames] == ["message.sent", "resumed"]


@live
async def test_a_position_ahead_of_the_log_is_of_another_log(layla, omar, group):
    await in_thread(say)(layla, group, 3)

    frames = await resumed(omar, chats={str(group.pk): 4}, user=2)

    assert frames == [
        {"type": "reset", "chats": [str(group.pk)], "reason": "epoch"},
        {"type": "reset", "user": True, "reason": "epoch"},
        {"type": "resumed", "id": "r", "chats": {}, "user": 1},
    ]


@pytest.mark.parametrize(("position", "replayed"), [(0, None), (1, None), (2, [3, 4]), (4, [])])
@live
async def test_what_the_log_no_longer_holds_is_never_replayed_in_part(position, replayed, layla, omar, group):
    await in_thread(say)(layla, group, 4)
    await in_thread(LogEntry.objects.filter(topic=f"chat:{group.pk}", seq__lte=2).delete)()

    frames = await resumed(omar, chats={str(group.pk): position})

    if replayed is None:
        assert [frame["type"] for frame in frames] == ["reset", "resumed"]
        assert frames[0] == {"type": "reset", "chats": [str(group.pk)], "reason": "too_old"}
        assert frames[1]["chats"] == {}
    else:
        assert seqs(frames) == replayed


@live
async def test_an_empty_log_replays_nothing(layla, omar, group):
    await in_thread(say)(layla, group, 2)
    await in_thread(LogEntry.objects.all().delete)()

    frames = await resumed(omar, chats={str(group.pk): 1}, user=0)

    assert frames == [
        {"type": "reset", "chats": [str(group.pk)], "reason": "too_old"},
        {"type": "reset", "user": True, "reason": "too_old"},
        {"type": "resumed", "id": "r", "chats": {}, "user": 1},
    ]


@live
async def test_chats_of_others_are_left_out_in_silence(layla, group):
    foreign = await in_thread(group_of)(await in_thread(UserFactory)())
    await in_thread(say)(foreign.created_by, foreign, 2)

    frames = await resumed(
        layla, chats={str(foreign.pk): 0, "not-an-id": 0, "01936c5e-0000-7000-8000-000000000000": 0}
    )

    assert frames == [{"type": "resumed", "id": "r", "chats": {}, "user": 1}]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"chats": []}, "chats"),
        (
            {"chats": {"01936c5e-0000-7000-8000-000000000000": -1}},
            "chats.01936c5e-0000-7000-8000-000000000000",
        ),
        (
            {"chats": {"01936c5e-0000-7000-8000-000000000000": "x"}},
            "chats.01936c5e-0000-7000-8000-000000000000",
        ),
        ({"chats": {str(number): 0 for number in range(5001)}}, "chats"),
        ({"user": "x"}, "user"),
        ({"user": 2**53 + 1}, "user"),
        ({"epoch": 7}, "epoch"),
        ({"data": {"chats": {}}}, "data"),
    ],
)
@live
async def test_a_malformed_resume_is_refused_and_the_socket_goes_on(asked, field, layla, group):
    client = await enter(layla)

    answer = await client.ask("resume", **asked)

    assert answer["type"] == "error"
    assert (answer["error"]["code"], answer["error"]["errors"][0]["field"]) == ("invalid", field)
    await in_thread(say)(layla, group, 1)
    assert (await client.next())["type"] == "message.sent"


@live
async def test_a_client_that_leaves_amid_a_replay_leaves_nothing_behind(layla, omar, group, monkeypatch):
    await in_thread(say)(layla, group, 50)
    monkeypatch.setattr(log, "PORTION", 1)
    client = await Client(token=await token_of(omar)).open()

    await client.say("resume", chats={str(group.pk): 0})
    await client.until("message.sent", seq=2)
    await client.leave()

    assert (await hub())._sockets == {}


@live
async def test_resumed_says_what_proves_that_one_is_right(layla, omar, group):
    await in_thread(say)(layla, group, 2)
    by_rest = (await in_thread(begin)(omar.pk, after=None, limit=1, checksum=True)).states["chats"]

    frames = await resumed(omar, chats={str(group.pk): 0}, checksum=True)

    assert frames[-1]["chats"] == by_rest
    assert len(frames[-1]["chats"][str(group.pk)]["checksum"]) == 64


@live
async def test_checksums_are_made_of_so_many_chats_at_a_time(layla, group):
    client = await enter(layla)

    answer = await client.ask("resume", chats={str(number): 0 for number in range(201)}, checksum=True)

    assert answer["error"]["errors"][0]["code"] == "max_checked"
