"""Who is here: of all their devices together, over by itself, and seen by those who may."""

import asyncio
from datetime import UTC, datetime, timedelta
from secrets import token_hex

import pytest
import time_machine
from django.utils import timezone

from accounts.services import block_user, update_settings
from accounts.tests.factories import UserFactory
from common.ids import uuid7
from common.models import LogEntry
from messaging.models import Chat, Presence
from messaging.presence import RedisStore, store
from messaging.realtime import attendance
from messaging.realtime.attendance import Attendance
from messaging.services import (
    Device,
    add_contact,
    create_chat,
    delete_chat,
    due_changes,
    end_devices,
    hold_devices,
    presence,
    release_changes,
    remove_participant,
    set_presence,
)
from messaging.tests.factories import ChatFactory, ParticipantFactory, crowd_of, group_of
from messaging.tests.logs import stream_of
from realtime.bell import Round
from realtime.frames import frame
from realtime.hub import hub
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

PRESENCE = "/api/v1/presence"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NOBODY = "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"


@pytest.fixture(autouse=True)
def _store_of_its_own(settings):
    settings.REDIS_PREFIX = f"{settings.REDIS_PREFIX}-{token_hex(4)}"
    store.cache_clear()
    yield
    store.cache_clear()


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def come(user, device="phone", state="online"):
    hold_devices([Device(user.pk, device, Presence.State(state))])


def go(user, device="phone"):
    end_devices([Device(user.pk, device)])


def heard(clock, seconds=1):
    """What others hear of people so many seconds later."""
    clock.shift(seconds)
    changes, claims = due_changes()
    release_changes(claims)
    return [(change.user, change.state) for change in changes]


def say(committed, actor, status, **more):
    with committed():
        set_presence(actor=actor, status=status, **more)


def seen(client, *users):
    results = client.get(PRESENCE, {"users": ",".join(str(user.pk) for user in users)}).json()["results"]
    found = {row["user"]: (row["presence"], row["last_seen"]) for row in results}
    return [found.get(str(user.pk)) for user in users]


def stamp(at):
    return at.isoformat().replace("+00:00", "Z")


def let_see(user, who):
    return update_settings(user=user, changes={"privacy": {"last_seen_visibility": who}})


# --- Devices ------------------------------------------------------------------------------------------------


def test_of_several_devices_the_strongest_counts(clock, layla, omar):
    come(layla, "phone", "away")
    assert heard(clock) == [(layla.pk, "away")]
    come(layla, "laptop")
    assert heard(clock) == [(layla.pk, "online")]
    go(layla, "phone")
    assert heard(clock, 30) == []
    go(layla, "laptop")
    assert heard(clock, 30) == [(layla.pk, "offline")]
    assert heard(clock, 3600) == []


def test_who_is_back_within_thirty_seconds_was_never_gone(clock, layla, omar, client_of):
    come(layla)
    heard(clock)
    go(layla)
    assert heard(clock, 29) == []
    assert seen(client_of(omar), layla) == [("online", stamp(NOW + timedelta(seconds=1)))]
    come(layla, "the same phone again")

    assert heard(clock, 31) == []
    assert seen(client_of(omar), layla) == [("online", stamp(NOW + timedelta(seconds=1)))]


def test_what_a_killed_process_held_is_over_by_itself(clock, layla, omar, client_of):
    reader = client_of(omar)
    come(layla, "of the killed")
    come(omar, "of another")
    heard(clock)
    clock.shift(59)
    come(layla, "of the killed")  # the last refresh, after a minute

    assert heard(clock, 89) == [(omar.pk, "offline")]
    assert seen(reader, layla) == [("online", None)]
    assert heard(clock, 1) == [(layla.pk, "offline")]
    assert seen(reader, layla) == [("offline", stamp(NOW + timedelta(seconds=60)))]


