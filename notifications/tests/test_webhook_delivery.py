"""Webhooks at real receivers: signed, tried, given up, and the gap that an outage leaves, filled."""

import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from time import sleep

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import WebhookVerificationError

from accounts.models import AuditEntry
from common.outbound import Answer
from common.tests.receivers import Receiver, Reply, receiver
from common.tests.threads import at_once
from messaging.tests.factories import group_of
from messaging.tests.logs import stream_of
from notifications.models import Attempt, Delivery, Webhook, WebhookEvent
from notifications.outcomes import Result
from notifications.registries import channels
from notifications.senders.webhook import outcome_of, pack
from notifications.services import (
    deliver_due,
    delivering,
    pause_webhook,
    redeliver_event,
    resume_webhook,
    rotate_webhook,
    send_test,
    update_webhook,
)
from notifications.tests.webhooks import deliveries, received, say_and_hear, webhook_of

pytestmark = pytest.mark.django_db

AT = "2026-11-22T09:00:00Z"


@pytest.fixture(autouse=True)
def _private(settings):
    """The receivers are on this machine."""
    settings.OUTBOUND_PRIVATE = True


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def at_once_again(monkeypatch):
    """The whole window of attempts without its waits."""
    monkeypatch.setitem(channels, "webhook", replace(channels["webhook"], backoff=[timedelta(0)] * 7))


def attempts(webhook: Webhook) -> list[tuple[int, str, str]]:
    rows = Attempt.objects.filter(delivery__target=str(webhook.pk)).order_by("pk")
    return list(rows.values_list("number", "result", "code"))


# --- What arrives -------------------------------------------------------------------------------------------


def test_what_arrives_is_verified_by_an_independent_package(there, layla, group):
    webhook = webhook_of(layla, "message.*", url=there.url)
    say_and_hear(group, "Salam")

    assert deliver_due("webhook") == 1

    event = WebhookEvent.objects.get()
    [call] = there.calls
    got = received(call, webhook.secret)
    assert got.id == str(event.pk)
    assert got.body == {
        "type": "message.sent",
        "timestamp": event.at.isoformat().replace("+00:00", "Z"),
        "seq": 1,
        "data": {"chat": str(group.pk), "chat_seq": 1, "message": str(group.messages.get().pk)},
    }
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"].startswith("Serai/")
    [delivery] = deliveries(webhook)
    assert (delivery.state, delivery.attempts) == ("sent", 1)
    webhook.refresh_from_db()
    assert (webhook.failing_since, webhook.last_success_at is not None) == (None, True)


def test_another_secret_verifies_nothing(there, layla, omar, group):
    webhook_of(layla, "message.*", url=there.url)
    other = webhook_of(omar)
    say_and_hear(group, "Salam")
    deliver_due("webhook")

    with pytest.raises(WebhookVerificationError):
        received(there.calls[0], other.secret)


def test_a_secret_is_32_random_bytes_and_encrypted_at_rest(layla):
    webhook = webhook_of(layla)

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM notifications_webhook")
        [[stored]] = cursor.fetchall()
    assert webhook.secret.startswith("whsec_")
    assert len(webhook.secret) == len("whsec_") + 44
    assert webhook.secret.removeprefix("whsec_") not in stored
    assert stored.startswith("gAAAA")


def test_while_a_secret_is_changed_both_sign(there, layla, group):
    webhook = webhook_of(layla, "message.*", url=there.url)
    older = webhook.secret
    newer = rotate_webhook(actor=layla, webhook=webhook, overlap=timedelta(hours=1)).text
    say_and_hear(group, "Salam")
    deliver_due("webhook")

    [call] = there.calls
    assert len(call.headers["webhook-signature"].split(" ")) == 2
    assert received(call, older) == received(call, newer)

    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        say_and_hear(group, "Later")
        deliver_due("webhook")
        assert received(there.calls[1], newer).body["seq"] == 2
        with pytest.raises(WebhookVerificationError):
            received(there.calls[1], older)


def test_a_secret_that_is_changed_at_once_signs_no_more(there, layla, group):
    webhook = webhook_of(layla, "message.*", url=there.url)
    older = webhook.secret
    rotate_webhook(actor=layla, webhook=webhook, overlap=timedelta(0))
    say_and_hear(group, "Salam")
    deliver_due("webhook")

    webhook.refresh_from_db()
    assert (webhook.previous_secret, webhook.previous_until) == ("", None)
    with pytest.raises(WebhookVerificationError):
        received(there.calls[0], older)


# --- What is tried again ------------------------------------------------------------------------------------


