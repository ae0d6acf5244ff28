"""What happens in chats is told to whom it concerns, once, as they want it; and they can ask why."""

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from accounts.services import block_user
from accounts.tests.factories import UserFactory
from common.models import LogEntry
from messaging.models import Chat, Message, Participant
from messaging.services import (
    add_contact,
    add_participants,
    add_reaction,
    create_chat,
    delete_message,
    mark_read,
    remove_participant,
    send_message,
    set_preferences,
)
from messaging.tests.factories import group_of
from notifications.models import Delivery, Notification
from notifications.services import change_preferences, deliver_due, delivering, read_notification
from notifications.services.unsubscribing import unsubscribe
from notifications.tests.channels import Bells, ringing

pytestmark = pytest.mark.django_db

Relayed = Callable[[], int]
LATER = timedelta(minutes=5)


@pytest.fixture
def group(group: Chat, relayed: Relayed) -> Chat:
    """Everybody has accepted it, and been told that they were brought in."""
    Participant.objects.filter(chat=group).update(is_request=False)
    relayed()
    Notification.objects.all().delete()
    return group


@pytest.fixture
def tomorrow() -> str:
    """When everybody has been in the group for a while."""
    return f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def push() -> Iterator[Bells]:
    with ringing("push") as bells:
        yield bells


@pytest.fixture
def email() -> Iterator[Bells]:
    with ringing("email", is_digested=True) as bells:
        yield bells


def titles(user: User) -> list[tuple[str, int]]:
    rows = Notification.objects.of(user.pk).order_by("at", "id")
    return [(row.kind, row.count) for row in rows]


def say(chat: Chat, author: User, text: str = "Salam", **more: Any) -> Message:
    return send_message(actor=author, chat=chat, text=text, **more)[0]


def ring(name: str = "push", after: timedelta = LATER) -> None:
    with time_machine.travel(timezone.now() + after):
        deliver_due(name)


def trace(client: Any, message: Message) -> list[dict[str, Any]]:
    response = client.get(f"/api/v1/messages/{message.pk}/notification-trace")
    assert response.status_code == 200
    return response.json()["results"]


def reasons(client: Any, message: Message) -> list[str]:
    return [step["reason"] for each in trace(client, message) for step in each["steps"] if step["reason"]]


def test_who_is_mentioned_is_told_in_the_app_and_live(
    group: Chat, layla: User, omar: User, relayed: Relayed, client_of: Any
) -> None:
    message = say(group, layla, "@omar look", mentions=[omar.pk])

    relayed()

    [found] = client_of(omar).get("/api/v1/notifications").json()["results"]
    assert found["type"] == "mention"
    assert found["title"] == f"{layla.display_name} mentioned you in {group.title}"
    assert found["body"] == "@omar look"
    assert found["data"] == {"chat": str(group.pk), "message": str(message.pk), "seq": message.seq}
    assert found["url"].endswith(f"/chats/{group.pk}?seq={message.seq}")
    assert titles(layla) == []
    told = LogEntry.objects.filter(topic=f"user:{omar.pk}", type="notification.created")
    assert told.order_by("-seq")[0].data["notification"] == found["id"]


