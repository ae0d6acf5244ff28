"""Presence in Redis, for any number of processes.

A hash for each person: an entry a connection, `state|expires|seen`, and `told`. One sorted set for all: who
is due when. Times are whole milliseconds since the epoch, so that they compare exactly.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final
from uuid import UUID

from redis import Redis, RedisError

from .base import Claim, Entry, Here, State, StoreAway, strongest

PATIENCE: Final = 2.0  # seconds for Redis to answer: nobody waits longer to hear who is here
KEPT: Final = timedelta(minutes=10)  # an entry that is over, until somebody has looked at whose it was
TOLD: Final = "told"

# Who is due, taken: nobody else finds them due before the lease is over.
CLAIM: Final = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[2], member) end
return due
"""
# Claims given back, each with its hash, unless it is due at another time by now: then it was written again.
RELEASE: Final = """
for i = 1, #KEYS - 1 do
  local member, lease, field = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  if tonumber(redis.call('ZSCORE', KEYS[1], member) or -1) == tonumber(lease) then
    redis.call('ZREM', KEYS[1], member)
    redis.call('HDEL', KEYS[i + 1], field)
  end
end
"""


class RedisStore:
    """Works with Redis 6.2 or newer, as Valkey does.

    Args:
        prefix: of all keys; several installations may share one Redis.
    """

    def __init__(self, url: str, *, prefix: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, decode_responses=True
        )
        self._prefix = f"{prefix}:presence"
        self._due = f"{self._prefix}-due"
        self._claim = self._redis.register_script(CLAIM)
        self._release = self._redis.register_script(RELEASE)

    def hold(self, entries: Sequence[Entry]) -> set[UUID]:
        if not entries:
            return set()
        with self._pipeline() as pipe:
            for entry in entries:
                pipe.hset(self._key(entry.user), entry.connection, _packed(entry))
            for entry in entries:
                pipe.pexpire(self._key(entry.user), entry.expires - entry.seen + KEPT)
            pipe.zadd(self._due, {_member(each.user, each.connection): _ms(each.expires) for each in entries})
            answers = pipe.execute()
        return {entry.user for entry, is_new in zip(entries, answers, strict=False) if is_new}

    def here(self, users: Iterable[UUID], *, at: datetime) -> dict[UUID, Here]:
        users = list(users)
        with self._pipeline() as pipe:
            for user in users:
                pipe.hgetall(self._key(user))
            hashes = pipe.execute()
        return {user: _here(hash_, _ms(at)) for user, hash_ in zip(users, hashes, strict=True)}

    def look_at(self, users: Iterable[UUID], *, at: datetime) -> None:
        if due := {_member(user, None): _ms(at) for user in users}:
            with _answering():
                self._redis.zadd(self._due, due, lt=True)

    def claim(self, *, at: datetime, until: datetime, limit: int) -> list[Claim]:
        with _answering():
            members: Any = self._claim(keys=[self._due], args=[_ms(at), _ms(until), limit])
        return [Claim(*_of_member(member), _time(_ms(until))) for member in members]

    def tell(self, states: Mapping[UUID, State]) -> set[UUID]:
        with self._pipeline() as pipe:
            for user, state in states.items():
                pipe.hget(self._key(user), TOLD)
                if state == State.OFFLINE:
                    pipe.hdel(self._key(user), TOLD)
                else:
                    pipe.hset(self._key(user), TOLD, state.value)
            before = pipe.execute()[::2]
        return {
            user
            for (user, state), told in zip(states.items(), before, strict=True)
            if state != (told or State.OFFLINE)
        }

    def release(self, claims: Sequence[Claim]) -> None:
        if not claims:
            return
        keys = [self._due, *(self._key(claim.user) for claim in claims)]
        given = [
            (_member(claim.user, claim.connection), _ms(claim.until), claim.connection or "")
            for claim in claims
        ]
        with _answering():
            self._release(keys=keys, args=list(chain.from_iterable(given)))

    def _key(self, user: UUID) -> str:
        return f"{self._prefix}:{user}"

    @contextmanager
    def _pipeline(self) -> Iterator[Any]:
        with _answering(), self._redis.pipeline() as pipe:
            yield pipe


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise StoreAway from error


def _here(hash_: dict[str, str], at: int) -> Here:
    told = hash_.pop(TOLD, None)
    entries = [text.split("|") for text in hash_.values()]
    return Here(
        state=strongest(State(state) for state, expires, _ in entries if int(expires) > at),
        seen=max((_time(int(seen)) for _, _, seen in entries), default=None),
        told=State(told) if told else None,
    )


def _packed(entry: Entry) -> str:
    return f"{entry.state.value}|{_ms(entry.expires)}|{_ms(entry.seen)}"


def _member(user: UUID, connection: str | None) -> str:
    return f"{user} {connection}" if connection else str(user)


def _of_member(member: str) -> tuple[UUID, str | None]:
    user, _, connection = member.partition(" ")
    return UUID(user), connection or None


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