def test_every_attempt_has_the_same_id_and_body_and_a_time_of_its_own(there, layla, group):
    with time_machine.travel(AT, tick=False) as clock:
        webhook = webhook_of(layla, "message.*", url=there.url)
        there.answers(500, 200)
        say_and_hear(group, "Salam")
        deliver_due("webhook")
        clock.shift(timedelta(seconds=6))
        deliver_due("webhook")

        first, second = there.calls
        assert received(second, webhook.secret).id == first.headers["webhook-id"]
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == str(WebhookEvent.objects.get().pk)
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 6
    assert attempts(webhook) == [(1, "again", "http_500"), (2, "sent", "sent")]


def test_it_is_tried_eight_times_within_28_hours(there, layla, group):
    there.answers(503)
    with time_machine.travel(AT, tick=False) as clock:
        webhook = webhook_of(layla, "message.*", url=there.url)
        say_and_hear(group, "Salam")
        start, waits = timezone.now(), []
        while Delivery.objects.waiting().exists():
            before = timezone.now()
            deliver_due("webhook")
            [delivery] = deliveries(webhook)
            clock.move_to(max(delivery.due_at, timezone.now()))
            waits.append((timezone.now() - before).total_seconds())
        took = timezone.now() - start

    assert len(there.calls) == 8
    for wait, planned in zip(waits, [5, 300, 1800, 7200, 18000, 36000, 36000], strict=False):
        assert 0.9 * planned <= wait <= 1.1 * planned
    assert timedelta(hours=24) < took < timedelta(hours=31)
    assert (delivery.state, delivery.reason) == ("failed", "gave_up")


@pytest.mark.parametrize("status", [300, 301, 307, 400, 401, 404, 418, 500, 502, 503])
def test_whatever_is_no_2xx_is_a_failure(status, there, layla, group):
    webhook = webhook_of(layla, "message.*", url=there.url)
    there.reply = lambda call: Reply(status=status, headers={"Location": "/elsewhere"}, body=b"No.")
    say_and_hear(group, "Salam")

    deliver_due("webhook")

    assert attempts(webhook) == [(1, "again", f"http_{status}")]
    assert Attempt.objects.get().answer == "No."
    assert len(there.calls) == 1
    webhook.refresh_from_db()
    assert webhook.failing_since is not None


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_whatever_is_2xx_is_taken(status, there, layla, group):
    webhook = webhook_of(layla, "message.*", url=there.url)
    there.answers(status)
    say_and_hear(group, "Salam")

    deliver_due("webhook")

    assert deliveries(webhook)[0].state == "sent"


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [("120", 120), ("0", None), ("999999999999", 36000), ("later", None), ("-5", None), ("", None)],
)
def test_a_receiver_may_ask_to_be_left_alone_for_a_while(wait, seconds, there, layla, group):
    there.reply = lambda call: Reply(status=429, headers={"Retry-After": wait})
    with time_machine.travel(AT, tick=False):
        webhook = webhook_of(layla, "message.*", url=there.url)
        say_and_hear(group, "Salam")
        deliver_due("webhook")
        pause = (deliveries(webhook)[0].due_at - timezone.now()).total_seconds()

    assert pause == seconds if seconds else 4.5 <= pause <= 5.5


def test_it_may_name_a_time(there, layla, group):
    with time_machine.travel(AT, tick=False):
        at = timezone.now() + timedelta(minutes=7)
        there.reply = lambda call: Reply(
            status=503, headers={"Retry-After": format_datetime(at, usegmt=True)}
        )
        webhook = webhook_of(layla, "message.*", url=there.url)
        say_and_hear(group, "Salam")
        deliver_due("webhook")

    assert deliveries(webhook)[0].due_at == at


@given(st.text(max_size=40), st.binary(max_size=80), st.sampled_from([200, 204, 302, 410, 429, 500, 503]))
def test_no_answer_breaks_anything(wait, body, status):
    outcome = outcome_of(Answer(status=status, headers={"retry-after": wait}, body=body))

    assert "\x00" not in outcome.answer
    assert (outcome.result == Result.SENT) == (status < 300)
    assert outcome.not_before is None or outcome.not_before <= timezone.now() + timedelta(hours=10)


def test_a_receiver_that_nobody_is_at_is_tried_again(layla, group):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    webhook = webhook_of(layla, "message.*", url=f"http://127.0.0.1:{port}/")
    say_and_hear(group, "Salam")

    deliver_due("webhook")

    assert attempts(webhook) == [(1, "again", "connection_failed")]


def test_an_address_that_became_private_is_not_called(there, settings, layla, group):
    webhook = webhook_of(layla, "message.*", url=there.url)
    say_and_hear(group, "Salam")
    settings.OUTBOUND_PRIVATE = False

    deliver_due("webhook")

    assert attempts(webhook) == [(1, "again", "scheme_refused")]
    assert there.calls == []


