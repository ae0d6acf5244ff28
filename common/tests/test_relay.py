"""What is in the log reaches each consumer once, whatever dies, fails, or commits late."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
import redis
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from common.events import Event, emit
from common.ids import uuid7
from common.models import LOG_KEPT, DeadLetter, LogEntry, RelayCursor
from common.relay import bell as bells
from common.relay import services, tasks
from common.relay.consumers import consumers
from common.relay.metrics import backlog_of
from common.relay.services import (
    discard_dead_letter,
    drain,
    prepare_cursors,
    retry_dead_letter,
    retry_dead_letters,
)
from common.tasks import purge_log

pytestmark = pytest.mark.django_db

ON_POSTGRESQL = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer")


STRIKE = bells.strike  # which tests do without


@dataclass(frozen=True, kw_only=True)
class ThingHappened(Event):
    type: ClassVar[str] = "thing.happened"
    number: int


class Taker:
    """A consumer of the test's, which fails at what it is told to."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.portions: list[int] = []
        self.fails_at: set[int] = set()
        self.most: int | None = None

    def __call__(self, entries: Sequence[LogEntry]) -> int | None:
        entries = entries[: self.most]
        numbers = [entry.data["number"] for entry in entries if entry.type == ThingHappened.type]
        if broken := self.fails_at.intersection(numbers):
            raise ValueError(f"can't take {min(broken)}")
        self.taken += numbers
        self.portions.append(len(numbers))
        return self.most and len(entries)


@pytest.fixture
def taker() -> Iterator[Taker]:
    found = Taker()
    consumers["test"] = found
    prepare_cursors()
    yield found
    del consumers["test"]


def happen(*numbers: int, user: UUID | None = None) -> None:
    with transaction.atomic():
        for number in numbers:
            emit(ThingHappened(number=number), audience=[user or uuid7()])


def test_each_entry_is_taken_once_and_in_order(taker: Taker) -> None:
    happen(1, 2, 3)

    assert drain(consumer="test") == 3
    happen(4)
    assert drain(consumer="test") == 1

    assert taker.taken == [1, 2, 3, 4]
    assert taker.portions == [3, 1]


def test_what_is_too_much_for_a_consumer_comes_again(taker: Taker) -> None:
    taker.most = 2
    happen(1, 2, 3, 4, 5)

    assert drain(consumer="test") == 5

    assert taker.taken == [1, 2, 3, 4, 5]
    assert taker.portions == [2, 2, 1]


def test_of_a_part_that_it_fails_at_it_is_given_each_alone(taker: Taker, log_lines: Any) -> None:
    taker.most, taker.fails_at = 2, {3}
    happen(1, 2, 3, 4, 5)

    assert drain(consumer="test") == 5

    assert taker.taken == [1, 2, 4, 5]
    assert DeadLetter.objects.get().data == {"number": 3}


def test_a_new_consumer_begins_with_what_comes_next(db: None) -> None:
    happen(1)
    consumers["test"] = taker = Taker()
    prepare_cursors()
    happen(2)

    drain(consumer="test")

    assert taker.taken == [2]
    del consumers["test"]


def test_what_fails_is_put_aside_and_the_rest_goes_on(taker: Taker, log_lines: Any) -> None:
    taker.fails_at = {2}
    happen(1, 2, 3)

    drain(consumer="test")

    assert taker.taken == [1, 3]
    letter = DeadLetter.objects.get()
    assert (letter.consumer, letter.type, letter.data) == ("test", "thing.happened", {"number": 2})
    assert letter.error == "ValueError: can't take 2"
    assert letter.due_at


def test_what_failed_is_tried_again_by_itself_and_is_gone_once_taken(taker: Taker, log_lines: Any) -> None:
    taker.fails_at = {1}
    happen(1)
    drain(consumer="test")
    assert retry_dead_letters() == 0, "it is not due yet"

    taker.fails_at = set()
    with time_machine.travel(timezone.now() + timedelta(seconds=7)):
        assert retry_dead_letters() == 1

    assert taker.taken == [1]
    assert not DeadLetter.objects.exists()


def test_it_is_given_up_after_a_while_until_somebody_has_it_tried_again(taker: Taker, log_lines: Any) -> None:
    taker.fails_at = {1}
    happen(1)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        drain(consumer="test")
        waits = []
        while due := DeadLetter.objects.get().due_at:
            waits.append((due - timezone.now()).total_seconds())
            clock.move_to(due)
            retry_dead_letters()

    assert len(waits) == 7
    assert waits == sorted(waits)
    letter = DeadLetter.objects.get()
    assert letter.attempts == 8
    taker.fails_at = set()
    assert retry_dead_letter(letter=letter.pk)
    assert taker.taken == [1]


def test_staff_may_let_it_be(taker: Taker, log_lines: Any) -> None:
    taker.fails_at = {1}
    happen(1)
    drain(consumer="test")

    assert discard_dead_letter(letter=DeadLetter.objects.get())

    assert not DeadLetter.objects.exists()


def test_an_outage_is_nobodys_fault(taker: Taker) -> None:
    def away(entries: Sequence[LogEntry]) -> None:
        raise redis.exceptions.ConnectionError("refused")

    consumers["test"] = away
    happen(1)

    with pytest.raises(redis.exceptions.ConnectionError):
        drain(consumer="test")

    assert not DeadLetter.objects.exists()
    consumers["test"] = taker
    drain(consumer="test")
    assert taker.taken == [1]


