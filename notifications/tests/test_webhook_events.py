"""What webhooks are to hear: as far as their owners may know it, once, in each one's own order."""

from datetime import timedelta
from threading import Event, Thread, Timer

import pytest
import time_machine
from django.db import connection, transaction
from django.forms import model_to_dict
from django.utils import timezone

from common.models import DeadLetter, LogEntry
from common.relay import services as relay
from common.relay.consumers import consumers
from common.relay.services import drain, retry_dead_letter
from common.tests.threads import at_once
from messaging.models import Chat
from messaging.services import (
    add_participants,
    create_invitation,
    leave_chat,
    remove_participant,
    save_draft,
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
    webhook_events,
)
from notifications.tests.webhooks import deliveries, hear_all, kept, say, webhook_of
from notifications.webhook_types import narrowed, public_types, types_of

pytestmark = pytest.mark.django_db

CHAT_TYPES = ["chat.added", "chat.removed", "chat.updated"]


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


def test_a_webhook_hears_what_its_owner_hears_and_is_promised_each_once(layla, omar, mina):
    ours, omars, strangers = webhook_of(layla), webhook_of(omar, "message.*"), webhook_of(mina)
    group = group_of(layla, omar)
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


def test_what_stands_in_the_owners_own_stream_says_where(layla, omar):
    webhook = webhook_of(omar, "chat.added")
    group = group_of(layla, omar)

    hear_all()

    assert WebhookEvent.objects.get(webhook=webhook).data == {
        "user_seq": 1,
        "chat": str(group.pk),
        "after": 0,
    }


def test_it_hears_what_happens_from_its_making_on_though_the_relay_is_behind(layla, group):
    older = webhook_of(layla, "message.*")
    say(group, "Salam")
    newer = webhook_of(layla, "message.*")
    say(group, "Who comes?")

    hear_all()

    assert kept(older) == [(1, "message.sent"), (2, "message.sent")]
    [event] = WebhookEvent.objects.filter(webhook=newer)
    assert (event.seq, event.data["chat_seq"]) == (1, 2)


def test_what_was_put_aside_before_its_making_it_does_not_hear_either(
    layla, group, monkeypatch, committed, log_lines
):
    older = webhook_of(layla, "message.*")
    say(group, "Salam")

    def fail(entries):
        raise ValueError("not now")

    with monkeypatch.context() as patch:
        patch.setitem(consumers, "webhooks", fail)
        drain(consumer="webhooks")
    newer = webhook_of(layla, "message.*")
    for letter in DeadLetter.objects.filter(consumer="webhooks"):
        assert retry_dead_letter(letter=letter.pk)

    assert kept(older) == [(1, "message.sent")]
    assert kept(newer) == []


def test_what_is_promised_at_once_is_as_what_is_promised_alone(layla, group):
    webhook = webhook_of(layla, "message.*")
    say(group, "Salam")
    hear_all()
    send_test(webhook=webhook)

    many, alone = (model_to_dict(each, exclude=["event", "due_at"]) for each in deliveries(webhook))
    assert many == alone


def test_much_at_once_is_heard_in_portions(layla, omar, monkeypatch, committed):
    monkeypatch.setattr(webhook_events, "MOST", 10)
    webhooks = [webhook_of(layla, "message.*"), webhook_of(layla, "message.*"), webhook_of(omar)]
    group = group_of(layla, omar)
    say(group, *map(str, range(11)))
    entries = list(LogEntry.objects.filter(type="message.sent").order_by("pk"))

    assert hear(entries) == 3
    assert [len(kept(webhook)) for webhook in webhooks] == [3, 3, 3]
    with committed():
        drain(consumer="webhooks")

    assert [len(kept(webhook)) for webhook in webhooks] == [11, 11, 12]
    for webhook in webhooks:
        assert [seq for seq, _ in kept(webhook)] == list(range(1, len(kept(webhook)) + 1))
        assert len(deliveries(webhook)) == len(kept(webhook))


