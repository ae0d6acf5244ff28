"""Messages that are sent later: once, at their time, as if they were sent then."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from common.problems import Invalid, NotFound
from files.tests.factories import file_of
from messaging.models import Message, ScheduledMessage
from messaging.problems import AlreadySent, ClientIdConflict, TooManyScheduled
from messaging.services import (
    cancel_scheduled,
    change_scheduled,
    create_chat,
    leave_chat,
    remove_participant,
    schedule_message,
    scheduled,
    send_due_messages,
    send_message,
)
from messaging.tasks import send_scheduled_messages
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of, types
from messaging.tests.test_races import at_once
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    """It is noon, and stays so until it is moved."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def private(layla, omar):
    return create_chat(actor=layla, type="private", participants=[omar])[0]


def path(chat, rest=""):
    return f"/api/v1/chats/{chat.pk}/scheduled{rest}"


def later(**delta):
    return (timezone.now() + timedelta(**(delta or {"hours": 1}))).isoformat()


def schedule(actor, chat, at, text="Happy birthday!", **more):
    return schedule_message(actor=actor, chat=chat, scheduled_for=at, text=text, **more)[0]


def told(user):
    return [type_ for _, type_, _ in stream_of(user) if type_.startswith("scheduled")]


# --- Scheduling ---------------------------------------------------------------------------------------------


def test_files_are_not_sent_later(group, layla, client_of):
    row = schedule(layla, group, timezone.now() + timedelta(hours=1))
    client, path = client_of(layla), f"/api/v1/chats/{group.pk}/scheduled"
    files = {"files": [str(file_of(layla).pk)]}

    answers = [
        client.post(path, {"text": "Notes", "scheduled_for": later()} | files),
        client.patch(f"{path}/{row.pk}", files),
    ]

    assert [(each.status_code, each.json()["errors"][0]["code"]) for each in answers] == [
        (400, "not_later")
    ] * 2
    assert ScheduledMessage.objects.get().said == row.said


def test_it_waits_and_is_told_to_nobody_else(group, layla, omar, client_of):
    client, at = client_of(layla), (timezone.now() + timedelta(hours=1)).replace(microsecond=0)

    response = client.post(path(group), {"text": "Later", "scheduled_for": at.isoformat(), "silent": True})

    row = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"{path(group)}/{row['id']}"
    assert row | {"id": "", "created_at": ""} == {
        "id": "",
        "chat": str(group.pk),
        "state": "waiting",
        "scheduled_for": at.isoformat().replace("+00:00", "Z"),
        "local_time": None,
        "kind": "text",
        "text": "Later",
        "thread": None,
        "mentions": [],
        "silent": True,
        "client_id": None,
        "problem": None,
        "message": None,
        "created_at": "",
    }
    assert client.get(path(group)).json()["results"] == [row]
    assert client.get(response.headers["Location"]).json() == row
    assert client_of(omar).get(path(group)).json()["results"] == []
    assert client_of(omar).get(response.headers["Location"]).status_code == 404
    assert (told(layla), told(omar), log_of(group)) == (["scheduled.updated"], [], [])


@pytest.mark.parametrize("door", ["chats/{}/messages", "messages"])
def test_a_send_with_a_time_is_scheduled(door, group, layla, client_of):
    said = {"text": "Later", "scheduled_for": later(), "client_id": "c1"}
    client = client_of(layla)
    url = f"/api/v1/{door.format(group.pk)}"

    first, again = (
        client.post(url, said | ({"chat": str(group.pk)} if door == "messages" else {})) for _ in "12"
    )

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json() == client.get(first.headers["Location"]).json()
    assert not Message.objects.exists()


