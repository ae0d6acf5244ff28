"""What happened is kept in order and told after the commit."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from common.events import Event, emit, listen, pass_by
from common.ids import uuid7
from common.models import LogEntry, LogEpoch, RelayCursor, UserPosition
from common.tasks import purge_log
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, kw_only=True)
class CamelRested(Event):
    type: ClassVar[str] = "camel.rested"
    camel: UUID
    until: datetime | None = None
    friends: tuple[UUID, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CamelLeft(CamelRested):
    type: ClassVar[str] = "camel.left"
    place: int | None = None

    @property
    def topic(self) -> str:
        return f"camel:{self.camel}"

    @property
    def position(self) -> int | None:
        return self.place


@pytest.fixture
def told(monkeypatch):
    heard = []
    monkeypatch.setattr("common.events._listeners", [heard.extend])
    return heard


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_the_change_that_makes_it_is_a_mistake(told):
    with pytest.raises(RuntimeError, match=r"camel\.rested emitted outside a transaction"):
        emit(CamelRested(camel=uuid7()), audience=[uuid7()])

    assert told == []
    assert not LogEntry.objects.exists()


def test_an_event_is_kept_as_plain_data_under_each_persons_next_position(told, committed):
    camel, friend, layla, omar = (uuid7() for _ in range(4))
    UserPosition.objects.create(user=omar, seq=41)

    with committed():
        emit(
            CamelRested(camel=camel, until=datetime(2026, 11, 22, 5, tzinfo=UTC), friends=(friend,)),
            audience=[layla, omar, layla],
        )

    data = {"camel": str(camel), "until": "2026-11-22T05:00:00+00:00", "friends": [str(friend)]}
    entries = LogEntry.objects.order_by("seq").values_list("topic", "seq", "type", "data")
    assert list(entries) == [
        (f"user:{layla}", 1, "camel.rested", data),
        (f"user:{omar}", 42, "camel.rested", data),
    ]
    assert (UserPosition.of(layla), UserPosition.of(omar), UserPosition.of(uuid7())) == (1, 42, 0)
    assert {(each.topic, each.seq, each.type) for each in told} == {
        (f"user:{layla}", 1, "camel.rested"),
        (f"user:{omar}", 42, "camel.rested"),
    }
    assert told[0].data == data


@pytest.mark.parametrize(("place", "kept"), [(7, 1), (None, 0)])
def test_what_has_no_position_is_told_and_not_kept(place, kept, told, committed):
    camel = uuid7()

    with committed():
        emit(CamelLeft(camel=camel, place=place))

    assert [(each.topic, each.seq) for each in told] == [(f"camel:{camel}", place)]
    assert LogEntry.objects.count() == kept


def test_nobody_hears_of_it_before_the_commit(told, committed):
    with committed():
        emit(CamelRested(camel=uuid7()), audience=[uuid7()])
        assert told == []

    assert len(told) == 1


def test_what_is_taken_back_is_neither_told_nor_kept(told, committed):
    layla = uuid7()

    @transaction.atomic
    def change():
        emit(CamelRested(camel=uuid7()), audience=[layla])
        raise ZeroDivisionError

    with committed(), pytest.raises(ZeroDivisionError):
        change()

    assert told == []
    assert not LogEntry.objects.exists()
    assert UserPosition.of(layla) == 0


def test_a_listener_that_fails_takes_nothing_with_it(monkeypatch, committed):
    def fail(told):
        raise ValueError

    monkeypatch.setattr("common.events._listeners", [])
    listen(fail)
    listen(fail)

    with committed():
        emit(CamelRested(camel=uuid7()), audience=[uuid7()])

    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("people", [1, 20])
def test_telling_many_takes_as_many_queries_as_telling_one(people, django_assert_num_queries):
    audience = [uuid7() for _ in range(people)]

    with django_assert_num_queries(4):  # make counters, lock and read them, move them, write the entries
        emit(CamelRested(camel=uuid7()), audience=audience)

    assert LogEntry.objects.count() == people


@pytest.mark.django_db(transaction=True)
def test_positions_have_no_gap_whoever_tells_the_same_people_at_once():
    people = [uuid7() for _ in range(3)]

    def tell(number: int) -> None:
        for turn in range(4):
            with transaction.atomic():
                emit(CamelRested(camel=uuid7()), audience=people[:: (-1) ** (number + turn)])

    at_once(6, tell)

    for person in people:
        entries = LogEntry.objects.filter(topic=f"user:{person}").order_by("seq")
        assert list(entries.values_list("seq", flat=True)) == list(range(1, 25))
        assert UserPosition.of(person) == 24


# --- Reading and forgetting ---------------------------------------------------------------------------------


def entry(topic: str, seq: int, **more: object) -> LogEntry:
    return LogEntry.objects.create(topic=topic, seq=seq, type="camel.rested", data={}, **more)


def test_the_log_is_read_from_a_position_in_order():
    for seq in (3, 1, 2):
        entry("camel:1", seq)
    entry("camel:2", 4)

    assert [each.seq for each in LogEntry.objects.after("camel:1", 1)] == [2, 3]


def test_what_moved_lately_is_told_with_its_newest_position():
    now = timezone.now()
    entry("camel:1", 1, at=now)
    entry("camel:1", 2, at=now)
    entry("camel:2", 9, at=now - timedelta(hours=1))

    assert LogEntry.objects.moved_since(now - timedelta(minutes=1)) == {"camel:1": 2}


def test_entries_are_dropped_after_seven_days():
    now = timezone.now()
    kept = entry("camel:1", 2, at=now - timedelta(days=6, hours=23))
    old = entry("camel:1", 1, at=now - timedelta(days=7, seconds=1))
    RelayCursor.objects.update(upto=old.pk)  # what nobody has taken yet stays: test_relay.py

    dropped = [purge_log.delay().get(), purge_log.delay().get()]

    assert dropped == [1, 0]
    assert LogEntry.objects.get() == kept


def test_the_log_has_one_identity():
    assert LogEpoch.current() == LogEpoch.current()
    assert LogEpoch.objects.count() == 1


def test_ids_carry_the_millisecond_they_were_made_in():
    before = time.time_ns() // 1_000_000

    ids = [uuid7() for _ in range(100)]

    after = time.time_ns() // 1_000_000
    made = [each.int >> 80 for each in ids]
    assert {each.version for each in ids} == {7}
    assert len(set(ids)) == 100
    assert made == sorted(made)
    assert before <= made[0] <= made[-1] <= after


def test_what_passes_by_may_be_hidden_from_somebody(told, committed):
    camel, friend = uuid7(), uuid7()

    with committed():
        emit(CamelLeft(camel=camel), hidden_from=[friend])

    assert [(each.topic, each.seq, each.hidden_from) for each in told] == [
        (f"camel:{camel}", None, frozenset({str(friend)}))
    ]


def test_what_is_kept_is_hidden_from_nobody(told):
    with pytest.raises(ValueError, match="kept for everybody"), transaction.atomic():
        emit(CamelLeft(camel=uuid7(), place=1), hidden_from=[uuid7()])

    assert (told, LogEntry.objects.count()) == ([], 0)


def test_what_is_of_the_moment_is_told_and_written_nowhere(told, committed, django_assert_num_queries):
    camel, friend = uuid7(), uuid7()

    with committed(), django_assert_num_queries(0):
        pass_by(CamelLeft(camel=camel), hidden_from=[friend])

    assert [(each.topic, each.seq, each.hidden_from) for each in told] == [
        (f"camel:{camel}", None, frozenset({str(friend)}))
    ]


@pytest.mark.parametrize("event", [CamelRested(camel=uuid7()), CamelLeft(camel=uuid7(), place=1)])
def test_what_is_kept_or_for_an_audience_is_not_of_the_moment(event, told, committed):
    with committed(), pytest.raises(ValueError, match="not of the moment"):
        pass_by(event)

    assert (told, LogEntry.objects.count()) == ([], 0)