def test_what_changes_within_a_second_is_told_as_one(clock, committed, layla):
    come(layla)
    heard(clock)

    for status in ["busy", "online", "away", "busy"] * 5:
        say(committed, layla, status)
        assert heard(clock, 0) == []
    assert heard(clock) == [(layla.pk, "busy")]

    say(committed, layla, "online")
    say(committed, layla, "busy")
    assert heard(clock) == []


def test_of_several_processes_one_tells(clock, layla):
    come(layla)
    clock.shift(1)

    first, second = due_changes(), due_changes()

    assert [[change.user for change in changes] for changes, _ in (first, second)] == [[layla.pk], []]


def test_what_could_not_be_told_is_told_later(clock, monkeypatch, layla):
    come(layla)
    clock.shift(1)
    with monkeypatch.context() as patch:
        patch.setattr(presence, "_apart_from", lambda users: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            due_changes()

    assert heard(clock, 9) == []
    assert heard(clock, 1) == [(layla.pk, "online")]


# --- What people say of themselves --------------------------------------------------------------------------


def test_what_was_chosen_holds_on_all_devices_and_over_reconnects(clock, committed, layla):
    come(layla)
    say(committed, layla, "busy", device=Device(layla.pk, "phone"))
    come(layla, "laptop", "away")
    assert heard(clock) == [(layla.pk, "busy")]
    for device in ("phone", "laptop"):
        go(layla, device)
    assert heard(clock, 30) == [(layla.pk, "offline")]

    come(layla, "tablet")

    assert heard(clock) == [(layla.pk, "busy")]
    assert stream_of(layla) == [(1, "presence.updated", {"status": "busy"})]


def test_of_a_device_being_away_is_said_of_it_alone(clock, committed, layla):
    come(layla)
    say(committed, layla, "away", device=Device(layla.pk, "laptop", Presence.State.AWAY))

    assert heard(clock) == [(layla.pk, "online")]
    assert stream_of(layla) == []


@pytest.mark.parametrize(("is_automatic", "expected"), [(True, "busy"), (False, "away")])
def test_what_a_client_notices_by_itself_ends_no_choice(is_automatic, expected, clock, committed, layla):
    say(committed, layla, "busy", device=Device(layla.pk, "phone"))
    away = Device(layla.pk, "phone", Presence.State.AWAY)

    say(committed, layla, "away", device=away, is_automatic=is_automatic)

    assert heard(clock) == [(layla.pk, expected)]


def test_saying_it_again_is_told_to_nobody(clock, committed, layla):
    say(committed, layla, "invisible")
    say(committed, layla, "invisible")

    assert len(stream_of(layla)) == 1
    assert not LogEntry.objects.filter(topic__startswith="chat:").exists()


@pytest.mark.django_db(transaction=True)
def test_by_rest_it_is_a_sign_of_life(clock, layla, omar, client_of):
    mine = client_of(layla)

    said = mine.put(PRESENCE, {"status": "busy"})

    assert said.status_code == 200
    assert said.json() == {"user": str(layla.pk), "status": "busy", "presence": "busy", "last_seen": None}
    assert seen(client_of(omar), layla) == [("busy", None)]
    for status in ("away", "invisible", "online"):
        own = mine.put(PRESENCE, {"status": status}).json()
        assert (own["status"], own["presence"]) == (status, status)
    assert seen(client_of(omar), layla) == [("online", stamp(NOW))]
    clock.shift(90)
    assert mine.get(PRESENCE).json() == {
        "results": [{"user": str(layla.pk), "presence": "offline", "last_seen": stamp(NOW)}]
    }


def test_who_comes_invisible_is_seen_at_no_moment(clock, committed, layla, omar, client_of):
    with committed():
        set_presence(actor=layla, status="invisible")

        assert store().here([layla.pk], at=NOW)[layla.pk].state == "offline"  # until it is what others read

    assert store().here([layla.pk], at=NOW)[layla.pk].state == "online"
    assert seen(client_of(omar), layla) == [("offline", None)]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "status", "required"),
        ({"status": "offline"}, "status", "invalid_choice"),
        ({"status": True}, "status", "invalid_choice"),
        ({"status": "busy", "until": "noon"}, "until", "unknown_field"),
    ],
)
def test_what_is_no_presence(body, field, code, layla, client_of):
    refused = client_of(layla).put(PRESENCE, body)

    assert refused.status_code == 400
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, code)]
    assert not Presence.objects.exists()


