"""Who is here, whether one process knows or many: the same of both stores."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex

import pytest
from django.conf import settings

from common.ids import uuid7
from messaging.models import Presence
from messaging.presence import Claim, Entry, Here, MemoryStore, RedisStore, StoreAway

State = Presence.State
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def entry(user, connection, state=State.ONLINE, *, lasts=90.0, seen=NOW):
    return Entry(
        user=user, connection=connection, state=state, expires=seen + timedelta(seconds=lasts), seen=seen
    )


@pytest.fixture(params=["memory", "redis"])
def store(request):
    if request.param == "memory":
        return MemoryStore()
    if not settings.REDIS_URL:
        pytest.skip("There is no Redis here: make test-services")
    return RedisStore(settings.REDIS_URL, prefix=f"test-{token_hex(8)}")


@pytest.fixture
def layla():
    return uuid7()


@pytest.fixture
def omar():
    return uuid7()


def state_of(store, user, at=NOW):
    return store.here([user], at=at)[user].state


def claimed(store, at, limit=100):
    return store.claim(at=at, until=at + timedelta(seconds=10), limit=limit)


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ([], State.OFFLINE),
        ([State.AWAY], State.AWAY),
        ([State.AWAY, State.ONLINE, State.AWAY], State.ONLINE),
        ([State.ONLINE, State.BUSY, State.AWAY], State.BUSY),
    ],
)
def test_of_several_connections_the_strongest_counts(devices, expected, store, layla, omar):
    store.hold([entry(layla, f"c{index}", state) for index, state in enumerate(devices)])
    store.hold([entry(omar, "o", State.BUSY)])

    assert store.here([layla], at=NOW) == {layla: Here(expected, NOW if devices else None, None)}


def test_a_connection_is_over_by_itself(store, layla):
    store.hold([entry(layla, "phone", State.ONLINE), entry(layla, "laptop", State.AWAY, lasts=120)])

    assert state_of(store, layla, after(89.9)) == State.ONLINE
    assert state_of(store, layla, after(90)) == State.AWAY
    assert state_of(store, layla, after(120)) == State.OFFLINE


def test_a_connection_that_is_written_again_lasts_on(store, layla):
    assert store.hold([entry(layla, "phone")]) == {layla}
    assert store.hold([entry(layla, "phone", State.AWAY, seen=after(60))]) == set()

    assert store.here([layla], at=after(149)) == {layla: Here(State.AWAY, after(60), None)}
    assert claimed(store, after(149)) == []
    assert [(each.user, each.connection) for each in claimed(store, after(150))] == [(layla, "phone")]


def test_who_is_due_is_claimed_by_one(store, layla, omar):
    store.look_at([layla, omar], at=NOW)
    store.look_at([omar], at=LATER)  # due earlier already
    store.hold([entry(layla, "phone", lasts=-1)])

    first, second = claimed(store, NOW, limit=1), claimed(store, NOW)

    assert [(each.user, each.connection) for each in first] == [(layla, "phone")]
    assert {(each.user, each.connection) for each in second} == {(layla, None), (omar, None)}
    assert claimed(store, NOW) == []


def test_what_a_dead_process_claimed_another_gets(store, layla):
    store.look_at([layla], at=NOW)
    claimed(store, NOW)

    assert claimed(store, after(9.9)) == []
    assert claimed(store, after(10)) == [Claim(layla, None, after(20))]


def test_what_is_over_is_forgotten_with_its_claim(store, layla):
    store.hold([entry(layla, "phone"), entry(layla, "laptop", lasts=500)])

    store.release(claimed(store, after(90)))

    assert claimed(store, after(400)) == []
    assert store.hold([entry(layla, "phone")]) == {layla}  # it was not there any more
    assert store.hold([entry(layla, "laptop")]) == set()


def test_what_came_while_somebody_was_looked_at_is_looked_at_too(store, layla):
    store.hold([entry(layla, "phone")])
    store.look_at([layla], at=after(90))
    claims = claimed(store, after(90))
    store.hold([entry(layla, "phone", seen=after(91))])
    store.look_at([layla], at=after(92))

    store.release(claims)

    assert state_of(store, layla, after(180)) == State.ONLINE
    assert [(each.user, each.connection) for each in claimed(store, after(92))] == [(layla, None)]


def test_what_was_told_is_told_once(store, layla, omar):
    store.hold([entry(layla, "phone"), entry(omar, "phone")])

    assert store.tell({layla: State.ONLINE, omar: State.OFFLINE}) == {layla}
    assert store.tell({layla: State.ONLINE}) == set()
    assert store.here([layla], at=NOW)[layla].told == State.ONLINE
    assert store.tell({layla: State.BUSY}) == {layla}
    assert store.tell({layla: State.OFFLINE}) == {layla}
    assert store.tell({layla: State.OFFLINE}) == set()
    assert store.here([layla], at=NOW)[layla].told is None


def test_nothing_of_nobody(store, layla):
    assert store.hold([]) == set()
    store.look_at([], at=NOW)
    store.release([])

    assert store.here([], at=NOW) == {}
    assert store.here([layla], at=NOW) == {layla: Here()}
    assert claimed(store, LATER) == []


def test_a_redis_that_is_away_says_so(layla):
    store = RedisStore("redis://127.0.0.1:9/0", prefix="test")

    for call in (
        lambda: store.hold([entry(layla, "phone")]),
        lambda: store.here([layla], at=NOW),
        lambda: store.look_at([layla], at=NOW),
        lambda: claimed(store, NOW),
        lambda: store.tell({layla: State.ONLINE}),
        lambda: store.release([Claim(layla, None, NOW)]),
    ):
        with pytest.raises(StoreAway):
            call()


@pytest.mark.skipif(not settings.REDIS_URL, reason="There is no Redis here: make test-services")
class TestOverProcesses:
    @pytest.fixture
    def prefix(self):
        return f"test-{token_hex(8)}"

    def test_two_see_the_same(self, prefix, layla):
        one, other = (RedisStore(settings.REDIS_URL, prefix=prefix) for _ in range(2))
        one.hold([entry(layla, "phone", State.AWAY)])
        other.hold([entry(layla, "laptop", State.ONLINE, lasts=30)])
        one.look_at([layla], at=NOW)

        assert state_of(one, layla) == state_of(other, layla) == State.ONLINE
        assert len(other.claim(at=NOW, until=LATER, limit=10)) == 1
        assert one.claim(at=NOW, until=LATER, limit=10) == []
        assert one.tell({layla: State.ONLINE}) == {layla}
        assert other.tell({layla: State.ONLINE}) == set()

    def test_a_thousand_connections_take_a_few_round_trips(self, prefix, monkeypatch):
        store = RedisStore(settings.REDIS_URL, prefix=prefix)
        people = [uuid7() for _ in range(500)]
        trips = []
        pool = store._redis.connection_pool
        get = pool.get_connection
        monkeypatch.setattr(pool, "get_connection", lambda *names: trips.append(1) or get(*names))

        store.hold([entry(user, name) for user in people for name in ("phone", "laptop")])
        store.here(people, at=NOW)
        store.look_at(people, at=NOW)
        store.tell(dict.fromkeys(people, State.ONLINE))
        assert len(trips) == 4
        claims = store.claim(at=after(90), until=LATER, limit=2000)
        store.release(claims)

        assert len(claims) == 1500
        assert len(trips) == 6

    def test_nothing_stays_of_who_is_gone(self, prefix, layla):
        store = RedisStore(settings.REDIS_URL, prefix=prefix)
        store.hold([entry(layla, "phone")])
        store.tell({layla: State.ONLINE})
        lifetime = store._redis.pttl(f"{prefix}:presence:{layla}")
        assert 0 < lifetime <= 1000 * (90 + 600)

        store.tell({layla: State.OFFLINE})
        store.release(store.claim(at=after(90), until=LATER, limit=10))

        assert list(store._redis.scan_iter(f"{prefix}*")) == []
