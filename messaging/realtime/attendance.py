"""Presence of those whose sockets are in this process: what the store is told, and what others hear of it."""

import asyncio
import time
from collections import deque
from dataclasses import replace
from threading import Lock
from typing import Final
from uuid import UUID

import structlog
from django.utils import timezone

from accounts.events import UserBlocked
from common.events import Event, Told
from messaging import services
from messaging.events import UserOffline, UserOnline
from messaging.models import Presence
from messaging.services import Change, Device
from realtime.bell import Round, go_round
from realtime.frames import frame
from realtime.threads import attending

logger = structlog.get_logger(__name__)

TICK: Final = 1.0  # seconds between looks at who is due: what changes within one is told as one
REFRESH: Final = 30.0  # seconds between words that all connections are still there: a third of what they last
KEEP: Final = 300.0  # seconds between writes of when people were last here, of those who stay
PORTION: Final = 1000  # connections in one write
END_WITHIN: Final = 2.0  # seconds for the last write of a process

running: Final[list["Attendance"]] = []  # of the hubs in this process


class Attendance:
    """`realtime.registry.Attendant`. Whatever fails is tried again with the next refresh."""

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}
        self._news: deque[tuple[Device, bool]] = deque()  # what came and went and is not written yet
        self._filled = asyncio.Event()
        self._writing = Lock()  # between a state that is read and its writing nobody sets another
        running.append(self)

    def came(self, connection: str, user: UUID) -> None:
        device = self._devices[connection] = Device(user, connection)
        self._news.append((device, True))
        self._filled.set()

    def went(self, connection: str) -> None:
        if device := self._devices.pop(connection, None):
            self._news.append((device, False))
            self._filled.set()

    def at(self, connection: str, state: Presence.State | None) -> Device | None:
        """The device at this connection, which is in another state from now on if one is given."""
        with self._writing:
            if device := self._devices.get(connection):
                device = self._devices[connection] = replace(device, state=state or device.state)
            return device

    async def run(self) -> None:
        await asyncio.gather(self._write_news(), self._look())

    async def close(self) -> None:
        running.remove(self)
        for connection in list(self._devices):
            self.went(connection)
        try:
            await asyncio.wait_for(attending(self.write)(), END_WITHIN)
        except Exception:  # they are over by themselves
            logger.warning("attendance_unwritten", exc_info=True)

    async def _write_news(self) -> None:
        """At once, and together what comes meanwhile."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            try:
                await attending(self.write)()
            except Exception:
                logger.warning("attendance_unwritten", exc_info=True)

    async def _look(self) -> None:
        refreshed = kept = time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            try:
                if time.monotonic() - refreshed > REFRESH:
                    refreshed = time.monotonic()
                    await attending(self.refresh)(list(self._devices))
                if time.monotonic() - kept > KEEP:
                    kept = time.monotonic()
                    await attending(self.keep)({device.user for device in self._devices.values()})
                await attending(tell_changes)()
            except Exception:
                logger.warning("attendance_failed", exc_info=True)

    def write(self) -> None:
        """Tell the store who came and went. Blocking, as the next two."""
        gone: dict[str, Device] = {}
        came: set[str] = set()
        while self._news:
            device, is_here = self._news.popleft()
            if is_here:
                came.add(device.connection)
            else:
                gone[device.connection] = device
        self.refresh(sorted(came - gone.keys()))
        ended = list(gone.values())
        for start in range(0, len(ended), PORTION):
            services.end_devices(ended[start : start + PORTION])

    def refresh(self, connections: list[str]) -> None:
        """Tell the store that these are here."""
        for start in range(0, len(connections), PORTION):
            with self._writing:
                part = [self._devices.get(each) for each in connections[start : start + PORTION]]
                services.hold_devices([device for device in part if device])

    def keep(self, users: set[UUID]) -> None:
        """Keep that these people were here now."""
        now, people = timezone.now(), sorted(users)
        for start in range(0, len(people), PORTION):
            services.keep_last_seen(dict.fromkeys(people[start : start + PORTION], now))


def tell_changes() -> None:
    """Tell whoever looks at a chat with them of those who came, went, or are here in another way."""
    changes, claims = services.due_changes()
    go_round([_round(change) for change in changes])
    services.release_changes(claims)


def _round(change: Change) -> Round:
    is_here = change.state != Presence.State.OFFLINE
    event: Event = (
        UserOnline(user=change.user, presence=change.state) if is_here else UserOffline(user=change.user)
    )
    return Round(
        text=frame(event.type, at=timezone.now(), data=event.data()),
        topics=change.topics,
        hidden_from=sorted(str(user) for user in change.hidden_from),
    )


def tell_parted(told: list[Told]) -> None:
    """Listens to events: where somebody blocks somebody, each is gone for the other."""
    for each in told:
        if each.type == UserBlocked.type:
            blocker = UUID(each.topic.partition(":")[2])
            go_round([_round(change) for change in services.partings(blocker, UUID(each.data["user"]))])


def device_at(connection: str | None, status: str) -> Device | None:
    """The device at this connection of this process, once its person has said *status* there."""
    state = Presence.State(status) if status in ("online", "away") else None
    found = (each.at(connection, state) for each in running) if connection else ()
    return next((device for device in found if device), None)