# --- Invisible ----------------------------------------------------------------------------------------------


def test_who_is_invisible_looks_like_somebody_who_left_at_that_moment(
    clock, committed, layla, omar, mina, client_of
):
    group = group_of(layla, omar, mina)
    for who in (omar, mina):
        add_contact(actor=layla, user=who)
        come(who)
    heard(clock)
    clock.shift(60)
    go(omar)
    say(committed, mina, "invisible")
    assert {user for user, state in heard(clock) if state == "offline"} == {mina.pk}
    assert heard(clock, 30) == [(omar.pk, "offline")]
    come(mina)
    say(committed, mina, "away", device=Device(mina.pk, "phone", Presence.State.AWAY), is_automatic=True)
    attendance.Attendance().keep({mina.pk})
    go(mina)
    clock.shift(600)
    come(mina, "tablet")
    assert heard(clock) == []

    reader = client_of(layla)

    left = stamp(NOW + timedelta(seconds=61))
    assert seen(reader, omar, mina) == [("offline", left)] * 2
    contacts = reader.get("/api/v1/contacts").json()["results"]
    assert [(each["presence"], each["last_seen"], each["user"]["presence"]) for each in contacts] == [
        ("offline", left, "offline")
    ] * 2
    people = reader.get(f"/api/v1/chats/{group.pk}/participants").json()["results"]
    assert [each["presence"] for each in people] == ["offline"] * 3
    cards = [reader.get(f"/api/v1/users/{who.pk}").json() for who in (omar, mina)]
    assert [card["presence"] for card in cards] == ["offline"] * 2
    found = reader.get("/api/v1/search/users", {"q": "mina"}).json()["results"]
    assert [each["presence"] for each in found] == ["offline"]
    assert client_of(mina).get("/api/v1/users/me").json()["presence"] == "invisible"


def test_who_was_not_seen_leaves_no_trace_by_becoming_invisible(clock, committed, layla, omar, client_of):
    come(layla)
    go(layla)
    heard(clock, 3600)

    say(committed, layla, "invisible")

    assert heard(clock) == []
    assert seen(client_of(omar), layla) == [("offline", stamp(NOW))]


def test_who_is_visible_again_is_told_of(clock, committed, layla):
    say(committed, layla, "invisible")
    assert heard(clock) == []

    say(committed, layla, "online")

    assert heard(clock) == [(layla.pk, "online")]


# --- Who sees it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lets_see", "relation", "expected"),
    [
        ("everyone", "stranger", ("online", True)),
        ("everyone", "blocks", ("offline", False)),
        ("everyone", "is blocked", None),
        ("contacts", "stranger", ("offline", False)),
        ("contacts", "in a large group", ("offline", False)),
        ("contacts", "in a channel", ("offline", False)),
        ("contacts", "asks to write", ("offline", False)),
        ("contacts", "in a group", ("online", False)),
        ("contacts", "is a contact", ("online", True)),
        ("contacts", "has a contact", ("offline", False)),
        ("nobody", "stranger", ("offline", False)),
        ("nobody", "is a contact", ("online", False)),
        ("nobody", "in a group", ("online", False)),
    ],
)
def test_who_sees_what(lets_see, relation, expected, clock, layla, omar, client_of):
    if relation == "in a group":
        group_of(layla, omar)
    if relation == "in a large group":
        Chat.objects.filter(pk=group_of(layla, omar).pk).update(participant_count=101)
    if relation == "in a channel":
        create_chat(actor=layla, type="channel", title="News", participants=[omar])
    if relation == "asks to write":
        create_chat(actor=omar, type="private", participants=[layla])
    if relation == "is a contact":
        add_contact(actor=layla, user=omar)
    if relation == "has a contact":
        add_contact(actor=omar, user=layla)
    if relation == "blocks":
        block_user(actor=omar, user=layla)
    if relation == "is blocked":
        block_user(actor=layla, user=omar)
    let_see(layla, lets_see)
    come(layla)
    Presence.objects.create(user=layla, last_seen_at=NOW)

    [found] = seen(client_of(omar), layla)

    assert (found and (found[0], found[1] is not None)) == expected