def test_a_push_that_waits_a_little_is_rung_for_when_it_is_due(
    group: Chat,
    layla: User,
    omar: User,
    push: Bells,
    relayed: Relayed,
    committed: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[tuple[str, datetime | None]] = []
    monkeypatch.setattr(delivering, "bells", [lambda name, at: rung.append((name, at))])
    push.reach(omar, "phone", "tablet")
    say(group, layla, mentions=[omar.pk])

    with committed():
        relayed()

    due = set(Delivery.objects.filter(channel="push").values_list("due_at", flat=True))
    assert {at for name, at in rung if name == "push"} == due


def test_the_relay_does_it_once(group: Chat, layla: User, omar: User, relayed: Relayed) -> None:
    say(group, layla, mentions=[omar.pk])

    assert relayed() > 0
    while relayed():
        pass

    assert titles(omar) == [("mention", 1)]


def test_a_message_rings_where_somebody_can_be_rung_and_stands_in_no_list(
    group: Chat, layla: User, omar: User, push: Bells, relayed: Relayed
) -> None:
    push.reach(omar, "phone", "tablet")
    say(group, layla, "On my way")

    relayed()
    deliver_due("push")
    assert push.brought == [], "three seconds to read it by themselves"
    ring()

    assert push.titles == [f"{layla.display_name} in {group.title}"] * 2
    assert push.brought[0].items[0].words.body == "On my way"
    assert titles(omar) == []


def test_who_has_read_it_by_then_is_not_rung(
    group: Chat, layla: User, omar: User, push: Bells, relayed: Relayed, client_of: Any
) -> None:
    push.reach(omar, "phone")
    message = say(group, layla)
    relayed()

    mark_read(actor=omar, chat=group, seq=message.seq)
    ring()

    assert push.brought == []
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("skipped", "read")
    [told] = trace(client_of(omar), message)
    assert told["deliveries"][0]["explanation"] == "They had read it by then."


def test_reading_the_chat_reads_what_was_told_of_it_and_clears_devices(
    group: Chat, layla: User, omar: User, push: Bells, relayed: Relayed
) -> None:
    push.reach(omar, "phone")
    first = say(group, layla, mentions=[omar.pk])
    say(group, layla, mentions=[omar.pk])
    relayed()
    ring()

    mark_read(actor=omar, chat=group, seq=first.seq)
    relayed()
    ring()

    rows = list(Notification.objects.order_by("seq"))
    assert [row.read_at is not None for row in rows] == [True, False]
    assert push.brought[-1].cleared == [rows[0].pk]
    assert push.brought[-1].badge == 1


def test_the_number_on_the_icon_is_of_chats_and_of_what_else_was_told(
    group: Chat, layla: User, omar: User, push: Bells, relayed: Relayed
) -> None:
    push.reach(omar, "phone")
    other = group_of(layla, omar)
    add_contact(actor=omar, user=layla)
    Participant.objects.filter(chat=other).update(is_request=False)
    relayed()
    Notification.objects.all().delete()

    def shown() -> int:
        relayed()
        ring()
        return push.brought[-1].badge

    first = say(group, layla, "One")
    assert shown() == 1
    say(group, layla, "Two", mentions=[omar.pk])
    assert shown() == 1, "the mention counts with its chat"
    say(other, layla, "Three")
    assert shown() == 2
    set_preferences(actor=omar, chat=group, muted_until=timezone.now() + timedelta(days=1))
    say(other, layla, "Four")
    assert shown() == 2, "of the muted one the mention alone"
    mine = say(group, omar, "Mine")
    add_reaction(actor=layla, message=mine, emoji="👍")
    say(other, layla, "Five")
    assert shown() == 3, "a reaction is in no chat's mark"
    mark_read(actor=omar, chat=other, seq=other.messages.latest("seq").seq)
    assert shown() == 2
    assert push.brought[-1].cleared
    assert first.seq == 1


def test_reading_it_on_one_device_clears_the_others(
    group: Chat, layla: User, omar: User, push: Bells, relayed: Relayed
) -> None:
    push.reach(omar, "phone", "tablet")
    say(group, layla, mentions=[omar.pk])
    relayed()
    ring()

    row = Notification.objects.get()
    read_notification(actor=omar, notification=row)
    ring()

    assert [parcel.cleared for parcel in push.brought[2:]] == [[row.pk], [row.pk]]


def test_a_mail_of_a_mention_comes_if_it_was_not_read_within_minutes(
    group: Chat, layla: User, omar: User, email: Bells, relayed: Relayed
) -> None:
    email.reach(omar)
    say(group, layla, mentions=[omar.pk])
    second = say(group, layla, mentions=[omar.pk])
    relayed()

    ring("email", timedelta(minutes=2, seconds=50))
    assert email.brought == []
    Participant.objects.filter(user=omar).update(read_seq=second.seq - 1, delivered_seq=second.seq)
    ring("email", timedelta(minutes=3, seconds=10))

    assert len(email.brought) == 1


@pytest.mark.parametrize(
    ("keep_away", "reason"),
    [
        ("own", "own"),
        ("blocked", "blocked"),
        ("level none", "chat_level"),
        ("level mentions", "chat_level"),
        ("muted chat", "chat_muted"),
        ("muted", "muted"),
        ("off", "channel_off"),
        ("no device", "no_target"),
        ("silent", "silent"),
    ],
)
def test_what_rings_nowhere_has_a_reason(
    keep_away: str,
    reason: str,
    group: Chat,
    layla: User,
    omar: User,
    push: Bells,
    relayed: Relayed,
    client_of: Any,
) -> None:
    author, reader = (omar, omar) if keep_away == "own" else (layla, omar)
    if keep_away != "no device":
        push.reach(reader, "phone")
    match keep_away:
        case "blocked":
            block_user(actor=omar, user=layla)
        case "level none" | "level mentions":
            change_preferences(user=omar, topics={f"chat:{group.pk}": keep_away.partition(" ")[2]})
        case "muted chat":
            set_preferences(actor=omar, chat=group, muted_until=Participant.FOR_GOOD)
        case "muted":
            change_preferences(user=omar, muted_until=timezone.now() + timedelta(hours=1))
        case "off":
            change_preferences(user=omar, choices={"message": {"push": False}})
    message = say(group, author, silent=keep_away == "silent")

    relayed()
    ring()

    assert push.brought == []
    assert reason in reasons(client_of(reader), message)


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        ("deleted", "gone"),
        ("removed", "not_in_audience"),
        ("blocked", "blocked"),
        ("muted", "muted"),
        ("muted chat", "chat_muted"),
        ("no device", "no_target"),
    ],
)
def test_who_may_know_is_asked_again_at_the_moment_of_sending(
    meanwhile: str, reason: str, group: Chat, layla: User, omar: User, push: Bells, relayed: Relayed
) -> None:
    push.reach(omar, "phone")
    message = say(group, layla)
    relayed()
    match meanwhile:
        case "deleted":
            delete_message(actor=layla, message=message)
        case "removed":
            remove_participant(actor=layla, chat=group, user=omar)
        case "blocked":
            block_user(actor=omar, user=layla)
        case "muted":
            change_preferences(user=omar, muted_until=timezone.now() + timedelta(hours=1))
        case "muted chat":
            set_preferences(actor=omar, chat=group, muted_until=Participant.FOR_GOOD)
        case "no device":
            push.targets.clear()

    ring()

    assert push.brought == []
    assert Delivery.objects.get().reason == reason