def test_what_is_too_much_by_itself_is_heard_all_the_same(layla, group, monkeypatch):
    webhooks = [webhook_of(layla, "message.*") for _ in range(3)]
    say(group, "Salam", "Who comes?")
    monkeypatch.setattr(webhook_events, "MOST", 2)

    assert hear(list(LogEntry.objects.filter(type="message.sent").order_by("pk"))) == 1

    assert [len(kept(webhook)) for webhook in webhooks] == [1, 1, 1]


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
    webhooks = [webhook_of(layla, "message.*"), webhook_of(omar, "message.*"), webhook_of(omar)]
    group = group_of(layla, omar)
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


# --- Made while others write --------------------------------------------------------------------------------

ON_POSTGRESQL = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer")


class SlowWriter:
    """Says something in a transaction of its own thread, which ends when it is told to."""

    def __init__(self, chat: Chat) -> None:
        self.begun, self.may_commit = Event(), Event()
        self.thread = Thread(target=self._run, args=[chat])
        self.thread.start()
        assert self.begun.wait(10)

    def _run(self, chat: Chat) -> None:
        try:
            with transaction.atomic():
                say(chat, "Begun before")
                self.begun.set()
                self.may_commit.wait(10)
        finally:
            connection.close()

    def end(self) -> None:
        self.may_commit.set()
        self.thread.join()


@ON_POSTGRESQL
@pytest.mark.django_db(transaction=True)
def test_what_began_before_it_was_made_and_commits_after_it_hears(layla, omar, monkeypatch):
    monkeypatch.setattr(relay, "PATIENCE", 0.05)
    slow, quick = group_of(layla, omar), group_of(layla, omar)
    drain(consumer="webhooks")
    writer = SlowWriter(slow)
    say(quick, "Committed before, under a later key")

    webhook = webhook_of(layla, "message.*")
    writer.end()
    say(quick, "Afterwards")
    hear_all()

    heard = set(WebhookEvent.objects.filter(webhook=webhook).values_list("source", flat=True))
    assert {f"chat:{slow.pk} 1", f"chat:{quick.pk} 2"} <= heard


@ON_POSTGRESQL
@pytest.mark.django_db(transaction=True)
def test_who_is_about_to_commit_while_it_is_made_is_waited_for(layla, omar, monkeypatch):
    monkeypatch.setattr(relay, "PATIENCE", 10.0)
    slow, quick = group_of(layla, omar), group_of(layla, omar)
    writer = SlowWriter(slow)
    say(quick, "Committed before, under a later key")
    Timer(0.2, writer.may_commit.set).start()

    webhook = webhook_of(layla, "message.*")
    writer.end()
    hear_all()

    assert kept(webhook) == []


@ON_POSTGRESQL
@pytest.mark.django_db(transaction=True)
def test_of_many_who_write_each_webhook_hears_all_that_commits_after_its_making(layla, omar, monkeypatch):
    monkeypatch.setattr(relay, "PATIENCE", 30.0)
    chats = [group_of(layla, omar) for _ in range(6)]
    made: list[tuple[Webhook, set[str], set[str]]] = []

    def said() -> set[str]:
        rows = LogEntry.objects.filter(type="message.sent").values_list("topic", "seq")
        return {f"{topic} {seq}" for topic, seq in rows}

    def work(number: int) -> None:
        if number < len(chats):
            for text in range(20):
                with transaction.atomic():
                    say(chats[number], str(text))
                    transaction.set_rollback(text % 5 == 0)
        else:
            for _ in range(4):
                before = said()
                webhook = webhook_of(layla, "message.*")
                made.append((webhook, before, said()))

    at_once(len(chats) + 2, work)
    drain(consumer="webhooks")

    everything = said()
    assert (len(everything), len(made)) == (6 * 16, 8)
    for webhook, before, by_then in made:
        heard = set(WebhookEvent.objects.filter(webhook=webhook).values_list("source", flat=True))
        assert everything - by_then <= heard <= everything - before
        assert [seq for seq, _ in kept(webhook)] == list(range(1, len(heard) + 1))