def test_in_a_group_who_is_blocked_sees_of_the_blocker_nothing_but_an_absence(clock, layla, omar, client_of):
    group = group_of(layla, omar)
    come(layla)
    block_user(actor=layla, user=omar)

    people = client_of(omar).get(f"/api/v1/chats/{group.pk}/participants").json()["results"]

    assert [(each["username"], each["presence"]) for each in people] == [
        ("layla", "offline"),
        ("omar", "offline"),
    ]


def test_contacts_show_who_is_here(clock, layla, omar, mina, client_of):
    for who in (omar, mina):
        add_contact(actor=layla, user=who)
    come(mina, state="away")
    go(omar)
    clock.shift(30)

    contacts = client_of(layla).get("/api/v1/contacts").json()["results"]

    assert [(each["user"]["username"], each["presence"], each["last_seen"]) for each in contacts] == [
        ("mina", "away", None),
        ("omar", "offline", stamp(NOW)),
    ]


@pytest.mark.parametrize(
    ("own", "sees"), [("everyone", [True, True]), ("contacts", [True, False]), ("nobody", [False, False])]
)
def test_who_hides_when_they_were_here_does_not_see_it_of_those(own, sees, layla, omar, mina, client_of):
    for who in (omar, mina):
        Presence.objects.create(user=who, last_seen_at=NOW)
    add_contact(actor=layla, user=omar)
    layla = let_see(layla, own)

    found = seen(client_of(layla), omar, mina)

    assert [last_seen is not None for _, last_seen in found] == sees


def test_who_is_not_there_for_the_reader_is_left_out(layla, omar, client_of):
    hidden = UserFactory(is_active=False)
    answer = client_of(layla).get(PRESENCE, {"users": f"{omar.pk},{NOBODY},{hidden.pk},{omar.pk}"})

    assert answer.json() == {"results": [{"user": str(omar.pk), "presence": "offline", "last_seen": None}]}


@pytest.mark.parametrize(
    ("users", "code"), [("", "blank"), ("omar", "not_ids"), (",".join([NOBODY] * 201), "max_length")]
)
def test_what_names_no_people(users, code, layla, client_of):
    refused = client_of(layla).get(PRESENCE, {"users": users})

    assert refused.status_code == 400
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("users", code)]


@pytest.mark.parametrize("people", [1, 200])
def test_many_people_take_as_many_queries_as_one(people, layla, client_of, django_assert_num_queries):
    crowd, client = crowd_of(people), client_of(layla)
    for index, who in enumerate(crowd[:3]):
        let_see(who, ["everyone", "contacts", "nobody"][index])
    let_see(crowd[0], "nobody")
    let_see(layla, "contacts")

    # the session, the people, what they chose, blocks, contacts both ways, chats in common
    with django_assert_num_queries(7):
        found = seen(client, *crowd)

    assert len(found) == people


