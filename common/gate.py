"""Who is served at all: rules for addresses and countries, as this process knows them.

A rule allows or denies a network or a country. **A matching allow beats any matching deny**, whichever is
the narrower; an address that nothing matches is served. A country matches where the GeoIP file says so
(`common.geo`): an address whose country is unknown is matched by no country, so it is never denied by one.

The rules are another app's, which registers where they come from. Here they are compiled, so that asking
costs microseconds however many there are, and kept current: whoever asks first after `ADDRESS_RULES_SWEEP`
seconds looks at their version, one row by its primary key, and reads them anew where it is another one. So
every process follows a change within those seconds, no request waits for a query of its own, and where the
database is away, or doesn't answer in time, the last known rules hold.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.utils import timezone

from .addresses import parse_address, parse_network
from .geo import place_of

logger = structlog.get_logger(__name__)

PATIENCE: Final = 0.25  # seconds: a look takes milliseconds
FOR_EVER: Final = -1.0  # while no rules are known


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    Attributes:
        value: a network (`203.0.113.0/24`), or a country in two letters.
        allows: it denies otherwise.
        expires_at: it holds until then; for ever if None.
    """

    value: str
    allows: bool
    expires_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.expires_at is None or self.expires_at > at


class Rules:
    """Rules ready to be asked. Of one network or country there is one."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._countries: dict[str, Rule] = {}
        # By family and length of the prefix, then by the prefix as a number: one look for each length in use.
        self._networks: dict[tuple[int, int], dict[int, Rule]] = defaultdict(dict)
        for rule in rules:
            if "/" in rule.value:
                network = parse_network(rule.value)
                prefix = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
                self._networks[network.version, network.prefixlen][prefix] = rule
            else:
                self._countries[rule.value] = rule

    def __bool__(self) -> bool:
        return bool(self._countries or self._networks)

    def matching(self, text: str, *, at: datetime) -> list[Rule]:
        """Those that hold for the address *text*."""
        if (address := parse_address(text)) is None:
            return []
        bits = int(address)
        found = [
            of_length.get(bits >> (address.max_prefixlen - length))
            for (version, length), of_length in self._networks.items()
            if version == address.version
        ]
        if self._countries and (place := place_of(str(address))):
            found.append(self._countries.get(place.country))
        return [rule for rule in found if rule and rule.holds(at)]

    def denies(self, address: str | None, *, at: datetime) -> bool:
        if address is None or not self:
            return False
        matching = self.matching(address, at=at)
        return bool(matching) and not any(rule.allows for rule in matching)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the rules are.

    Attributes:
        version: a number that is another after each change.
        rules: all that have not expired.
    """

    version: Callable[[], int]
    rules: Callable[[], Iterable[Rule]]


_sources: Final[list[Source]] = []


def register_source(source: Source) -> None:
    _sources[:] = [source]


class Gate:
    """The rules of a process, and when it last looked whether they still are the rules."""

    def __init__(self) -> None:
        self._rules = Rules()
        self._version: int | None = None
        self._looked_at = float("-inf")  # seconds of the monotonic clock
        self._lock = threading.Lock()

    def admits(self, address: str | None) -> bool:
        """Whether *address* is served. Blocking now and then: it may look at the database."""
        return not self.denied_among([address])

    def verdict(self, address: str | None) -> bool | None:
        """The same without a look, for a loop; None: it is time for one."""
        return None if self._is_due() else not self._rules.denies(address, at=timezone.now())

    def denied_among(self, addresses: Iterable[str | None]) -> set[str | None]:
        self._keep_current()
        rules, now = self._rules, timezone.now()
        return {address for address in addresses if rules.denies(address, at=now)}

    def _keep_current(self) -> None:
        if not self._is_due():
            return
        # The others wait for one look, rather than go by old rules; but not for one that is stuck: they may
        # hold the very connection that it is waiting for.
        if self._lock.acquire(timeout=FOR_EVER if self._version is None else PATIENCE):
            try:
                if self._is_due():
                    self._look()
            finally:
                self._lock.release()

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at > settings.ADDRESS_RULES_SWEEP

    def _look(self) -> None:
        began = time.monotonic()  # what changes from now on is for the next look
        try:
            for source in _sources:
                # The version first: rules that are newer than it are only read once more.
                if (version := source.version()) != self._version:
                    self._rules = Rules(source.rules())
                    self._version = version
        except Exception:  # the database is away: the last known rules hold
            logger.warning("address_rules_unread", exc_info=True)
        self._looked_at = began


gate: Final = Gate()
