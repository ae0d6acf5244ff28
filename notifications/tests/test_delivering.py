"""Every promise is attempted until it is kept or given up, and every attempt is written down."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications import tasks
from notifications.models import Attempt, Delivery
from notifications.outcomes import Outcome, Result
from notifications.registries import Channel, Shipment, channels
from notifications.services import claiming, deliver_due, delivering, retry_delivery
from notifications.services.claiming import claim
from notifications.services.concluding import Claim, Done, conclude
from notifications.tests.factories import DeliveryFactory

pytestmark = pytest.mark.django_db

AGAIN = Outcome(result=Result.AGAIN, code="http_503", answer="come back")


@dataclass(frozen=True)
class Sent(Shipment):
    """Brings a delivery to *take*."""

    take: Callable[[Delivery], Outcome]
    delivery: Delivery

    def send(self) -> Outcome:
        return self.take(self.delivery)


class Receiver:
    """Says what it is told to say, the last again and again."""

    def __init__(self) -> None:
        self.says: list[Outcome] = [Outcome.sent("thanks")]
        self.heard: list[str] = []

    def __call__(self, delivery: Delivery) -> Outcome:
        self.heard.append(str(delivery.pk))
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]


def channel(take: Callable[[Delivery], Outcome], **more: Any) -> Channel:
    """The test's own, which brings everything to *take*."""
    more = {"backoff": [timedelta(seconds=5), timedelta(minutes=5)], "per_target": 2} | more
    return Channel(name="test", label="Test", pack=lambda rows: [Sent(take, row) for row in rows], **more)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    channels["test"] = channel(found)
    yield found
    del channels["test"]


def claim_some() -> list[Claim]:
    return claim(channel=channels["test"], at=timezone.now(), most=16)


def test_what_is_due_is_handed_over_once(receiver: Receiver) -> None:
    delivery = DeliveryFactory()

    assert deliver_due("test") == 1
    assert deliver_due("test") == 0

    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason, delivery.attempts) == ("sent", "sent", 1)
    assert receiver.heard == [str(delivery.pk)]
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.result, attempt.answer) == (1, "sent", "thanks")


def test_what_is_not_due_waits(receiver: Receiver) -> None:
    DeliveryFactory(due_at=timezone.now() + timedelta(seconds=1))

    assert deliver_due("test") == 0

    assert receiver.heard == []


def test_a_failure_is_tried_again_later_each_time_and_then_given_up(receiver: Receiver) -> None:
    receiver.says = [AGAIN]
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        delivery = DeliveryFactory()
        waits = []
        while Delivery.objects.waiting().exists():
            deliver_due("test")
            delivery.refresh_from_db()
            waits.append((delivery.due_at - timezone.now()).total_seconds())
            clock.move_to(max(delivery.due_at, timezone.now()))

    assert (delivery.state, delivery.reason, delivery.attempts) == ("failed", "gave_up", 3)
    assert 4.5 <= waits[0] <= 5.5
    assert 270 <= waits[1] <= 330
    assert [each.code for each in Attempt.objects.all()] == ["http_503"] * 3


def test_who_asks_for_a_while_is_left_alone_for_it(receiver: Receiver) -> None:
    until = timezone.now() + timedelta(hours=1)
    receiver.says = [Outcome(result=Result.AGAIN, code="http_429", not_before=until)]
    delivery = DeliveryFactory()

    deliver_due("test")

    delivery.refresh_from_db()
    assert delivery.due_at == until


@pytest.mark.parametrize(
    ("result", "state", "reason"),
    [
        (Result.GONE, "skipped", "target_gone"),
        (Result.REFUSED, "failed", "refused"),
        (Result.SKIPPED, "skipped", "read"),
    ],
)
def test_what_has_no_sense_is_not_tried_again(
    receiver: Receiver, result: Result, state: str, reason: str
) -> None:
    receiver.says = [Outcome(result=result, code="read")]
    delivery = DeliveryFactory()

    deliver_due("test")

    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == (state, reason)