def test_while_nobody_knows_who_is_here_all_else_works(monkeypatch, committed, layla, omar, client_of):
    away = RedisStore("redis://127.0.0.1:9/0", prefix="test")
    monkeypatch.setattr(presence, "store", lambda: away)
    add_contact(actor=layla, user=omar)
    come(omar)
    go(omar)

    with committed():
        said = client_of(layla).put(PRESENCE, {"status": "busy"})

    assert (said.status_code, said.json()["status"], said.json()["presence"]) == (200, "busy", None)
    assert Presence.objects.get(user=layla).choice == "busy"
    [contact] = client_of(layla).get("/api/v1/contacts").json()["results"]
    assert (contact["presence"], contact["last_seen"] is not None) == (None, True)


# --- When they were last here -------------------------------------------------------------------------------


def test_who_stays_costs_the_database_nothing(clock, layla, django_assert_num_queries):
    come(layla)
    heard(clock)

    with django_assert_num_queries(0):
        for _ in range(10):
            clock.shift(30)
            come(layla)
            assert heard(clock, 0) == []


@pytest.mark.parametrize("people", [1, 100])
def test_when_many_were_here_is_kept_at_once(people, clock, django_assert_num_queries):
    users = crowd_of(people)
    Presence.objects.create(user=users[0], last_seen_at=NOW - timedelta(days=1))

    with django_assert_num_queries(5):  # a savepoint and its end, what is kept, who is there, the writing
        end_devices([Device(user.pk, "phone") for user in users] + [Device(uuid7(), "of somebody erased")])

    assert set(Presence.objects.values_list("last_seen_at", flat=True)) == {NOW}
    assert Presence.objects.count() == people


def test_it_never_goes_back(clock, layla):
    go(layla)
    clock.shift(-60)
    go(layla, "a process whose clock is slow")

    assert Presence.objects.get().last_seen_at == NOW


# --- Who hears of it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who_sees", ["everyone", "contacts", "nobody"])
def test_it_is_told_in_small_chats_that_they_are_in(who_sees, clock, layla, omar, mina):
    private, _ = create_chat(actor=layla, type="private", participants=[omar])
    group = group_of(layla, omar, mina)
    create_chat(actor=layla, type="channel", title="News", participants=[omar])
    strangers, _ = create_chat(actor=mina, type="private", participants=[layla])  # not accepted
    let_see(layla, who_sees)
    crowd = group_of(layla, omar)
    Chat.objects.filter(pk=crowd.pk).update(participant_count=101)
    deleted, left = group_of(layla, omar), group_of(omar, layla)
    delete_chat(actor=layla, chat=deleted)
    remove_participant(actor=omar, chat=left, user=layla)
    block_user(actor=layla, user=mina)
    blocker = UserFactory()
    block_user(actor=blocker, user=layla)
    come(layla)
    clock.shift(1)

    [change] = due_changes()[0]

    told_in = [private, group] + ([strangers] if who_sees == "everyone" else [])
    assert sorted(change.topics) == sorted(f"chat:{chat.pk}" for chat in told_in)
    assert change.hidden_from == {layla.pk, mina.pk, blocker.pk}


def test_of_very_many_chats_those_in_which_most_happened_lately(clock, monkeypatch, layla):
    monkeypatch.setattr(presence, "MOST_CHATS", 2)
    chats = [ChatFactory(last_activity_at=NOW - timedelta(days=age)) for age in (3, 1, 2, 4)]
    for chat in chats:
        ParticipantFactory(chat=chat, user=layla)
    come(layla)
    clock.shift(1)

    [change] = due_changes()[0]

    assert set(change.topics) == {f"chat:{chats[1].pk}", f"chat:{chats[2].pk}"}


@pytest.mark.parametrize("people", [2, 50])
def test_of_many_who_come_at_once_the_queries_are_those_of_one(people, clock, django_assert_num_queries):
    users = crowd_of(people)
    group_of(*users)
    hold_devices([Device(user.pk, "phone") for user in users])
    clock.shift(1)

    with django_assert_num_queries(4):  # what they chose, their chats, who was asked into one, blocks
        changes, _ = due_changes()

    assert len(changes) == people


# --- A process ----------------------------------------------------------------------------------------------


