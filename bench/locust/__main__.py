"""`make load ARGS="…"`: Locust against a server of its own, scenario by scenario (README.md)."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from bench.checks import check
from bench.contenders import CHANNELS, OURS, ROOT, Place, Server, started, versions_of_ours
from bench.load import Broken
from bench.results import file_name, keep
from tests.machine import OTHER_CORE, Missing, description, on_core, version_of
from tests.services import Services, services

from .scenarios import SCENARIOS, Figures, Scenario

HERE: Final = Path(__file__).parent
LOOKED_EVERY: Final = 2.0  # seconds
TOLD_EVERY: Final = 10.0  # seconds
COME: Final = "2"  # people a second: each signs in, and a core hashes three passwords or so
HEAD: Final = (
    "| scenario | request | requests | failed | a second | p50 ms | p95 ms | p99 ms | max ms |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


def run_scenario(scenario: Scenario, place: Place, given: argparse.Namespace) -> Figures:
    """Have Locust do it, and look at the server and its database meanwhile."""
    place = replace(place, more=scenario.more | place.more)
    path = place.folder / "figures.json"
    path.unlink(missing_ok=True)
    before = _messages(place.services)
    with started("ours", place) as server:
        users = str(given.users if given.users and scenario.file != "limits.py" else scenario.users)
        words = [sys.executable, "-m", "locust", "--headless", "--locustfile", str(HERE / scenario.file)]
        words += ["--host", f"http://127.0.0.1:{server.port}", "--users", users, "--spawn-rate", COME]
        words += ["--run-time", f"{given.seconds}s", "--stop-timeout", "10", "--exit-code-on-error", "0"]
        words += ["--loglevel", "ERROR", "--only-summary"]
        told = {"PEOPLE": str(place.folder / "people"), "FIGURES": str(path), "PYTHONPATH": str(ROOT)}
        log = place.folder / "locust.log"
        with log.open("w") as said:
            locust = subprocess.Popen(
                on_core(OTHER_CORE, words), cwd=ROOT, env=os.environ | told, stdout=said, stderr=said
            )
            try:
                watched = _watch(locust, server, place.services)
            finally:
                if locust.poll() is None:
                    locust.kill()
                locust.wait()
    if locust.returncode or not path.exists():
        raise Broken(f"Locust ended with {locust.returncode}:\n{log.read_text()}")
    figures: Figures = json.loads(path.read_text())
    return figures | {"watched": watched, "stored": _messages(place.services) - before}


def _watch(locust: subprocess.Popen[bytes], server: Server, found: Services) -> dict[str, int]:
    """Until Locust ends: the most connections to the database, and the most threads that waited for one."""
    most = {"connections": 0, "awaited": 0}
    began = told = time.monotonic()
    with psycopg.connect(found.postgres.url("postgres"), autocommit=True) as connection:
        while locust.poll() is None:
            time.sleep(LOOKED_EVERY)
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = 'ours'"
            ).fetchone()
            most["connections"] = max(most["connections"], row[0] if row else 0)
            try:
                answer = httpx.get(f"http://127.0.0.1:{server.port}/metrics", timeout=30)
            except httpx.TransportError:
                continue
            if answer.status_code != 200:
                raise Broken(f"/metrics answers {answer.status_code}: {answer.text}")
            for family in text_string_to_metric_families(answer.text):
                if family.name == "serai_database_connections_awaited":
                    most["awaited"] = max(most["awaited"], *(int(each.value) for each in family.samples))
            if time.monotonic() - told > TOLD_EVERY:
                told = time.monotonic()
                print(f"  {told - began:.0f} s", flush=True)
    return most


def _messages(found: Services) -> int:
    with psycopg.connect(found.postgres.url("ours")) as connection:
        row = connection.execute("SELECT count(*) FROM messaging_message").fetchone()
    return int(row[0]) if row else 0


def faults_of(scenario: Scenario, figures: Figures) -> list[str]:
    """What did not hold."""
    missing = [name for name in scenario.wanted if not figures["kinds"].get(name, {}).get("requests")]
    found = [*figures["faults"], *(f"no {name}" for name in missing), *scenario.faults(figures)]
    said, sent, stored = figures["told"].get("said", 0), figures["told"].get("sent", 0), figures["stored"]
    if not sent <= stored <= said:  # who was stopped in the middle has said something and heard nothing
        found.append(f"{said} messages were said, {sent} acknowledged, {stored} stored")
    return found


def rows(title: str, figures: Figures) -> list[str]:
    return [
        f"| {title} | {name} | {kind['requests']:,} | {kind['failures']:,} | {kind['per_second']:.1f} "
        f"| {kind['p50']:.0f} | {kind['p95']:.0f} | {kind['p99']:.0f} | {kind['max']:.0f} |"
        for name, kind in sorted(figures["kinds"].items())
    ]


def run(given: argparse.Namespace) -> dict[str, list[str]]:
    """Run the scenarios, show the table, and keep it if that is asked.

    Returns:
        What did not hold, by scenario.
    """
    about: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": version_of("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "ours": " ".join([*given.set, OURS.replace("{server}", given.server)]),
        "seconds": given.seconds,
        "load": os.getloadavg()[0],
        "machine": description(versions_of_ours()),
    }
    scenarios = {name: SCENARIOS[name] for name in given.scenarios or SCENARIOS}
    measured: dict[str, Figures] = {}
    faults: dict[str, list[str]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="serai-load-")))
        found = stack.enter_context(services(folder, databases=["ours"], core=OTHER_CORE))
        more = dict(each.split("=", 1) for each in given.set)
        place = Place(folder=folder, built=folder, services=found, server=given.server, more=more)
        print("filling the database", flush=True)
        world = [sys.executable, "-m", "bench.locust.world", str(folder)]
        subprocess.run(world, cwd=ROOT, env=place.environment_of_ours(), check=True)
        for name, scenario in scenarios.items():
            print(f"{name}, {given.seconds} s, load {os.getloadavg()[0]:.1f}", flush=True)
            try:
                measured[name] = run_scenario(scenario, place, given)
                check(found, "ours")
            except Broken as broken:
                faults[name] = [str(broken)]
                continue
            finally:
                if given.logs:
                    print((folder / "ours.log").read_text())
            print("\n".join([HEAD, *rows(scenario.title, measured[name])]), flush=True)
            print(f"  watched: {measured[name]['watched']}, told: {measured[name]['told']}", flush=True)
            if wrong := faults_of(scenario, measured[name]):
                faults[name] = wrong
    table = "\n".join([HEAD, *(row for name, each in measured.items() for row in rows(name, each))])
    if given.machine:
        path = HERE / "results" / file_name(given.machine)
        keep(path, run=about | {"violated": faults}, figures={"scenarios": measured}, table=table)
    return faults


def main() -> None:
    options = argparse.ArgumentParser(prog="make load", description=__doc__)
    options.add_argument(
        "scenarios", nargs="*", metavar="scenario", help=f"{', '.join(SCENARIOS)}; all if none is named"
    )
    options.add_argument("--seconds", type=int, default=30, help="of each scenario")
    options.add_argument(
        "--users", type=int, default=0, help="at once, in place of the scenario's own number"
    )
    options.add_argument("--server", default=os.environ.get("SERVER", "daphne"), choices=CHANNELS)
    options.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="for the server")
    options.add_argument("--logs", action="store_true", help="show what the server said")
    options.add_argument(
        "--machine", default="", help="keep the figures in bench/locust/results under this name"
    )
    given = options.parse_args()
    if unknown := set(given.scenarios) - set(SCENARIOS):
        options.error(f"no such scenario: {', '.join(unknown)}")
    if any("=" not in each for each in given.set):
        options.error("--set takes NAME=VALUE")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # and what was started ends with it
    try:
        faults = run(given)
    except Missing as error:
        sys.exit(str(error))
    if faults:
        sys.exit("\n".join(f"{name} is violated: {fault}" for name, each in faults.items() for fault in each))


if __name__ == "__main__":
    main()
