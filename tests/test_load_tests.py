"""The load tests in `bench/locust` fit together. They are run by hand: the suite needs no Locust."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from bench.locust.__main__ import faults_of, rows
from bench.locust.scenarios import POOL, SCENARIOS, WAITS, Figures

ROOT: Final = Path(__file__).parent.parent
LOCUST: Final = ROOT / "bench/locust"


def figures(*kinds: str, **more: object) -> Figures:
    kind = {"requests": 10, "failures": 0, "per_second": 1.0, "p50": 5, "p95": 9, "p99": 9, "max": 9}
    plain = {"faults": [], "told": {}, "stored": 0, "watched": {"connections": POOL, "awaited": 1}}
    return plain | {"kinds": {name: dict(kind) for name in kinds}} | more


def users_in(name: str) -> list[str]:
    tree = ast.parse((LOCUST / name).read_text())
    return [
        each.name
        for each in tree.body
        if isinstance(each, ast.ClassDef) and "abstract = True" not in ast.unparse(each)
    ]


def test_every_scenario_has_its_users_and_is_explained():
    page = (LOCUST / "README.md").read_text()

    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(SCENARIOS)
    for name, scenario in SCENARIOS.items():
        assert users_in(scenario.file), name
        assert f"{scenario.users} people" in page or name == "limits"


def test_of_the_limits_there_are_as_many_users_as_are_asked_for():
    counts = re.findall(r"fixed_count = (\d+)", (LOCUST / "limits.py").read_text())

    assert sum(map(int, counts)) == SCENARIOS["limits"].users


def test_what_is_as_it_must_be_has_no_faults():
    for scenario in SCENARIOS.values():
        found = figures(*scenario.wanted, told={"said": 11, "sent": 10, "heard": 200}, stored=10)

        assert faults_of(scenario, found) == []
        assert len(rows(scenario.title, found)) == len(scenario.wanted)


def test_what_fails_or_was_never_asked_is_a_fault():
    scenario = SCENARIOS["rest"]
    found = figures(*scenario.wanted[1:], faults=["3 × GET chats: 500"])

    assert faults_of(scenario, found) == ["3 × GET chats: 500", f"no {scenario.wanted[0]}"]


def test_a_pool_that_nobody_waits_for_shows_nothing_and_one_that_keeps_waiting_fails():
    scenario = SCENARIOS["pool"]
    idle = figures(*scenario.wanted, watched={"connections": POOL + 1, "awaited": 0})
    slow = figures(*scenario.wanted)
    slow["kinds"]["GET chats"]["max"] = WAITS + 1

    assert len(faults_of(scenario, idle)) == 2
    assert faults_of(scenario, slow) == [f"somebody waited for {WAITS + 1} ms"]


def test_less_heard_than_sent_is_a_fault():
    scenario = SCENARIOS["sockets"]

    assert (
        len(faults_of(scenario, figures(*scenario.wanted, told={"said": 9, "sent": 9, "heard": 9}, stored=9)))
        == 1
    )


@pytest.mark.parametrize("stored", [9, 13])
def test_a_message_that_is_lost_or_doubled_is_a_fault(stored):
    scenario = SCENARIOS["rest"]

    assert (
        len(faults_of(scenario, figures(*scenario.wanted, told={"said": 12, "sent": 10}, stored=stored))) == 1
    )