@pytest.fixture
def process(clock):
    """What a hub makes, without its hub."""
    process = Attendance()
    yield process
    if process in attendance.running:
        attendance.running.remove(process)


def test_a_process_says_again_that_its_sockets_are_there(clock, process, layla, omar, client_of):
    process.came("one", layla.pk)
    process.came("two", layla.pk)
    process.write()
    process.went("one")
    process.write()
    for _ in range(10):
        clock.shift(60)
        process.refresh(["one", "two"])

    assert seen(client_of(omar), layla)[0][0] == "online"
    clock.shift(90)
    assert seen(client_of(omar), layla)[0][0] == "offline"


def test_a_socket_that_came_and_went_before_it_was_written_is_gone(clock, process, layla):
    process.came("one", layla.pk)
    process.went("one")
    process.went("one")
    process.write()

    assert heard(clock, 31) == []
    assert Presence.objects.get(user=layla).last_seen_at == NOW


def test_what_a_device_is_in_outlives_the_refresh(clock, process, layla):
    process.came("one", layla.pk)
    process.write()
    assert attendance.device_at("one", "away") == Device(layla.pk, "one", Presence.State.AWAY)
    assert attendance.device_at("one", "busy") == Device(layla.pk, "one", Presence.State.AWAY)
    assert attendance.device_at("another", "away") is None

    process.refresh(["one"])

    assert store().here([layla.pk], at=NOW)[layla.pk].state == "away"


@pytest.mark.django_db(transaction=True)
def test_a_process_that_ends_has_its_people_come_back_in_peace(process, clock, layla):
    process.came("one", layla.pk)
    process.write()
    heard(clock)

    asyncio.run(process.close())

    come(layla, "at the next process")
    assert heard(clock, 31) == []
    assert Presence.objects.get(user=layla).last_seen_at == NOW + timedelta(seconds=1)
    assert process not in attendance.running


# --- Live ---------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch):
    """Nobody waits a second for what comes together, or half a minute for who comes back."""
    monkeypatch.setattr(attendance, "TICK", 0.02)
    monkeypatch.setattr(presence, "COALESCED", timedelta())
    monkeypatch.setattr(presence, "GRACE", timedelta())


def told(frames):
    return [
        (frame["type"], frame["data"]["user"], frame["data"]["presence"])
        for frame in frames
        if frame["type"] in ("user.online", "user.offline")
    ]


@pytest.mark.django_db(transaction=True)
@live
async def test_those_who_look_at_a_shared_chat_hear_who_comes_and_goes(hasty, layla, omar, mina):
    await in_thread(group_of)(layla, omar)
    await in_thread(group_of)(layla, omar)
    omars, minas = await enter(omar), await enter(mina)
    laylas = await enter(layla)
    id_ = str(layla.pk)

    came = await omars.until("user.online", data={"user": id_, "presence": "online"})
    await laylas.ask("presence.set", data={"status": "busy"})
    await omars.until("user.online", data={"user": id_, "presence": "busy"})
    await laylas.leave()
    left = await omars.until("user.offline", data={"user": id_, "presence": "offline"})

    assert [each for each in told(came) if each[1] == id_] == [("user.online", id_, "online")]
    assert [each for each in told(left) if each[1] == id_] == [("user.offline", id_, "offline")]
    assert sorted(left[-1]) == ["at", "data", "type"]
    assert told(await minas.so_far()) == []


@pytest.mark.django_db(transaction=True)
@live
async def test_somebody_hears_nothing_of_themselves_or_of_whom_they_blocked(hasty, layla, omar, mina):
    await in_thread(group_of)(layla, omar, mina)
    await in_thread(block_user)(actor=omar, user=layla)
    omars, minas = await enter(omar), await enter(mina)
    laylas = await enter(layla)

    frames = await minas.until("user.online", data={"user": str(layla.pk), "presence": "online"})
    frames += await minas.so_far()

    assert str(mina.pk) not in {user for _, user, _ in told(frames)}
    assert str(layla.pk) not in {user for _, user, _ in told(await omars.so_far())}
    assert {user for _, user, _ in told(await laylas.so_far())} <= {str(mina.pk)}