def test_under_a_client_id_it_is_scheduled_once(group, layla, client_of):
    client, at = client_of(layla), later()
    said = {"text": "Later", "scheduled_for": at, "client_id": "c1"}

    first, again = client.post(path(group), said), client.post(path(group), said)
    other = client.post(path(group), said | {"scheduled_for": later(days=2)})

    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert (other.status_code, other.json()["code"]) == (409, "client_id_conflict")
    assert told(layla) == ["scheduled.updated"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "scheduled_for", "required"),
        ({"scheduled_for": None}, "scheduled_for", "null"),
        ({"scheduled_for": 7}, "scheduled_for", "invalid"),
        ({"scheduled_for": "soon"}, "scheduled_for", "invalid"),
        ({"scheduled_for": "0001-01-01T00:00:00+14:00"}, "scheduled_for", "invalid"),
        ({"scheduled_for": "9999-12-31T23:00:00", "local": True}, "scheduled_for", "invalid"),
        ({"scheduled_for": "2026-01-01T00:00:00"}, "scheduled_for", "needs_offset"),
        ({"scheduled_for": "2026-01-01T00:00:00Z", "local": True}, "scheduled_for", "has_offset"),
        ({"scheduled_for": "2026-01-01T00:00:00Z"}, "scheduled_for", "past"),
        ({"scheduled_for": "2126-01-01T00:00:00Z"}, "scheduled_for", "too_far"),
        ({"scheduled_for": "2126-01-01T00:00:00", "local": True}, "local", "not_private"),
        ({"scheduled_for": "2126-01-01T00:00:00", "local": "yes"}, "local", "invalid"),
        ({"scheduled_for": "2126-01-01T00:00:00Z", "text": " "}, "text", "blank"),
        ({"scheduled_for": "2126-01-01T00:00:00Z", "author": "omar"}, "author", "unknown_field"),
    ],
)
def test_what_is_no_time_to_come_is_refused(body, field, code, group, layla, client_of):
    response = client_of(layla).post(path(group), {"text": "Later"} | body, format="json")

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert (ScheduledMessage.objects.count(), told(layla)) == (0, [])


def test_local_without_a_time_is_refused(group, layla, client_of):
    response = client_of(layla).post(f"/api/v1/chats/{group.pk}/messages", {"text": "Now", "local": True})

    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("local", "no_time")]
    assert not Message.objects.exists()


def test_an_outbox_takes_no_times(group, layla, client_of):
    said = {"chat": str(group.pk), "text": "Later", "client_id": "c1", "scheduled_for": later()}

    [result] = client_of(layla).post("/api/v1/outbox", [said], format="json").json()["results"]

    assert (result["status"], result["problem"]["errors"][0]["code"]) == ("refused", "unknown_field")


def test_no_more_wait_in_a_chat_than_may(group, layla, omar):
    at = timezone.now() + timedelta(hours=1)
    ScheduledMessage.objects.bulk_create(
        ScheduledMessage(chat=group, author=layla, scheduled_for=at, look_at=at) for _ in range(100)
    )

    with pytest.raises(TooManyScheduled):
        schedule(layla, group, at)

    assert schedule(omar, group, at).state == "waiting"
    assert schedule(layla, group_of(layla), at).state == "waiting"


@pytest.mark.parametrize("who", ["removed", "stranger"])
def test_who_is_not_in_the_chat_schedules_nothing(who, group, layla, omar, client_of):
    if who == "removed":
        remove_participant(actor=layla, chat=group, user=omar)
    person = omar if who == "removed" else UserFactory()

    response = client_of(person).post(path(group), {"text": "Later", "scheduled_for": later()})

    assert response.status_code == 404
    assert not ScheduledMessage.objects.exists()
    with pytest.raises(NotFound):
        schedule(person, group, timezone.now() + timedelta(hours=1))


# --- Changing and taking back -------------------------------------------------------------------------------


