"""Presence in the memory of the one process that there is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from heapq import nsmallest
from threading import Lock
from uuid import UUID

from .base import Claim, Entry, Here, State, strongest

Member = tuple[UUID, str | None]


class MemoryStore:
    def __init__(self) -> None:
        self._entries: dict[UUID, dict[str, Entry]] = defaultdict(dict)
        self._told: dict[UUID, State] = {}
        self._due: dict[Member, datetime] = {}
        self._lock = Lock()

    def hold(self, entries: Sequence[Entry]) -> set[UUID]:
        with self._lock:
            new = {
                entry.user for entry in entries if entry.connection not in self._entries.get(entry.user, {})
            }
            for entry in entries:
                self._entries[entry.user][entry.connection] = entry
                self._due[entry.user, entry.connection] = entry.expires
            return new

    def here(self, users: Iterable[UUID], *, at: datetime) -> dict[UUID, Here]:
        with self._lock:
            return {user: self._here(user, at) for user in users}

    def _here(self, user: UUID, at: datetime) -> Here:
        entries = self._entries.get(user, {}).values()
        return Here(
            state=strongest(entry.state for entry in entries if entry.expires > at),
            seen=max((entry.seen for entry in entries), default=None),
            told=self._told.get(user),
        )

    def look_at(self, users: Iterable[UUID], *, at: datetime) -> None:
        with self._lock:
            for user in users:
                self._due[user, None] = min(at, self._due.get((user, None), at))

    def claim(self, *, at: datetime, until: datetime, limit: int) -> list[Claim]:
        with self._lock:
            due = [member for member, when in self._due.items() if when <= at]
            taken = nsmallest(limit, due, key=lambda member: self._due[member])
            self._due |= dict.fromkeys(taken, until)
            return [Claim(user, connection, until) for user, connection in taken]

    def tell(self, states: Mapping[UUID, State]) -> set[UUID]:
        with self._lock:
            news = {user for user, state in states.items() if self._told.get(user, State.OFFLINE) != state}
            for user in news:
                if states[user] == State.OFFLINE:
                    del self._told[user]
                else:
                    self._told[user] = states[user]
            return news

    def release(self, claims: Sequence[Claim]) -> None:
        with self._lock:
            for claim in claims:
                if self._due.get((claim.user, claim.connection)) == claim.until:
                    del self._due[claim.user, claim.connection]
                    if claim.connection:
                        del self._entries[claim.user][claim.connection]
                        if not self._entries[claim.user]:
                            del self._entries[claim.user]