def test_quiet_hours_hold_what_rings_until_they_end(
    group: Chat, layla: User, omar: User, push: Bells, relayed: Relayed, client_of: Any, tomorrow: str
) -> None:
    push.reach(omar, "phone")
    User.objects.filter(pk=omar.pk).update(timezone="Asia/Riyadh")
    change_preferences(user=omar, quiet=(time(22), time(7)))
    with time_machine.travel(f"{tomorrow}T20:30:00Z", tick=False) as clock:  # 23:30 in Riyadh
        message = say(group, layla)
        relayed()
        clock.shift(timedelta(minutes=5))
        deliver_due("push")
        assert push.brought == []
        assert reasons(client_of(omar), message) == ["channel_off", "channel_off", "delay", "quiet_hours"]

        clock.shift(timedelta(hours=7, minutes=25, seconds=1))  # 7:00 there
        deliver_due("push")

    assert len(push.brought) == 1


def test_a_digest_opens_once_and_holds_what_comes_until_it_is_sent(
    group: Chat, layla: User, omar: User, email: Bells, relayed: Relayed, tomorrow: str
) -> None:
    email.reach(omar)
    change_preferences(user=omar, digest="hourly")
    with time_machine.travel(f"{tomorrow}T10:20:00Z", tick=False) as clock:
        for _ in range(3):
            say(group, layla, mentions=[omar.pk])
            relayed()
            clock.shift(timedelta(minutes=10))
        deliver_due("email")
        assert email.brought == []
        clock.move_to(f"{tomorrow}T11:00:01Z")
        read_notification(actor=omar, notification=Notification.objects.order_by("at")[0])
        deliver_due("email")
        assert [len(parcel.items) for parcel in email.brought] == [2]

        say(group, layla, mentions=[omar.pk])
        relayed()
        clock.move_to(f"{tomorrow}T12:00:01Z")
        deliver_due("email")

    assert [len(parcel.items) for parcel in email.brought] == [2, 1]