def test_it_is_changed_and_taken_back_until_it_is_sent(group, layla, client_of):
    client = client_of(layla)
    made = client.post(path(group), {"text": "Later", "scheduled_for": later()}).json()
    one = path(group, f"/{made['id']}")

    changed = client.patch(one, {"text": "Much later", "scheduled_for": later(days=3)})
    silent = client.put(one, {"silent": True})
    gone = [client.delete(one).status_code for _ in range(2)]

    assert (changed.status_code, changed.json()["text"]) == (200, "Much later")
    assert changed.json()["scheduled_for"] > made["scheduled_for"]
    assert silent.json() == changed.json() | {"silent": True}
    assert gone == [204, 404]
    assert told(layla) == ["scheduled.updated"] * 3 + ["scheduled.removed"]


def test_what_was_sent_is_neither_changed_nor_taken_back(group, layla, clock):
    row = schedule(layla, group, NOON + timedelta(minutes=1))
    clock.shift(60)
    send_due_messages()

    for call in (change_scheduled, cancel_scheduled):
        with pytest.raises(AlreadySent):
            call(actor=layla, scheduled=row, **({"text": "No"} if call is change_scheduled else {}))

    assert Message.objects.get().text == "Happy birthday!"


def test_it_is_not_moved_into_the_past(group, layla, clock):
    row = schedule(layla, group, NOON + timedelta(minutes=1))

    with pytest.raises(Invalid):
        change_scheduled(actor=layla, scheduled=row, scheduled_for=NOON - timedelta(minutes=1))

    row.refresh_from_db()
    assert row.scheduled_for == NOON + timedelta(minutes=1)


# --- Sending ------------------------------------------------------------------------------------------------


def test_it_is_sent_once_when_it_is_due(group, layla, omar, clock):
    root, _ = send_message(actor=omar, chat=group, text="My birthday")
    row = schedule(
        layla, group, NOON + timedelta(minutes=1), thread=root.pk, mentions=[omar.pk, "all"], silent=True
    )

    early = send_due_messages()
    clock.shift(60)
    runs = [send_scheduled_messages() for _ in range(3)]

    message = Message.objects.get(author=layla)
    assert (early, runs) == (0, [1, 0, 0])
    assert (message.text, message.client_id) == ("Happy birthday!", f"scheduled-{row.pk}")
    assert (message.thread, message.mentions, message.mentions_all, message.silent) == (
        root,
        [str(omar.pk)],
        True,
        True,
    )
    assert message.created_at == NOON + timedelta(minutes=1)
    row.refresh_from_db()
    assert (row.state, row.message, row.said) == ("sent", message, {})
    assert told(layla) == ["scheduled.updated", "scheduled.removed"]
    assert types(log_of(group)) == [(1, "message.sent"), (2, "message.sent")]


def test_the_same_client_id_after_it_was_sent_is_still_the_same(group, layla, clock):
    at = NOON + timedelta(minutes=1)
    row = schedule(layla, group, at, client_id="c1")
    clock.shift(60)
    send_due_messages()

    again, is_new = schedule_message(
        actor=layla, chat=group, scheduled_for=at, text="Happy birthday!", client_id="c1"
    )

    assert (again.pk, is_new, again.state) == (row.pk, False, "sent")
    with pytest.raises(ClientIdConflict):
        schedule(layla, group, at, text="Another", client_id="c1")


def test_what_was_due_while_nothing_ran_is_sent_after(group, layla, clock):
    for minutes in (3, 1, 2):
        schedule(layla, group, NOON + timedelta(minutes=minutes), text=f"{minutes}")
    clock.shift(86_400)

    assert send_due_messages() == 3
    assert list(Message.objects.order_by("seq").values_list("text", flat=True)) == ["1", "2", "3"]


def test_killed_before_the_commit_it_is_sent_by_the_next_run(group, layla, clock, monkeypatch):
    row = schedule(layla, group, NOON + timedelta(minutes=1))
    clock.shift(60)

    def killed(**said):
        send_message(**said)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(scheduled, "send_message", killed)
        with pytest.raises(SystemExit):
            send_due_messages()
    row.refresh_from_db()
    waiting = (row.state, Message.objects.count(), log_of(group))

    assert waiting == ("waiting", 0, [])
    assert (send_due_messages(), send_due_messages(), Message.objects.count()) == (1, 0, 1)


