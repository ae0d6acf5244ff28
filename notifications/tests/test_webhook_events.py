"""What webhooks are to hear: as far as their owners may know it, once, in each one's own order."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from common.models import LogEntry
from common.relay.services import drain
from common.tests.threads import at_once
from messaging.models import Chat
from messaging.services import (
    add_participants,
    create_invitation,
    leave_chat,
    remove_participant,
    save_draft,
    send_message,
)
from messaging.tests.factories import group_of
from notifications.models import Delivery, Webhook, WebhookEvent
from notifications.problems import EventsTooOld, WebhookIsPaused
from notifications.services import (
    events_after,
    forget_events,
    hear,
    pause_webhook,
    redeliver_event,
    resume_webhook,
    send_test,
)
from notifications.tests.webhooks import deliveries, hear_all, kept, webhook_of
from notifications.webhook_types import narrowed, public_types, types_of

pytestmark = pytest.mark.django_db

CHAT_TYPES = ["chat.added", "chat.removed", "chat.updated"]


def say(chat: Chat, *texts: str) -> None:
    author = chat.participants.get(role="owner").user
    for text in texts:
        send_message(actor=author, chat=chat, text=text)


# --- Types --------------------------------------------------------------------------------------------------


def test_what_may_leave_is_said_by_the_events_and_nothing_of_security_is_among_them():
    types = public_types()

    assert list(types) == sorted(types)
    assert {"message.sent", "reaction.added", "participant.removed", "file.updated", *CHAT_TYPES} <= set(
        types
    )
    assert not {"session.revoked", "role.granted", "user.blocked", "draft.updated", "mark.moved"} & set(types)
    assert all(text.endswith(".") for text in types.values()), "each has words for people"


def test_a_family_of_types_is_named_by_a_star():
    assert types_of(["chat.*"]) == set(CHAT_TYPES)
    assert types_of(["*"]) == set(public_types())
    assert types_of(["chat.added", "nothing.*", "chat."]) == {"chat.added"}
    assert narrowed(["message.sent", "message.*", "chat.added"]) == ["chat.added", "message.*"]
    assert narrowed(["message.sent", "*"]) == ["*"]


# --- Hearing ------------------------------------------------------------------------------------------------


def test_a_webhook_hears_what_its_owner_hears_and_is_promised_each_once(layla, omar, mina, group):
    ours, omars, strangers = webhook_of(layla), webhook_of(omar, "message.*"), webhook_of(mina)
    say(group, "Salam")

    hear_all()

    message = group.messages.get()
    assert kept(ours) == [(1, "chat.added"), (2, "message.sent")]
    assert kept(omars) == [(1, "message.sent")]
    assert kept(strangers) == []
    event = WebhookEvent.objects.get(webhook=omars)
    assert event.data == {"chat": str(group.pk), "chat_seq": 1, "message": str(message.pk)}
    assert event.source == f"chat:{group.pk} 1"
    [delivery] = deliveries(omars)
    assert (delivery.channel, delivery.user_id, delivery.event) == ("webhook", omar.pk, event)
    assert (delivery.state, delivery.due_at <= timezone.now()) == ("waiting", True)
    assert "Salam" not in str(event.body())


def test_what_stands_in_the_owners_own_stream_says_where(layla, omar, group):
    webhook = webhook_of(omar, "chat.added")

    hear_all()

    assert WebhookEvent.objects.get(webhook=webhook).data == {
        "user_seq": 1,
        "chat": str(group.pk),
        "after": 0,
    }


def test_hearing_twice_is_hearing_once(layla, group):
    webhook = webhook_of(layla, "message.*")
    say(group, "Salam", "Who comes?")

    hear_all()
    say(group, "Nobody?")
    hear_all()

    assert kept(webhook) == [(1, "message.sent"), (2, "message.sent"), (3, "message.sent")]
    assert len(deliveries(webhook)) == 3
    webhook.refresh_from_db()
    assert webhook.seq == 3


def test_who_left_hears_nothing_after(layla, omar, mina, group):
    webhook = webhook_of(omar, "message.*", "participant.*")
    say(group, "Salam")
    leave_chat(actor=omar, chat=group)
    say(group, "He is gone")
    hear_all()
    say(group, "For good")
    hear_all()

    assert kept(webhook) == [(1, "message.sent"), (2, "participant.removed")]


def test_who_came_back_hears_nothing_of_meanwhile(layla, omar, group):
    webhook = webhook_of(omar, "message.*")
    remove_participant(actor=layla, chat=group, user=omar)
    say(group, "Meanwhile")
    add_participants(actor=layla, chat=group, users=[omar])
    say(group, "Welcome back")

    hear_all()

    [event] = WebhookEvent.objects.filter(webhook=webhook)
    assert event.data["chat_seq"] == 4


def test_what_is_no_type_of_it_or_not_public_it_does_not_hear(layla, omar, group):
    webhook = webhook_of(layla, "reaction.*")
    say(group, "Salam")
    save_draft(actor=layla, chat=group, text="We leave", version=0)

    hear_all()

    assert kept(webhook) == []


def test_an_invitation_reaches_whom_it_is_for(layla, omar, mina, group):
    webhook, hers = webhook_of(mina), webhook_of(layla, "invitation.*")
    create_invitation(actor=layla, chat=group, user=mina)

    hear_all()

    assert kept(webhook) == [(1, "invitation.received")]
    assert kept(hers) == []


def test_who_is_not_there_any_more_is_told_nothing(layla, group):
    webhook = webhook_of(layla)
    layla.is_active = False
    layla.save()
    say(group, "Salam")

    hear_all()

    assert kept(webhook) == []


def test_where_nobody_has_a_webhook_it_is_one_query(layla, group, django_assert_num_queries):
    say(group, *map(str, range(20)))
    entries = list(LogEntry.objects.order_by("pk"))

    with django_assert_num_queries(1):
        hear(entries)
    with django_assert_num_queries(0):
        hear([entry for entry in entries if entry.type not in public_types()])


@pytest.mark.parametrize("many", [1, 12])
def test_however_much_there_is_to_hear_the_queries_are_few(many, layla, omar, django_assert_max_num_queries):
    webhooks = [webhook_of(person) for person in (layla, omar) for _ in range(3)]
    for _ in range(many):
        say(group_of(layla, omar), *map(str, range(many)))
    entries = list(LogEntry.objects.order_by("pk"))

    # SQLite takes fewer rows at a time.
    with django_assert_max_num_queries(14 if connection.vendor == "postgresql" else 36):
        hear(entries)

    assert all(len(kept(webhook)) == many + many * many for webhook in webhooks)


def test_the_relay_takes_the_log_to_it_once(layla, group, committed):
    webhook = webhook_of(layla, "message.*")
    say(group, "Salam")

    with committed():
        drain(consumer="webhooks")
        drain(consumer="webhooks")

    assert kept(webhook) == [(1, "message.sent")]


# --- Paused -------------------------------------------------------------------------------------------------


def test_a_paused_one_is_promised_nothing_and_misses_nothing(layla, group):
    webhook = webhook_of(layla, "message.*")
    say(group, "Salam")
    hear_all()
    pause_webhook(actor=layla, webhook=webhook)
    say(group, "Meanwhile")
    hear_all()
    resume_webhook(actor=layla, webhook=webhook)
    say(group, "Afterwards")
    hear_all()

    assert kept(webhook) == [(1, "message.sent"), (2, "message.sent"), (3, "message.sent")]
    assert [(each.event.seq, each.state, each.reason) for each in deliveries(webhook)] == [
        (1, "skipped", "paused"),
        (3, "waiting", ""),
    ]


def test_a_single_one_that_was_missed_can_be_delivered_after_all(layla, group):
    webhook = webhook_of(layla, "message.*")
    pause_webhook(actor=layla, webhook=webhook)
    say(group, "Meanwhile")
    hear_all()
    event = WebhookEvent.objects.get()

    with pytest.raises(WebhookIsPaused):
        redeliver_event(event=event)
    resume_webhook(actor=layla, webhook=webhook)
    first, second = redeliver_event(event=event), redeliver_event(event=event)

    assert first.pk == second.pk
    assert (first.state, first.event) == ("waiting", event)


def test_a_test_takes_a_position_of_its_own(layla, group):
    webhook = webhook_of(layla, "message.*")
    say(group, "Salam")
    hear_all()

    delivery = send_test(webhook=webhook)

    assert kept(webhook) == [(1, "message.sent"), (2, "webhook.test")]
    assert delivery.event.body()["data"] == {"webhook": str(webhook.pk)}
    pause_webhook(actor=layla, webhook=webhook)
    with pytest.raises(WebhookIsPaused):
        send_test(webhook=webhook)
    assert len(kept(webhook)) == 2


# --- The gap call -------------------------------------------------------------------------------------------


def seqs(webhook: Webhook, after: int | None, limit: int = 50) -> tuple[list[int], bool]:
    events, has_after = events_after(webhook=webhook, after=after, limit=limit)
    return [event.seq for event in events], has_after


def test_what_follows_a_position_is_given_in_order(layla, group):
    webhook, other = webhook_of(layla, "message.*"), webhook_of(layla, "message.*")
    say(group, *map(str, range(5)))
    hear_all()

    assert seqs(webhook, None, 2) == ([1, 2], True)
    assert seqs(webhook, 0, 5) == ([1, 2, 3, 4, 5], False)
    assert seqs(webhook, 2, 2) == ([3, 4], True)
    assert seqs(webhook, 5) == ([], False)
    assert seqs(webhook, 99) == ([], False)
    assert seqs(other, 4) == ([5], False)


def test_what_is_not_kept_any_more_is_said_to_be_missing(layla, group):
    webhook = webhook_of(layla, "message.*")
    say(group, *map(str, range(5)))
    hear_all()
    WebhookEvent.objects.filter(seq__lte=3).delete()

    with pytest.raises(EventsTooOld) as refusal:
        seqs(webhook, 2)
    assert refusal.value.extra == {"first": 4, "newest": 5}
    assert seqs(webhook, 3) == ([4, 5], False)
    assert seqs(webhook, None) == ([4, 5], False)
    WebhookEvent.objects.all().delete()
    with pytest.raises(EventsTooOld) as refusal:
        seqs(webhook, 4)
    assert refusal.value.extra == {"first": 6, "newest": 5}
    assert seqs(webhook, 5) == ([], False)


def test_events_are_kept_for_thirty_days(layla, group):
    webhook = webhook_of(layla, "message.*")
    say(group, "Salam", "Who comes?")
    hear_all()

    with time_machine.travel(timezone.now() + timedelta(days=29, hours=23)):
        assert forget_events() == 0
    with time_machine.travel(timezone.now() + timedelta(days=30, minutes=1)):
        assert [forget_events(limit=1), forget_events(limit=1), forget_events(limit=1)] == [1, 1, 0]

    assert (kept(webhook), Delivery.objects.count()) == ([], 0)
    webhook.refresh_from_db()
    assert webhook.seq == 2


# --- At once ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_twenty_who_hear_the_same_write_it_once(layla, omar):
    group = group_of(layla, omar)
    webhooks = [webhook_of(layla, "message.*"), webhook_of(omar, "message.*"), webhook_of(omar)]
    say(group, *map(str, range(10)))
    entries = list(LogEntry.objects.order_by("pk"))

    at_once(20 if connection.vendor == "postgresql" else 4, lambda _: hear(entries))

    for webhook, count in zip(webhooks, [10, 10, 11], strict=True):
        assert [seq for seq, _ in kept(webhook)] == list(range(1, count + 1))
        assert len(deliveries(webhook)) == count
        webhook.refresh_from_db()
        assert webhook.seq == count


@pytest.mark.django_db(transaction=True)
def test_positions_that_are_taken_at_once_have_no_gap(layla, omar):
    group = group_of(layla, omar)
    webhook = webhook_of(layla, "message.*")
    say(group, *map(str, range(10)))
    entries = list(LogEntry.objects.filter(type="message.sent").order_by("pk"))

    def work(number: int) -> None:
        if number % 2:
            send_test(webhook=webhook)
        else:
            hear([entries[number // 2]])

    at_once(20 if connection.vendor == "postgresql" else 4, work)

    count = 20 if connection.vendor == "postgresql" else 4
    assert [seq for seq, _ in kept(webhook)] == list(range(1, count + 1))
    assert len(deliveries(webhook)) == count