def test_what_is_held_costs_no_attempt(receiver: Receiver) -> None:
    until = timezone.now() + timedelta(hours=8)
    receiver.says = [Outcome(result=Result.HELD, code="quiet_hours", not_before=until), AGAIN]
    delivery = DeliveryFactory()

    deliver_due("test")

    delivery.refresh_from_db()
    assert (delivery.state, delivery.due_at) == ("waiting", until)
    with time_machine.travel(until):
        for _ in range(3):
            Delivery.objects.update(due_at=until)
            deliver_due("test")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("failed", 4)


def test_whoever_raises_is_tried_again(receiver: Receiver, log_lines: Any) -> None:
    def fall(delivery: Delivery) -> Outcome:
        raise ValueError("nobody thought of this")

    channels["test"] = channel(fall)
    delivery = DeliveryFactory()

    deliver_due("test")

    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert Attempt.objects.get().answer == "ValueError: nobody thought of this"


def test_of_a_worker_that_died_another_takes_over_when_the_lease_is_over(receiver: Receiver) -> None:
    delivery = DeliveryFactory()
    [dead] = claim_some()

    assert deliver_due("test") == 0

    with time_machine.travel(timezone.now() + channels["test"].lease + timedelta(seconds=1)):
        assert deliver_due("test") == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sent", 2)
    assert [each.result for each in Attempt.objects.all()] == ["lost", "sent"]
    conclude(channels["test"], [Done(dead, AGAIN, seconds=61)])
    delivery.refresh_from_db()
    assert delivery.state == "sent", "who comes too late says nothing of the whole any more"
    assert [each.result for each in Attempt.objects.all()] == ["again", "sent"]


def test_what_kills_every_worker_is_given_up_in_the_end(receiver: Receiver) -> None:
    delivery = DeliveryFactory()
    for _ in range(claiming.MOST_LOST):
        assert len(claim_some()) == 1
        Delivery.objects.update(due_at=timezone.now())

    assert claim_some() == []

    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("failed", "gave_up")


def test_workers_that_die_use_up_no_attempt(receiver: Receiver) -> None:
    delivery = DeliveryFactory()
    for _ in range(10):
        claim_some()
        Delivery.objects.update(due_at=timezone.now())

    deliver_due("test")

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sent", 11)


def test_a_target_with_a_long_queue_keeps_nobody_waiting(receiver: Receiver) -> None:
    for _ in range(32):
        DeliveryFactory(target="slow")
    other = DeliveryFactory(target="other")

    claimed = claim_some()

    assert sorted(each.delivery.target for each in claimed) == ["other", "slow", "slow"]
    assert other.pk in [each.delivery.pk for each in claimed]
    assert claim_some() == [], "two are under way there"


def test_a_queue_is_not_spent_on_who_is_away(receiver: Receiver) -> None:
    receiver.says = [AGAIN]
    channels["test"] = channel(receiver, per_target=1, holds_back=True)
    for _ in range(5):
        DeliveryFactory(target="away")
    other = DeliveryFactory(target="other")

    deliver_due("test")

    assert len(receiver.heard) == 2
    assert sorted(Delivery.objects.exclude(pk=other.pk).values_list("attempts", flat=True)) == [0, 0, 0, 0, 1]
    assert not Delivery.objects.due("test", at=timezone.now()).exists()