NOT_WANTED_ANY_MORE: dict[str, Callable[[User, User, Chat], object]] = {
    "channel_off": lambda layla, omar, group: unsubscribe(user=omar, kind="*"),
    "muted": lambda layla, omar, group: change_preferences(
        user=omar, muted_until=timezone.now() + timedelta(days=3)
    ),
    "chat_level": lambda layla, omar, group: change_preferences(
        user=omar, topics={f"chat:{group.pk}": "none"}
    ),
    "blocked": lambda layla, omar, group: block_user(actor=omar, user=layla),
    "not_in_audience": lambda layla, omar, group: remove_participant(actor=layla, chat=group, user=omar),
}


@pytest.mark.parametrize("reason", NOT_WANTED_ANY_MORE)
def test_what_is_not_wanted_any_more_is_in_no_digest(
    reason: str, group: Chat, layla: User, omar: User, email: Bells, relayed: Relayed, tomorrow: str
) -> None:
    email.reach(omar)
    change_preferences(user=omar, digest="hourly")
    with time_machine.travel(f"{tomorrow}T10:20:00Z", tick=False) as clock:
        say(group, layla, mentions=[omar.pk])
        say(group, layla, mentions=[omar.pk])
        relayed()
        NOT_WANTED_ANY_MORE[reason](layla, omar, group)
        clock.move_to(f"{tomorrow}T11:00:01Z")

        deliver_due("email")

    assert email.brought == []
    delivery = Delivery.objects.get(channel="email")
    assert (delivery.state, delivery.reason) == ("skipped", reason)


def test_a_digest_has_what_is_still_wanted_of_it(
    group: Chat, layla: User, omar: User, email: Bells, relayed: Relayed, tomorrow: str
) -> None:
    email.reach(omar)
    other = group_of(layla, omar)
    Participant.objects.filter(chat=other).update(is_request=False)
    relayed()
    Notification.objects.all().delete()
    change_preferences(user=omar, digest="hourly")
    with time_machine.travel(f"{tomorrow}T10:20:00Z", tick=False) as clock:
        say(group, layla, "one", mentions=[omar.pk])
        say(other, layla, "two", mentions=[omar.pk])
        relayed()
        change_preferences(user=omar, topics={f"chat:{group.pk}": "none"})
        clock.move_to(f"{tomorrow}T11:00:01Z")

        deliver_due("email")

    [parcel] = email.brought
    assert [item.words.body for item in parcel.items] == ["two"]


def test_one_without_words_takes_no_list_down(
    group: Chat, layla: User, omar: User, relayed: Relayed, client_of: Any, log_lines: Any
) -> None:
    for text in ("one", "two"):
        say(group, layla, text, mentions=[omar.pk])
    relayed()
    first = Notification.objects.order_by("at")[0]
    Notification.objects.filter(pk=first.pk).update(data={"said": "by another version"})

    response = client_of(omar).get("/api/v1/notifications")

    assert response.status_code == 200
    assert [each["body"] for each in response.json()["results"] if each["body"]] == ["two"]
    assert "notification_has_no_words" in {line["event"] for line in log_lines()}