def test_what_is_owed_outlives_its_seven_days(taker: Taker) -> None:
    happen(1)
    LogEntry.objects.update(at=timezone.now() - LOG_KEPT - timedelta(minutes=1))

    assert purge_log() == 0
    for name in consumers:
        drain(consumer=name)
    assert purge_log() == 1

    assert taker.taken == [1]


def test_how_far_it_is_behind_is_told(taker: Taker) -> None:
    happen(1, 2)

    waiting = backlog_of("test")()

    assert waiting.count == 2
    assert waiting.oldest == LogEntry.objects.order_by("pk")[0].at
    drain(consumer="test")
    assert backlog_of("test")().count == 0


def test_the_bell_strikes_at_once_and_then_once_for_many(
    taker: Taker, monkeypatch: pytest.MonkeyPatch, committed: Callable[[], Any]
) -> None:
    strokes: list[int] = []
    later: list[Callable[[], None]] = []

    class Timer:
        def __init__(self, _seconds: float, work: Callable[[], None]) -> None:
            later.append(work)

        def start(self) -> None:
            pass

    monkeypatch.setattr(bells, "strike", lambda: strokes.append(1))
    monkeypatch.setattr(bells.threading, "Timer", Timer)
    monkeypatch.setattr(bells, "EVERY", 3600.0)
    monkeypatch.setattr(bells.bell, "_struck_at", float("-inf"))
    for number in range(20):
        with committed():
            happen(number)

    assert (len(strokes), len(later)) == (1, 1)
    later[0]()
    assert len(strokes) == 2
    with committed():
        happen(21)
    assert (len(strokes), len(later)) == (2, 2)


def test_a_consumer_stands_in_the_queue_once(taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[str] = []
    monkeypatch.setattr(tasks.drain, "delay", queued.append)
    monkeypatch.setattr(bells, "consumers", {"test": taker})
    happen(1)

    for _ in range(20):
        STRIKE()
    tasks.drain_all()
    assert queued.count("test") == 1

    assert tasks.drain("test") == 1
    STRIKE()
    assert queued.count("test") == 2


def test_without_a_broker_a_change_is_made_all_the_same(
    taker: Taker, monkeypatch: pytest.MonkeyPatch, log_lines: Any
) -> None:
    def refuse(_: str) -> None:
        raise redis.exceptions.ConnectionError("nobody there")

    monkeypatch.setattr(tasks.drain, "delay", refuse)
    monkeypatch.setattr(bells, "consumers", {"another": taker})  # its place in the queue is free
    happen(1)

    STRIKE()

    assert "relay_bell_failed" in {line["event"] for line in log_lines()}
    assert LogEntry.objects.filter(type="thing.happened").exists()


@pytest.mark.django_db(transaction=True)
@ON_POSTGRESQL
class TestLateCommits:
    """PostgreSQL gives keys before their commit."""

    def test_what_commits_late_is_not_passed_by(self, taker: Taker) -> None:
        begun, may_commit = threading.Event(), threading.Event()

        def slow() -> None:
            try:
                with transaction.atomic():
                    emit(ThingHappened(number=1), audience=[uuid7()])
                    begun.set()
                    may_commit.wait(10)
            finally:
                connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        begun.wait(10)
        happen(2)
        timer = threading.Timer(0.3, may_commit.set)
        timer.start()

        assert drain(consumer="test") == 2

        thread.join()
        assert taker.taken == [1, 2]

    def test_what_was_rolled_back_holds_nobody_up_for_long(self, taker: Taker) -> None:
        with transaction.atomic():
            emit(ThingHappened(number=1), audience=[uuid7()])
            transaction.set_rollback(True)
        happen(2)

        assert drain(consumer="test") == 1

        assert taker.taken == [2]

    def test_who_takes_long_to_commit_holds_up_what_came_after(
        self, taker: Taker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "PATIENCE", 0.05)
        monkeypatch.setattr(services, "LONGEST", 0.2)
        begun, may_commit = threading.Event(), threading.Event()

        def slow() -> None:
            try:
                with transaction.atomic():
                    emit(ThingHappened(number=2), audience=[uuid7()])
                    begun.set()
                    may_commit.wait(10)
            finally:
                connection.close()

        happen(1)
        drain(consumer="test")
        thread = threading.Thread(target=slow)
        thread.start()
        begun.wait(10)
        happen(3)

        assert drain(consumer="test") == 0
        may_commit.set()
        thread.join()
        assert drain(consumer="test") == 2

        assert taker.taken == [1, 2, 3]

    def test_many_who_write_and_many_who_take_lose_and_double_nothing(self, taker: Taker) -> None:
        def write(worker: int) -> None:
            try:
                for number in range(40):
                    with transaction.atomic():
                        emit(ThingHappened(number=worker * 1000 + number), audience=[uuid7()])
                        if number % 7 == 0:
                            transaction.set_rollback(True)
            finally:
                connection.close()

        def take(_: int) -> int:
            try:
                return sum(drain(consumer="test") for _ in range(5))
            finally:
                connection.close()

        with ThreadPoolExecutor(10) as pool:
            writers = [pool.submit(write, number) for number in range(6)]
            takers = [pool.submit(take, number) for number in range(4)]
            for each in [*writers, *takers]:
                each.result()
        drain(consumer="test")

        written = sorted(LogEntry.objects.values_list("data__number", flat=True))
        assert sorted(taker.taken) == written
        assert len(written) == 6 * 34
        assert RelayCursor.objects.get(pk="test").upto == max(LogEntry.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_the_cursors_are_there_after_a_migration(taker: Taker) -> None:
    RelayCursor.objects.all().delete()

    call_command("migrate", verbosity=0)

    assert RelayCursor.objects.filter(consumer="test").exists()
