"""Who is served: what comes of several rules, and how soon a process knows of a change."""

import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from random import Random

import pytest
from django.db import OperationalError
from django.utils import timezone

from common import gate as gates
from common.gate import Gate, Rule, Rules, Source
from common.tests.geofiles import write_geo_file

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def rules(*words, expires_at=None):
    """`deny 203.0.113.0/24` and the like."""
    return Rules(
        Rule(value=value, allows=effect == "allow", expires_at=expires_at)
        for effect, value in (each.split() for each in words)
    )


def denied(given, *addresses):
    return [address for address in addresses if given.denies(address, at=NOW)]


@pytest.mark.parametrize(
    ("words", "address", "is_denied"),
    [
        ([], "203.0.113.7", False),
        (["deny 203.0.113.0/24"], "203.0.113.7", True),
        (["deny 203.0.113.0/24"], "203.0.114.7", False),
        (["deny 203.0.113.7/32"], "203.0.113.7", True),
        (["deny 203.0.113.7/32"], "203.0.113.8", False),
        (["deny 0.0.0.0/0"], "203.0.113.7", True),
        (["deny 0.0.0.0/0"], "2001:db8::1", False),
        (["deny ::/0"], "203.0.113.7", False),
        (["deny ::/0"], "2001:db8::1", True),
        (["deny 2001:db8::/32"], "2001:DB8:0::1", True),
        (["deny 2001:db8::/32"], "2001:db9::1", False),
        (["deny 203.0.113.0/24"], "::ffff:203.0.113.7", True),
        (["deny 203.0.113.0/24"], "::ffff:cb00:7107", True),
        (["deny 203.0.113.0/24"], None, False),
        (["deny 203.0.113.0/24"], "unknown", False),
        # an allow beats a deny, whichever is the narrower
        (["deny 203.0.113.0/24", "allow 203.0.113.7/32"], "203.0.113.7", False),
        (["deny 203.0.113.7/32", "allow 203.0.113.0/24"], "203.0.113.7", False),
        (["deny 203.0.113.0/24", "allow 203.0.113.7/32"], "203.0.113.8", True),
        (["deny 0.0.0.0/0", "deny ::/0", "allow 198.51.100.0/24"], "198.51.100.9", False),
        (["deny 0.0.0.0/0", "deny ::/0", "allow 198.51.100.0/24"], "2001:db8::1", True),
        # by country
        (["deny SA"], "203.0.113.7", True),
        (["deny SA"], "2001:db8:1::7", True),
        (["deny SA"], "198.51.100.1", False),
        (["deny SA"], "192.0.2.1", False),  # of no known country
        (["deny SA", "allow 203.0.113.7/32"], "203.0.113.7", False),
        (["deny 203.0.113.0/24", "allow SA"], "203.0.113.7", False),
        (["allow SA"], "198.51.100.1", False),  # to allow some denies nobody else
    ],
)
def test_a_matching_allow_beats_any_matching_deny(words, address, is_denied, geoip):
    assert rules(*words).denies(address, at=NOW) is is_denied


@pytest.mark.parametrize(("hours", "is_denied"), [(1, True), (0, False), (-1, False)])
def test_a_rule_holds_until_it_expires(hours, is_denied):
    given = rules("deny 203.0.113.0/24", expires_at=NOW + timedelta(hours=hours))

    assert given.denies("203.0.113.7", at=NOW) is is_denied


def test_without_a_file_a_country_denies_nobody(settings):
    settings.GEOIP_DATABASE = ""

    assert denied(rules("deny SA"), "203.0.113.7", "2001:db8:1::7") == []


def test_a_country_follows_the_file(geoip):
    given = rules("deny SA")
    before = denied(given, "203.0.113.7", "198.51.100.1")

    write_geo_file(geoip, {"198.51.100.0/24": ("SA", "")})

    assert before == ["203.0.113.7"]
    assert denied(given, "203.0.113.7", "198.51.100.1") == ["198.51.100.1"]