def test_a_fault_of_ours_holds_no_other_up(group, layla, omar, clock, monkeypatch):
    bad, good = (schedule(each, group, NOON + timedelta(minutes=1)) for each in (layla, omar))
    clock.shift(60)

    def fails(*, actor, **said):
        if actor == layla:
            raise RuntimeError
        return send_message(actor=actor, **said)

    with monkeypatch.context() as patch:
        patch.setattr(scheduled, "send_message", fails)
        first = send_due_messages()

    assert (first, send_due_messages()) == (1, 1)
    assert set(ScheduledMessage.objects.values_list("pk", "state")) == {(bad.pk, "sent"), (good.pk, "sent")}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda chat, layla, omar: remove_participant(actor=layla, chat=chat, user=omar), "not_found"),
        (lambda chat, layla, omar: leave_chat(actor=omar, chat=chat), "not_found"),
        (lambda chat, layla, omar: User.objects.filter(pk=omar.pk).update(is_active=False), "not_allowed"),
    ],
    ids=["removed", "left", "suspended"],
)
def test_who_may_no_longer_is_told_and_keeps_it(change, code, group, layla, omar, clock):
    row = schedule(omar, group, NOON + timedelta(minutes=1))
    change(group, layla, omar)
    before = log_of(group)
    clock.shift(60)

    sent = [send_due_messages(), send_due_messages()]

    row.refresh_from_db()
    assert sent == [0, 0]
    assert (row.state, row.problem["code"], row.said) == ("failed", code, {"text": "Happy birthday!"})
    assert (told(omar), log_of(group)) == (["scheduled.updated", "scheduled.failed"], before)
    assert not Message.objects.exists()


def test_one_that_failed_is_tried_again_at_another_time(group, layla, omar, clock):
    row = schedule(layla, group, NOON + timedelta(minutes=1), mentions=[omar.pk])
    remove_participant(actor=layla, chat=group, user=omar)
    clock.shift(60)
    send_due_messages()
    row.refresh_from_db()
    failed = (row.state, row.problem["code"])

    with pytest.raises(Invalid):
        change_scheduled(actor=layla, scheduled=row, mentions=[])  # its time is over
    change_scheduled(actor=layla, scheduled=row, mentions=[], scheduled_for=NOON + timedelta(minutes=2))
    clock.shift(60)

    assert failed == ("failed", "invalid")
    assert send_due_messages() == 1
    row.refresh_from_db()
    assert (row.state, row.problem) == ("sent", None)


# --- On the other one's clock -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "wall", "due"),
    [
        ("Asia/Amman", "2026-12-01T07:00:00", "2026-12-01T04:00:00Z"),
        ("Pacific/Kiritimati", "2026-12-01T07:00:00", "2026-11-30T17:00:00Z"),
        ("Europe/Berlin", "2027-03-28T01:59:59", "2027-03-28T00:59:59Z"),
        ("Europe/Berlin", "2027-03-28T02:30:00", "2027-03-28T01:30:00Z"),  # skipped: 03:30 it is
        ("Europe/Berlin", "2027-03-28T03:00:00", "2027-03-28T01:00:00Z"),
        ("Europe/Berlin", "2027-10-31T02:30:00", "2027-10-31T00:30:00Z"),  # shown twice: the first
        ("Europe/Berlin", "2027-10-31T03:00:00", "2027-10-31T02:00:00Z"),
        ("Australia/Lord_Howe", "2027-04-04T01:45:00", "2027-04-03T14:45:00Z"),  # half an hour back
        ("Asia/Kathmandu", "2026-12-01T07:00:00", "2026-12-01T01:15:00Z"),
    ],
)
def test_it_goes_when_the_other_ones_clock_shows_it(zone, wall, due, private, layla, omar, clock):
    User.objects.filter(pk=omar.pk).update(timezone=zone)
    row = schedule(layla, private, datetime.fromisoformat(wall))
    at = datetime.fromisoformat(due)

    clock.move_to(at - timedelta(seconds=1))
    early = send_due_messages()
    ScheduledMessage.objects.update(look_at=at)  # as after a quarter of an hour at most
    clock.move_to(at)

    assert row.scheduled_for == at
    assert (early, send_due_messages()) == (0, 1)
    assert Message.objects.get().created_at == at