def test_of_a_huge_answer_a_little_is_kept(there, layla, group):
    webhook = webhook_of(layla, "message.*", url=there.url)
    there.reply = lambda call: Reply(status=200, body=b"\x00\xff" + "ي".encode() * 1_000_000)
    say_and_hear(group, "Salam")

    deliver_due("webhook")

    assert deliveries(webhook)[0].state == "sent"
    assert len(Attempt.objects.get().answer) == Attempt.MAX_ANSWER


# --- The end ------------------------------------------------------------------------------------------------


def test_410_pauses_at_once_and_its_owner_is_told(there, layla, group):
    webhook = webhook_of(layla, "message.*", url=there.url)
    there.answers(410)
    say_and_hear(group, "Salam", "Who comes?")

    deliver_due("webhook")

    webhook.refresh_from_db()
    assert (webhook.state, webhook.paused_reason) == ("paused", "gone")
    assert {(each.state, each.reason) for each in deliveries(webhook)} <= {
        ("skipped", "target_gone"),
        ("skipped", "paused"),
    }
    told = [entry for entry in stream_of(layla) if entry[1] == "webhook.paused"]
    assert [data for _, _, data in told] == [{"webhook": str(webhook.pk), "reason": "gone"}]
    entry = AuditEntry.objects.get(verb="webhook.paused")
    assert (entry.subject, entry.actor, entry.details["reason"]) == (layla.pk, None, "gone")


def test_where_nothing_is_taken_in_the_whole_window_the_receiver_is_dead(there, layla, group, at_once_again):
    webhook = webhook_of(layla, "message.*", url=there.url)
    there.answers(500)
    say_and_hear(group, "Salam", "Who comes?")

    deliver_due("webhook")

    webhook.refresh_from_db()
    assert (webhook.state, webhook.paused_reason) == ("paused", "dead")
    states = sorted((each.state, each.reason) for each in deliveries(webhook))
    assert states in ([("failed", "gave_up"), ("skipped", "paused")], [("failed", "gave_up")] * 2)
    assert [type_ for _, type_, _ in stream_of(layla)].count("webhook.paused") == 1
    calls = len(there.calls)
    say_and_hear(group, "Nobody hears")
    deliver_due("webhook")
    assert len(there.calls) == calls
    assert WebhookEvent.objects.filter(webhook=webhook).count() == 3


def test_one_event_that_is_never_taken_kills_nobody_who_takes_others(there, layla, group, at_once_again):
    webhook = webhook_of(layla, "message.*", url=there.url)
    poison = {}

    def reply(call):
        seq = received(call, webhook.secret).body["seq"]
        poison[seq] = poison.get(seq, 0) + 1
        return Reply(status=500 if seq == 1 else 200)

    there.reply = reply
    say_and_hear(group, "Poison", *map(str, range(4)))

    deliver_due("webhook")

    webhook.refresh_from_db()
    assert webhook.state == "active"
    assert [each.state for each in deliveries(webhook)] == ["failed", "sent", "sent", "sent", "sent"]
    assert poison == {1: 8, 2: 1, 3: 1, 4: 1, 5: 1}


def test_what_waited_for_a_receiver_goes_out_when_it_is_back(there, layla, group, monkeypatch):
    monkeypatch.setitem(channels, "webhook", replace(channels["webhook"], per_target=1))
    webhook = webhook_of(layla, "message.*", url=there.url)
    there.answers(500, 204)
    say_and_hear(group, "Salam", "Who comes?", "When?")

    deliver_due("webhook")
    assert [each.attempts for each in deliveries(webhook)] == [1, 0, 0]
    assert all(each.due_at > timezone.now() for each in deliveries(webhook))
    say_and_hear(group, "Is anybody there?")
    deliver_due("webhook")

    assert [each.state for each in deliveries(webhook)] == ["waiting", "sent", "sent", "sent"]


def test_a_paused_one_is_called_with_nothing_not_even_with_what_is_under_way(there, layla, group):
    webhook = webhook_of(layla, "message.*", url=there.url)
    say_and_hear(group, "Salam")
    [delivery] = deliveries(webhook)
    pause_webhook(actor=layla, webhook=webhook)

    [outcome] = pack([delivery])  # as a worker would that had it already

    assert (outcome.result, outcome.code) == (Result.SKIPPED, "paused")
    assert there.calls == []


def test_pausing_and_resuming_twice_is_once(layla):
    webhook = webhook_of(layla)

    assert [pause_webhook(actor=layla, webhook=webhook) for _ in range(2)] == [True, False]
    assert [resume_webhook(actor=layla, webhook=webhook) for _ in range(2)] == [True, False]
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True)) == [
        "webhook.created",
        "webhook.paused",
        "webhook.resumed",
    ]
    assert stream_of(layla) == []  # who did it knows


# --- Again --------------------------------------------------------------------------------------------------