def test_what_was_given_up_is_begun_anew_under_its_id(receiver: Receiver) -> None:
    receiver.says = [AGAIN]
    delivery = DeliveryFactory()
    for _ in range(3):
        Delivery.objects.update(due_at=timezone.now())
        deliver_due("test")
    receiver.says = [Outcome.sent()]
    delivery.refresh_from_db()

    assert retry_delivery(delivery=delivery)
    assert not retry_delivery(delivery=delivery)
    deliver_due("test")

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sent", 4)
    assert set(receiver.heard) == {str(delivery.pk)}
    assert list(Attempt.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_who_is_slow_holds_up_nobody_else(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "ThreadPoolExecutor", ThreadPoolExecutor)
    may_end = threading.Event()

    def send(delivery: Delivery) -> Outcome:
        receiver.heard.append(delivery.target)
        if len(receiver.heard) == 32:
            may_end.set()
        if delivery.target == "slow" and not may_end.wait(20):
            return AGAIN
        return Outcome.sent()

    channels["test"] = channel(send, backoff=[])
    for number in range(30):
        DeliveryFactory(target="slow")
        DeliveryFactory(target=f"quick {number}")

    deliver_due("test")

    assert Delivery.objects.filter(state="sent").count() == 60


@pytest.mark.django_db(transaction=True)
def test_many_workers_share_the_work(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "ThreadPoolExecutor", ThreadPoolExecutor)
    for _ in range(200):
        DeliveryFactory()

    def work(_: int) -> int:
        try:
            return deliver_due("test")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        made = sum(pool.map(work, range(6)))

    assert made == 200
    assert len(set(receiver.heard)) == len(receiver.heard) == 200
    assert Delivery.objects.filter(state="sent").count() == 200


def test_a_run_that_had_its_time_lets_another_follow(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(delivering, "LONGEST", -1.0)  # it is over before it begins
    monkeypatch.setattr(delivering, "bells", [lambda name, _at: rung.append(name)])
    delivery = DeliveryFactory()

    with django_capture_on_commit_callbacks(execute=True):
        assert deliver_due("test") == 0

    delivery.refresh_from_db()
    assert (rung, delivery.state) == (["test"], "waiting")


def test_a_channel_stands_in_the_queue_once(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    queued: list[str] = []
    monkeypatch.setattr(tasks.deliver, "delay", queued.append)

    tasks.ring_for_delivery("test")
    tasks.ring_for_delivery("test")
    assert queued == ["test"]

    tasks.deliver("test")  # it is begun: what comes now may not be seen by it
    tasks.ring_for_delivery("test")
    assert queued == ["test", "test"]


def test_what_is_due_soon_has_a_run_of_its_own_in_each_second(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    queued: list[Any] = []
    monkeypatch.setattr(tasks.deliver, "apply_async", lambda given, eta: queued.append((given, eta)))
    now = timezone.now().replace(microsecond=0)

    for milliseconds in (2100, 2900, 3000, 3001):
        tasks.ring_for_delivery("test", now + timedelta(milliseconds=milliseconds))

    assert queued == [(("test",), now + timedelta(seconds=each)) for each in (3, 4)]


def test_one_that_can_not_be_packed_holds_up_no_other(receiver: Receiver, log_lines: Any) -> None:
    fine, bad, other = (DeliveryFactory(target=each) for each in ("fine", "bad", "other"))

    def pack(rows: Sequence[Delivery]) -> list[Shipment]:
        if any(row.target == "bad" for row in rows):
            raise ValueError("nobody thought of this")
        return [Sent(receiver, row) for row in rows]

    channels["test"] = Channel(name="test", label="Test", pack=pack, backoff=[timedelta(seconds=5)])

    deliver_due("test")

    assert receiver.heard == [str(fine.pk), str(other.pk)]
    bad.refresh_from_db()
    assert bad.state == "waiting"
    assert bad.attempt_rows.get().answer == "ValueError: nobody thought of this"


def test_what_follows_for_a_target_that_fails_changes_nothing_of_the_outcome(
    receiver: Receiver, log_lines: Any
) -> None:
    class Unsettling(Sent):
        def settle(self, outcome: Outcome) -> None:
            raise ValueError("nobody thought of this")

    def pack(rows: Sequence[Delivery]) -> list[Shipment]:
        return [Unsettling(receiver, row) for row in rows]

    channels["test"] = Channel(name="test", label="Test", pack=pack)
    delivery = DeliveryFactory()

    deliver_due("test")

    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert "settling_failed" in {line["event"] for line in log_lines()}


def test_many_take_as_many_queries_as_one(receiver: Receiver) -> None:
    counts = []
    for most in (1, 8):
        for number in range(most):
            DeliveryFactory(target=f"place {number}")
        with CaptureQueriesContext(connection) as queries:
            assert deliver_due("test") == most
        counts.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))

    assert counts[0] == counts[1]