def test_who_travels_gets_it_on_the_clock_where_they_are(private, layla, omar, clock):
    User.objects.filter(pk=omar.pk).update(timezone="America/New_York")
    row = schedule(layla, private, datetime(2026, 11, 2, 9, 0))  # noqa: DTZ001 (on a clock)
    there = row.scheduled_for
    User.objects.filter(pk=omar.pk).update(timezone="Asia/Tokyo")

    clock.move_to(datetime(2026, 11, 1, 23, 45, tzinfo=UTC))
    early = send_due_messages()
    clock.shift(15 * 60)
    sent = send_due_messages()

    row.refresh_from_db()
    assert there == datetime(2026, 11, 2, 14, tzinfo=UTC)
    assert (early, sent, row.scheduled_for) == (0, 1, datetime(2026, 11, 2, tzinfo=UTC))


def test_a_local_time_is_shown_as_it_was_asked_for(private, layla, omar, client_of):
    User.objects.filter(pk=omar.pk).update(timezone="Asia/Amman")
    wall = (timezone.now() + timedelta(days=2)).replace(tzinfo=None, microsecond=0).isoformat()

    row = client_of(layla).post(path(private), {"text": "Later", "scheduled_for": wall, "local": True}).json()

    assert row["local_time"] == wall
    due = datetime.fromisoformat(row["scheduled_for"])
    assert due == datetime.fromisoformat(wall).replace(tzinfo=UTC) - timedelta(hours=3)


# --- At once, and live --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_workers_that_run_at_once_send_each_once(layla, omar):
    chat = group_of(layla, omar)
    for number in range(5):
        schedule(layla, chat, timezone.now() + timedelta(hours=1), text=f"{number}")
    ScheduledMessage.objects.update(look_at=timezone.now())

    sent = at_once([send_due_messages for _ in range(6)])
    sent.append(send_due_messages())  # what one had locked, another left to it

    assert sum(sent) == Message.objects.count() == 5
    assert [seq for seq, _, _ in log_of(chat)] == [1, 2, 3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_scheduled_twice_at_once_it_is_one(layla, omar):
    chat, at = group_of(layla, omar), timezone.now() + timedelta(hours=1)

    rows = at_once([lambda: schedule(layla, chat, at, client_id="c1").pk for _ in range(8)])

    assert len(set(rows)) == ScheduledMessage.objects.count() == 1
    assert told(layla) == ["scheduled.updated"]


@pytest.mark.django_db(transaction=True)
@live
async def test_its_author_hears_what_becomes_of_it(layla, omar, group):
    phone, laptop, omars = await enter(layla), await enter(layla), await enter(omar)

    made = await phone.ask(
        "message.send", data={"chat": str(group.pk), "text": "Later", "scheduled_for": later()}
    )
    heard = await laptop.until("scheduled.updated")
    await in_thread(ScheduledMessage.objects.update)(look_at=timezone.now())
    await in_thread(send_due_messages)()

    assert heard[-1]["data"] == made["data"]
    removed = (await laptop.until("scheduled.removed"))[-1]
    message = await in_thread(Message.objects.get)()
    assert removed["data"] == {
        "chat": str(group.pk),
        "scheduled": made["data"]["id"],
        "message": str(message.pk),
    }
    assert [frame["type"] for frame in [await omars.next(), *await omars.so_far()]] == ["message.sent"]