def test_delivering_again_is_under_the_same_id_and_with_a_new_window(there, layla, group, at_once_again):
    webhook = webhook_of(layla, "message.*", url=there.url)
    say_and_hear(group, "Salam")
    deliver_due("webhook")
    there.answers(500, 500, 204)

    redeliver_event(event=WebhookEvent.objects.get())
    deliver_due("webhook")

    assert {received(call, webhook.secret).id for call in there.calls} == {str(WebhookEvent.objects.get().pk)}
    assert attempts(webhook) == [
        (1, "sent", "sent"),
        (2, "again", "http_500"),
        (3, "again", "http_500"),
        (4, "sent", "sent"),
    ]


def test_what_waits_goes_to_the_new_address(there, layla, group):
    with receiver() as elsewhere:
        webhook = webhook_of(layla, "message.*", url=there.url)
        say_and_hear(group, "Salam")
        update_webhook(actor=layla, webhook=webhook, url=elsewhere.url)

        deliver_due("webhook")

        assert (len(there.calls), len(elsewhere.calls)) == (0, 1)


def test_a_test_is_delivered_as_any_other(there, layla):
    webhook = webhook_of(layla, url=there.url)
    send_test(webhook=webhook)

    deliver_due("webhook")

    assert received(there.calls[0], webhook.secret).body["type"] == "webhook.test"


# --- An outage ----------------------------------------------------------------------------------------------


def test_after_an_outage_over_the_whole_window_both_sides_have_the_same(
    there, layla, group, client_of, at_once_again
):
    """The receiver takes some, is down until it is given up, comes back, and asks for what it missed."""
    webhook = webhook_of(layla, "message.*", url=there.url)
    got: dict[int, str] = {}

    def take(call):
        event = received(call, webhook.secret)
        got[event.body["seq"]] = event.id
        return Reply(status=204)

    there.reply = take
    say_and_hear(group, *map(str, range(10)))
    deliver_due("webhook")
    there.answers(503)
    for n in range(5):
        say_and_hear(group, *(f"{n} {each}" for each in range(10)))
        deliver_due("webhook")
    webhook.refresh_from_db()
    assert (webhook.paused_reason, sorted(got)) == ("dead", list(range(1, 11)))

    there.reply = take
    client = client_of(layla)
    client.patch(f"/api/v1/webhooks/{webhook.pk}", {"state": "active"})
    say_and_hear(group, "Back", "again")
    deliver_due("webhook")
    assert sorted(got) == [*range(1, 11), 61, 62]
    page = {"next": f"/api/v1/webhooks/{webhook.pk}/events?after=10&limit=7"}
    while page["next"]:
        page = client.get(page["next"]).json()
        got |= {event["seq"]: event["id"] for event in page["results"]}

    kept = WebhookEvent.objects.filter(webhook=webhook).values_list("seq", "pk")
    assert got == {seq: str(pk) for seq, pk in kept}
    assert sorted(got) == list(range(1, 63))


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_deliver_each_event_once(layla, omar, monkeypatch):
    monkeypatch.setattr(delivering, "ThreadPoolExecutor", ThreadPoolExecutor)  # the engine's own threads
    group = group_of(layla, omar)
    with receiver() as there:
        webhook = webhook_of(layla, "message.*", url=there.url)
        say_and_hear(group, *map(str, range(30)))

        at_once(8 if connection.vendor == "postgresql" else 1, lambda _: deliver_due("webhook"))

    ids = [call.headers["webhook-id"] for call in there.calls]
    assert len(ids) == len(set(ids)) == 30
    assert {each.state for each in deliveries(webhook)} == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_at_a_receiver_that_comes_and_goes_trip_over_nothing(layla, omar, monkeypatch):
    """Failures hold the queue back, successes let it go, and its owner pauses and resumes it meanwhile."""
    monkeypatch.setattr(delivering, "ThreadPoolExecutor", ThreadPoolExecutor)
    many = connection.vendor == "postgresql"
    group = group_of(layla, omar)
    with receiver() as there:
        there.reply = lambda call: Reply(status=500 if len(there.calls) % 3 else 204)
        webhook = webhook_of(layla, "message.*", url=there.url)
        say_and_hear(group, *map(str, range(60 if many else 6)))

        def work(number: int) -> None:
            for turn in range(10):
                if number == 0:
                    (resume_webhook if turn % 2 else pause_webhook)(actor=layla, webhook=webhook)
                    sleep(0.03)
                elif number == 1:
                    say_and_hear(group, f"turn {turn}")
                else:
                    deliver_due("webhook")

        at_once(8 if many else 1, work)
        resume_webhook(actor=layla, webhook=webhook)

    results = Counter(Attempt.objects.values_list("result", "code"))
    assert set(results) <= {("sent", "sent"), ("again", "http_500"), ("skipped", "paused")}, results
    seqs = list(WebhookEvent.objects.filter(webhook=webhook).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
