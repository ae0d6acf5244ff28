"""Those who come in and come back, many at once: after a deploy all sockets of a process do, and each asks
the same of the database. So what comes during one look is asked in the next one, together.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from common.events import topic_of_user
from common.models import LogEpoch, UserPosition

from . import registry
from .frames import Close
from .missed import Asked, Losses, losses_of
from .registry import Caller, Shown
from .threads import entering
from .together import Together

AT_ONCE: Final = 16  # in one look: more would be let in in one breath, and all others wait for that
FEW: Final = 50  # topics: who asks for more is looked at alone, and nobody waits for that


@dataclass(frozen=True)
class Entry:
    """Somebody who comes in, and what there is at that moment."""

    caller: Caller
    positions: dict[str, int]
    epoch: str


class Entrants:
    """The looks of a process at who comes in, and at what moved until the bell rang for them."""

    def __init__(self) -> None:
        self._entries = Together[Shown, Entry | Close](_look, most=AT_ONCE)
        self._positions = Together[UUID, dict[str, int]](_look_again, most=AT_ONCE)
        self._missed = Together[Asked, Losses](_look_back, most=AT_ONCE)

    async def entry_of(self, shown: Shown) -> Entry | Close:
        """Whoever shows this, or why they can't come in."""
        return await self._entries.ask(shown)

    async def positions_of(self, user: UUID) -> dict[str, int]:
        """Every topic *user* hears, with its newest position."""
        return await self._positions.ask(user)

    async def missed_by(self, user: UUID, positions: Mapping[str, Any]) -> Losses:
        """What *user* lacks since these positions, and by topic why that can't be given."""
        asked = Asked(user, positions)
        if sum(len(positions.get(f"{kind}s", ())) for kind in registry.feeds) > FEW:
            [found] = await _look_back([asked])
            return found
        return await self._missed.ask(asked)


async def _look(shown: list[Shown]) -> list[Entry | Close]:
    return await entering(entries_of)(shown)


async def _look_again(users: list[UUID]) -> list[dict[str, int]]:
    found = await entering(positions_of)(users)
    return [found[user] for user in users]


async def _look_back(asked: list[Asked]) -> list[Losses]:
    return await entering(losses_of)(asked)


def entries_of(shown: Sequence[Shown]) -> list[Entry | Close]:
    """Whoever shows these, in their order, or why they can't come in. Blocking."""
    callers = registry.authenticator().callers(shown)
    known = {caller.user.pk for caller in callers if caller}
    kept_out = registry.kept_out(known) if known else set()
    positions = positions_of(known - kept_out)
    epoch = LogEpoch.current() if positions else ""
    return [_entry(caller, positions, epoch) for caller in callers]


def _entry(caller: Caller | None, positions: dict[UUID, dict[str, int]], epoch: str) -> Entry | Close:
    if caller is None:
        return Close.NOT_AUTHENTICATED
    if caller.user.pk not in positions:
        return Close.NOT_ALLOWED
    return Entry(caller, positions[caller.user.pk], epoch)


def positions_of(users: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """Every topic that each of *users* hears, with its newest position: what they are in, and their own
    stream. Blocking.
    """
    positions = {user: {topic_of_user(user): seq} for user, seq in UserPosition.of_each(users).items()}
    for kind, feed in registry.feeds.items():
        for user, places in feed.places(positions).items():
            positions[user] |= {f"{kind}:{id_}": newest for id_, newest in places.items()}
    return positions