@pytest.mark.django_db(transaction=True)
@live
async def test_who_is_blocked_is_gone_for_the_blocker_and_the_blocker_for_them(hasty, layla, omar, mina):
    await in_thread(group_of)(layla, omar, mina)
    sockets = {who: await enter(who) for who in (layla, omar, mina)}
    # Who comes later is told of to who is there; of who was there before it may have been told already.
    await sockets[layla].until("user.online", data={"user": str(omar.pk), "presence": "online"})

    await in_thread(block_user)(actor=layla, user=omar)
    for one, other in ((layla, omar), (omar, layla)):
        await sockets[one].until("user.offline", data={"user": str(other.pk), "presence": "offline"})
    await in_thread(block_user)(actor=omar, user=layla)

    for client in sockets.values():
        assert "user.offline" not in {type_ for type_, *_ in told(await client.so_far())}


@pytest.mark.django_db(transaction=True)
@live
async def test_who_is_not_here_is_not_told_to_be_gone_by_a_block(hasty, layla, omar):
    await in_thread(group_of)(layla, omar)
    omars = await enter(omar)

    await in_thread(block_user)(actor=layla, user=omar)

    assert told(await omars.so_far()) == []


@pytest.mark.django_db(transaction=True)
@live
async def test_the_socket_of_a_chat_hears_of_those_in_it(hasty, layla, omar, mina):
    chat = await in_thread(group_of)(omar, mina)
    await in_thread(group_of)(omar, layla)
    omars = await enter(omar, f"/ws/chats/{chat.pk}")
    laylas, minas = await enter(layla), await enter(mina)

    answer = await minas.ask("presence.set", data={"status": "away"})
    frames = await omars.until("user.online", data={"user": str(mina.pk), "presence": "away"})
    of_chat = await omars.ask("presence.set", data={"status": "invisible"})

    assert answer["data"] == {"status": "online", "presence": "away"}
    assert of_chat["data"] == {"status": "invisible", "presence": "invisible"}
    assert {user for _, user, _ in told(frames)} == {str(mina.pk)}
    await laylas.until("user.offline", data={"user": str(omar.pk), "presence": "offline"})


@pytest.mark.django_db(transaction=True)
@live
async def test_a_device_that_is_away_is_told_of_when_no_other_is_there(hasty, layla, omar):
    await in_thread(group_of)(layla, omar)
    omars = await enter(omar)
    phone, laptop = await enter(layla), await enter(layla)
    id_ = str(layla.pk)
    await omars.until("user.online", data={"user": id_, "presence": "online"})

    await laptop.ask("presence.set", data={"status": "online", "automatic": True})
    first = await phone.ask("presence.set", data={"status": "away", "automatic": True})
    second = await laptop.ask("presence.set", data={"status": "away", "automatic": True})
    await omars.until("user.online", data={"user": id_, "presence": "away"})
    refused = await phone.ask("presence.set", data={"status": "gone"})

    assert [answer["data"]["presence"] for answer in (first, second)] == ["online", "away"]
    assert refused["error"]["errors"][0]["code"] == "invalid_choice"


@pytest.mark.django_db(transaction=True)
@live
async def test_a_frame_goes_to_each_socket_once(layla, omar):
    chats = [await in_thread(group_of)(layla, omar) for _ in range(3)]
    omars, laylas = await enter(omar), await enter(layla)

    topics = [*(f"chat:{chat.pk}" for chat in chats), "chat:of others"]
    (await hub()).goes_round(Round(frame("pong", time=timezone.now()), topics, [str(layla.pk)]))

    assert [told["type"] for told in await omars.so_far()].count("pong") == 1
    assert "pong" not in [told["type"] for told in await laylas.so_far()]