def test_reactions_to_one_message_are_told_together_until_they_are_read(
    group: Chat, layla: User, omar: User, mina: User, relayed: Relayed, client_of: Any
) -> None:
    add_participants(actor=layla, chat=group, users=[mina])
    message = say(group, layla, "Shall we?")
    add_reaction(actor=omar, message=message, emoji="👍")
    add_reaction(actor=layla, message=message, emoji="👍")
    relayed()
    client = client_of(layla)
    [one] = client.get("/api/v1/notifications?type=reaction").json()["results"]
    assert one["title"] == f"{omar.display_name} reacted with 👍 to your message"

    add_reaction(actor=mina, message=message, emoji="❤️")
    relayed()
    [two] = client.get("/api/v1/notifications?type=reaction").json()["results"]
    assert (two["id"], two["title"], two["count"]) == (one["id"], "2 reactions to your message", 2)

    client.put(f"/api/v1/notifications/{one['id']}/read")
    add_reaction(actor=mina, message=message, emoji="🎉")
    relayed()
    assert titles(layla) == [("reaction", 2), ("reaction", 1)]


def test_one_message_is_one_thing_for_each_person(
    group: Chat, layla: User, omar: User, push: Bells, relayed: Relayed
) -> None:
    push.reach(omar, "phone")
    mine = say(group, omar, "Who comes?")

    say(group, layla, "@omar me", mentions=[omar.pk], reply_to=mine.pk)
    relayed()
    ring()

    assert titles(omar) == [("mention", 1)]
    assert len(push.brought) == 1


def test_who_is_brought_into_a_group_is_told_who_did_it(
    group: Chat, layla: User, omar: User, mina: User, relayed: Relayed, client_of: Any
) -> None:
    add_contact(actor=mina, user=layla)
    add_participants(actor=layla, chat=group, users=[mina])

    relayed()

    [found] = client_of(mina).get("/api/v1/notifications").json()["results"]
    assert (found["type"], found["title"]) == (
        "chat_added",
        f"{layla.display_name} brought you into {group.title}",
    )
    assert titles(layla) == titles(omar) == []


def test_what_was_deleted_says_nothing_in_the_list_any_more(
    group: Chat, layla: User, omar: User, relayed: Relayed, client_of: Any
) -> None:
    message = say(group, layla, "the secret", mentions=[omar.pk])
    relayed()

    delete_message(actor=layla, message=message)

    [found] = client_of(omar).get("/api/v1/notifications").json()["results"]
    assert (found["title"], found["body"], found["url"]) == ("Somebody mentions you", "", None)


def test_the_list_is_in_the_language_of_its_person(
    group: Chat, layla: User, omar: User, relayed: Relayed, client_of: Any
) -> None:
    User.objects.filter(pk=omar.pk).update(language="ar")
    say(group, layla, mentions=[omar.pk])
    relayed()

    [found] = client_of(User.objects.get(pk=omar.pk)).get("/api/v1/notifications").json()["results"]

    assert f"\u2068{layla.display_name}\u2069" in found["title"], "a name keeps its own direction"


@pytest.mark.parametrize("people", [3, 40])
def test_a_message_costs_as_many_queries_in_any_chat(
    people: int, layla: User, push: Bells, relayed: Relayed, django_assert_max_num_queries: Any
) -> None:
    others = UserFactory.create_batch(people)
    chat, _ = create_chat(actor=layla, type="group", title="Many", participants=others)
    for other in others:
        push.reach(other, "phone")
    Participant.objects.update(is_request=False)
    relayed()
    Delivery.objects.all().delete()
    for _ in range(5):
        say(chat, layla, mentions=[others[0].pk])

    with django_assert_max_num_queries(60):
        relayed()

    assert Delivery.objects.filter(channel="push").count() == 5 * people


def test_a_stranger_is_told_nothing_of_a_trace(group: Chat, layla: User, mina: User, client_of: Any) -> None:
    message = say(group, layla)

    response = client_of(mina).get(f"/api/v1/messages/{message.pk}/notification-trace")

    assert response.status_code == 404
