"""A deleted webhook is gone at once for everybody, and forgotten in portions behind the request."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, Erasure
from accounts.services import order_erasure
from accounts.tasks import begin_due_erasures
from accounts.tests.consoles import console_of
from accounts.tests.factories import UserFactory, staff
from common.models import LogEntry
from common.problems import NotFound
from common.tests.receivers import Reply, receiver
from common.tests.threads import at_once
from messaging.services import send_message
from messaging.tests.factories import group_of
from messaging.tests.logs import stream_of
from notifications.models import Attempt, Delivery, Webhook, WebhookEvent
from notifications.services import (
    delete_webhook,
    deliver_due,
    events_after,
    forget_deleted,
    forget_events,
    hear,
    pause_webhook,
    redeliver_event,
    resume_webhook,
    rotate_webhook,
    send_test,
    update_webhook,
)
from notifications.tasks import forget_webhooks
from notifications.tests.webhooks import deliveries, kept, say_and_hear, webhook_of

pytestmark = pytest.mark.django_db

HOOKS = "/api/v1/webhooks"


def claimed(delivery: Delivery) -> None:
    """As by a worker that has it at this moment."""
    Delivery.objects.filter(pk=delivery.pk).update(
        holder=uuid4(), attempts=1, due_at=timezone.now() + timedelta(minutes=2)
    )


def test_it_is_gone_at_once_for_its_owner(layla, group, client_of):
    webhook, client = webhook_of(layla), client_of(layla)
    say_and_hear(group, "Salam")
    [delivery] = deliveries(webhook)

    assert client.delete(f"{HOOKS}/{webhook.pk}").status_code == 204

    assert client.get(HOOKS).json()["results"] == []
    assert client.get("/api/v1/notifications/deliveries").json()["results"] == []
    for method, rest in (
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "/rotate"),
        ("post", "/test"),
        ("get", "/deliveries"),
        ("post", f"/deliveries/{delivery.pk}/redeliver"),
        ("get", "/events"),
    ):
        response = getattr(client, method)(f"{HOOKS}/{webhook.pk}{rest}", {})
        assert response.status_code == 404, (method, rest)
    webhook.refresh_from_db()
    assert (webhook.secret, webhook.previous_secret, webhook.is_paused) == ("", "", True)
    assert AuditEntry.objects.filter(verb="webhook.deleted").count() == 1


def test_it_is_gone_at_once_for_staff(layla):
    webhook, other = webhook_of(layla), webhook_of(layla)
    delete_webhook(actor=layla, webhook=webhook)

    page = console_of(staff(username="ada")).get("/admin/notifications/webhook/")

    assert list(page.context["cl"].result_list) == [other]


def test_it_makes_room_for_another(layla, client_of):
    webhook = [webhook_of(layla) for _ in range(Webhook.LIMIT)][-1]
    new = {"url": "https://hooks.example.com/", "types": ["*"]}
    client = client_of(layla)
    assert client.post(HOOKS, new).status_code == 409

    client.delete(f"{HOOKS}/{webhook.pk}")

    assert client.post(HOOKS, new).status_code == 201
    assert client.post(HOOKS, new).status_code == 409


def test_who_had_it_in_hand_meanwhile_is_told_that_it_is_gone(layla, group):
    webhook = webhook_of(layla)
    say_and_hear(group, "Salam")
    event = webhook.events.get()
    delete_webhook(actor=layla, webhook=Webhook.objects.get())

    for change in (
        lambda: update_webhook(actor=layla, webhook=webhook, description="Backup"),
        lambda: update_webhook(actor=layla, webhook=webhook, state="paused"),
        lambda: rotate_webhook(actor=layla, webhook=webhook),
        lambda: resume_webhook(actor=layla, webhook=webhook),
        lambda: send_test(webhook=webhook),
        lambda: redeliver_event(event=event),
        lambda: events_after(webhook=webhook, after=0, limit=50),
    ):
        with pytest.raises(NotFound):
            change()
    delete_webhook(actor=layla, webhook=webhook)

    assert pause_webhook(actor=layla, webhook=webhook, reason=Webhook.Pause.GONE) is False
    assert "webhook.paused" not in str(stream_of(layla))
    assert AuditEntry.objects.filter(verb="webhook.deleted").count() == 1
    assert kept(webhook) == [(1, "message.sent")]


def test_it_hears_nothing_more_and_is_called_with_nothing(layla, group, settings):
    settings.OUTBOUND_PRIVATE = True
    with receiver() as there:
        webhook = webhook_of(layla, url=there.url)
        say_and_hear(group, "Salam")
        delete_webhook(actor=layla, webhook=webhook)
        say_and_hear(group, "Who comes?")
        deliver_due("webhook")

    assert kept(webhook) == [(1, "message.sent")]
    assert there.calls == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [204, 410, 500])
def test_deleted_in_the_middle_of_a_call_it_takes_nothing_down(status, layla, omar, settings, log_lines):
    settings.OUTBOUND_PRIVATE = True

    def delete(call):
        delete_webhook(actor=layla, webhook=webhook)
        forget_webhooks()
        connection.close()
        return Reply(status=status)

    with receiver() as there:
        webhook = webhook_of(layla, "message.*", url=there.url)
        say_and_hear(group_of(layla, omar), "Salam")
        there.reply = delete
        deliver_due("webhook")
    Delivery.objects.waiting().update(due_at=timezone.now())
    deliver_due("webhook")
    forget_webhooks()

    assert len(there.calls) == 1
    assert not Webhook.objects.exists()
    assert "webhook.paused" not in str(stream_of(layla))
    assert "delivery_failed" not in [line["event"] for line in log_lines()]


@pytest.mark.parametrize("many", [1, 40])
def test_deleting_takes_the_same_queries_however_much_it_heard(
    many, layla, group, client_of, django_assert_max_num_queries
):
    webhook, client = webhook_of(layla), client_of(layla)
    client.get(HOOKS)
    say_and_hear(group, *map(str, range(many)))

    with django_assert_max_num_queries(14):
        client.delete(f"{HOOKS}/{webhook.pk}")

    assert WebhookEvent.objects.count() == many


def test_it_is_forgotten_in_portions_and_others_are_not(layla, omar, group):
    webhook, other = webhook_of(layla), webhook_of(omar)
    say_and_hear(group, *map(str, range(5)))
    Attempt.objects.create(delivery=deliveries(webhook)[0], number=1, at=timezone.now())
    Attempt.objects.create(delivery=deliveries(other)[0], number=1, at=timezone.now())
    assert forget_deleted() == 0
    delete_webhook(actor=layla, webhook=webhook)

    assert [forget_deleted(limit=2) for _ in range(5)] == [2, 2, 1, 1, 0]

    assert list(Webhook.objects.all()) == [other]
    assert (len(kept(other)), len(deliveries(other))) == (5, 5)
    assert (WebhookEvent.objects.count(), Delivery.objects.count(), Attempt.objects.count()) == (5, 5, 1)


def test_the_clock_has_all_of_them_forgotten(layla, omar, group):
    webhooks = [webhook_of(layla), webhook_of(layla), webhook_of(omar)]
    say_and_hear(group, "Salam")
    for webhook in webhooks:
        delete_webhook(actor=layla, webhook=webhook)

    assert [forget_webhooks(), forget_webhooks()] == [6, 0]

    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()


def test_what_a_worker_has_at_this_moment_is_forgotten_once_it_is_done(layla, group):
    webhook = webhook_of(layla)
    say_and_hear(group, "Salam", "Who comes?", "Nobody?")
    held = deliveries(webhook)[1]
    claimed(held)
    delete_webhook(actor=layla, webhook=webhook)

    assert forget_webhooks() == 2
    assert deliveries(webhook) == [held]
    Delivery.objects.update(state="sent", holder=None)
    assert forget_webhooks() == 2

    assert not Webhook.objects.exists()


def test_what_a_dead_worker_left_is_forgotten_too(layla, group):
    webhook = webhook_of(layla)
    say_and_hear(group, "Salam")
    claimed(deliveries(webhook)[0])
    delete_webhook(actor=layla, webhook=webhook)
    assert forget_webhooks() == 0

    Delivery.objects.update(due_at=timezone.now())
    deliver_due("webhook")

    assert forget_webhooks() == 2


def test_one_that_is_held_up_holds_up_no_other(layla, omar, group):
    first, second = webhook_of(layla), webhook_of(omar)
    say_and_hear(group, "Salam")
    claimed(deliveries(first)[0])
    for webhook in (first, second):
        delete_webhook(actor=layla, webhook=webhook)

    assert forget_webhooks() == 2

    assert list(Webhook.objects.all()) == [first]


def test_what_is_past_its_time_and_under_way_at_this_moment_is_forgotten_later(layla, group):
    webhook = webhook_of(layla)
    say_and_hear(group, "Salam", "Who comes?")
    held = deliveries(webhook)[0]
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        claimed(held)
        assert [forget_events(), forget_events()] == [1, 0]
        assert deliveries(webhook) == [held]
        Delivery.objects.update(state="sent", holder=None)
        assert [forget_events(), forget_events()] == [1, 0]

    assert kept(webhook) == []


def test_who_is_erased_before_it_is_forgotten_leaves_nothing_behind(layla, group, committed):
    webhook = webhook_of(layla)
    say_and_hear(group, "Salam")
    delete_webhook(actor=layla, webhook=webhook)

    order_erasure(actor=UserFactory(is_staff=True), user=layla)
    with time_machine.travel(timezone.now() + Erasure.GRACE), committed():
        begin_due_erasures.delay()

    assert not Webhook.objects.exists()
    assert (WebhookEvent.objects.count(), Delivery.objects.filter(channel="webhook").count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_who_hears_deletes_and_forgets_at_once_leave_nothing_behind(layla, omar):
    webhooks = [webhook_of(layla), webhook_of(omar), webhook_of(omar)]
    group = group_of(layla, omar)
    say_and_hear(group, *map(str, range(20)))
    for text in range(20):
        send_message(actor=layla, chat=group, text=str(text))
    entries = list(LogEntry.objects.order_by("pk"))
    count = 18 if connection.vendor == "postgresql" else 6

    def work(number: int) -> None:
        match number % 6:
            case 0:
                hear(entries)
            case 1 | 2 | 3:
                delete_webhook(actor=layla, webhook=webhooks[number % 6 - 1])
            case _:
                for _ in range(10):
                    forget_deleted(limit=7)

    at_once(count, work)
    forget_webhooks()

    assert not Webhook.objects.exists()
    assert (WebhookEvent.objects.count(), Delivery.objects.count()) == (0, 0)
    assert AuditEntry.objects.filter(verb="webhook.deleted").count() == 3


@pytest.mark.django_db(transaction=True)
def test_forgotten_while_workers_bring_it_all_of_it_goes(layla, omar, settings, log_lines):
    settings.OUTBOUND_PRIVATE = True
    with receiver() as there:
        webhooks = [webhook_of(layla, url=there.url), webhook_of(omar, url=there.url)]
        say_and_hear(group_of(layla, omar), *map(str, range(60)))

        def work(number: int) -> None:
            match number:
                case 0 | 1:
                    deliver_due("webhook")
                case 2 | 3:
                    delete_webhook(actor=layla, webhook=webhooks[number - 2])
                case _:
                    for _ in range(20):
                        forget_deleted(limit=9)

        at_once(6, work)
        deliver_due("webhook")
    forget_webhooks()

    assert not Webhook.objects.exists()
    assert (WebhookEvent.objects.count(), Delivery.objects.count(), Attempt.objects.count()) == (0, 0, 0)
    assert not [line for line in log_lines() if line["level"] == "error"]