def test_compiled_rules_find_what_looking_at_each_would():
    random = Random(7)
    networks = {
        ip_network((random.getrandbits(bits), random.randint(bits // 8, bits)), strict=False)
        for bits in (32, 128)
        for _ in range(500)
    }
    given = Rules(Rule(value=str(network), allows=False) for network in networks)
    inside = [network[random.randrange(network.num_addresses)] for network in networks]
    anywhere = [ip_address(random.getrandbits(bits)) for bits in (32, 128) for _ in range(500)]

    for address in [*inside, *anywhere]:
        expected = sorted(str(network) for network in networks if address in network)
        assert sorted(rule.value for rule in given.matching(str(address), at=NOW)) == expected


# --- How soon -----------------------------------------------------------------------------------------------


class Table:
    """Where the rules are, for any number of processes."""

    def __init__(self, monkeypatch):
        self.version, self.words, self.looks, self.reads = 1, [], 0, 0
        monkeypatch.setattr(gates, "_sources", [Source(version=self.look, rules=self.read)])

    def look(self):
        self.looks += 1
        return self.version

    def read(self):
        self.reads += 1
        return [Rule(value=word.split()[1], allows=False) for word in self.words]

    def change(self, *words):
        self.words, self.version = words, self.version + 1


@pytest.fixture
def table(monkeypatch):
    return Table(monkeypatch)


@pytest.fixture
def clock(monkeypatch):
    """Seconds of the monotonic clock, moved by hand."""
    seconds = [1000.0]
    monkeypatch.setattr(gates.time, "monotonic", lambda: seconds[0])
    return seconds


def test_every_process_follows_a_change_within_two_seconds(table, clock, settings):
    settings.ADDRESS_RULES_SWEEP = 2.0
    first, second = Gate(), Gate()
    before = [first.admits("203.0.113.7"), second.admits("203.0.113.7")]
    table.change("deny 203.0.113.0/24")

    clock[0] += 2.001
    denied_then = [first.admits("203.0.113.7"), second.admits("203.0.113.7")]
    table.change()
    clock[0] += 2.001

    assert before == [True, True]
    assert denied_then == [False, False]
    assert [first.admits("203.0.113.7"), second.admits("203.0.113.7")] == [True, True]


def test_between_two_looks_nothing_is_asked_of_the_database(table, clock, settings):
    settings.ADDRESS_RULES_SWEEP = 2.0
    table.words = ["deny 203.0.113.0/24"]
    gate = Gate()

    for _ in range(1000):
        gate.admits("203.0.113.7")
        clock[0] += 0.0019

    assert (table.looks, table.reads) == (1, 1)


def test_rules_that_have_not_changed_are_not_read_again(table, clock, settings):
    settings.ADDRESS_RULES_SWEEP = 2.0
    gate = Gate()

    for _ in range(5):
        gate.admits("203.0.113.7")
        clock[0] += 3

    assert (table.looks, table.reads) == (5, 1)


def test_where_the_database_is_away_the_last_known_rules_hold(table, clock, settings, monkeypatch):
    settings.ADDRESS_RULES_SWEEP = 2.0
    table.words = ["deny 203.0.113.0/24"]
    gate = Gate()
    gate.admits("203.0.113.7")

    def away():
        raise OperationalError("connection refused")

    monkeypatch.setattr(gates, "_sources", [Source(version=away, rules=table.read)])
    clock[0] += 3

    assert not gate.admits("203.0.113.7")
    assert gate.admits("198.51.100.1")


def test_of_many_who_ask_at_once_one_looks_and_none_goes_by_old_rules(table, settings):
    settings.ADDRESS_RULES_SWEEP = 3600
    table.words = ["deny 203.0.113.0/24"]
    gate, answers, ready = Gate(), [], threading.Barrier(8)

    def ask():
        ready.wait()
        answers.append(gate.admits("203.0.113.7"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [False] * 8
    assert (table.looks, table.reads) == (1, 1)


def test_a_look_that_is_stuck_holds_nobody_up(table, settings, monkeypatch):
    """Who looks may wait for a connection that those hold who wait for the look."""
    settings.ADDRESS_RULES_SWEEP = -1  # due each time
    table.words = ["deny 203.0.113.0/24"]
    gate, looking, connection_is_free = Gate(), threading.Event(), threading.Event()
    gate.admits("203.0.113.7")

    def stuck() -> int:
        looking.set()
        connection_is_free.wait()
        return table.version

    monkeypatch.setattr(gates, "_sources", [Source(version=stuck, rules=table.read)])
    one = threading.Thread(target=gate.admits, args=["203.0.113.7"])
    one.start()
    looking.wait()

    assert not gate.admits("203.0.113.7")
    assert gate.admits("198.51.100.1")
    connection_is_free.set()
    one.join()


def test_a_rule_expires_without_a_look(table, settings, monkeypatch):
    settings.ADDRESS_RULES_SWEEP = 3600
    expires_at = timezone.now() + timedelta(hours=1)
    rule = Rule(value="203.0.113.0/24", allows=False, expires_at=expires_at)
    monkeypatch.setattr(gates, "_sources", [Source(version=table.look, rules=lambda: [rule])])
    gate = Gate()
    before = gate.admits("203.0.113.7")

    monkeypatch.setattr(gates.timezone, "now", lambda: expires_at)

    assert (before, gate.admits("203.0.113.7")) == (False, True)
