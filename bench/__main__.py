"""`make bench ARGS="…"`: ours and its peers side by side, in turns, on one machine (README.md)."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.machine import OTHER_CORE, Missing, description, program, version_of
from tests.services import services

from .checks import check
from .contenders import CHANNELS, OURS, PEERS, ROOT, Place, install_peers, started, versions_of_ours
from .lines import LINES, Figures
from .load import Broken, Load, build
from .profiles import profiled
from .results import HEAD, Measured, file_name, write

BUILT: Final = ROOT / "var/bench"  # what one run leaves for the next
RESULTS: Final = Path(__file__).parent / "results"


def measure(name: str, place: Place, load: Load, given: argparse.Namespace) -> Measured:
    """Have every contender of a line do its work, in turns, as often as is asked."""
    line, loaded = LINES[name], os.getloadavg()[0]
    place = replace(place, more=line.more | place.more)
    repeats = {contender: list[Figures]() for contender in line.contenders}
    with ExitStack() as stack:
        servers = (
            {} if line.is_fresh else {each: stack.enter_context(started(each, place)) for each in repeats}
        )
        for _ in range(given.repeats):
            for contender, figures in repeats.items():
                with (
                    started(contender, place) if line.is_fresh else nullcontext(servers[contender]) as server
                ):
                    figures.append(line.measure(server, load, given.seconds))
                shown = "  ".join(f"{figure} {value:,.2f}" for figure, value in figures[-1].items())
                print(f"  {contender:<15} {shown}", flush=True)
        if given.profile and servers:
            path = given.profile / f"{name}.md"
            watching = replace(load, watched=lambda server: profiled(server.pid, path))
            line.measure(servers["ours"], watching, given.seconds)
    check(place.services)
    return Measured(name, line, repeats, loaded)


def versions() -> dict[str, str]:
    peers = json.loads((PEERS / "package.json").read_text())["dependencies"]
    return {
        **versions_of_ours(),
        "node": version_of(program("node", package="nodejs"), "--version"),
        **peers,
    }


def run(given: argparse.Namespace) -> dict[str, str]:
    """Measure the lines, show the table, and keep it if that is asked.

    Returns:
        What was wrong, by line: such a line has no figures.
    """
    measured: list[Measured] = []
    faults: dict[str, str] = {}  # by line
    install_peers(BUILT / "peers")
    about: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": version_of("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "ours": " ".join([*given.set, given.ours.replace("{server}", given.server)]),
        "seconds": given.seconds,
        "repeats": given.repeats,
        "machine": description(versions()),
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="serai-bench-")))
        found = stack.enter_context(services(folder, databases=("ours", "peers"), core=OTHER_CORE))
        more = dict(each.split("=", 1) for each in given.set)
        place = Place(
            folder=folder, built=BUILT, services=found, server=given.server, ours=given.ours, more=more
        )
        load = Load(wsload=build(BUILT), people=folder)
        print("filling the databases", flush=True)
        filled = place.environment_of_ours() | {"PEERS_DATABASE_URL": found.postgres.url("peers")}
        world = [sys.executable, "-m", "bench.world", str(folder)]
        subprocess.run(world, cwd=ROOT, env=filled, check=True)
        for line in given.lines or LINES:
            print(f"{line}, load {os.getloadavg()[0]:.1f}", flush=True)
            try:
                measured.append(measure(line, place, load, given))
            except Broken as broken:
                faults[line] = str(broken)
                print(f"  BROKEN: {broken}", flush=True)
            else:
                print("\n".join([HEAD, *measured[-1].rows()]), flush=True)
    if given.keep:
        write(RESULTS / given.keep, run=about | {"broken": faults}, measured=measured)
    print("\n".join(["", HEAD, *(row for each in measured for row in each.rows())]))
    return faults


def main() -> None:
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("lines", nargs="*", metavar="line", help=f"{', '.join(LINES)}; all if none is named")
    options.add_argument("--seconds", type=int, default=5, help="of each measurement")
    options.add_argument("--repeats", type=int, default=5, help="of each contender, in turns")
    options.add_argument("--ours", default=os.environ.get("OURS", OURS), help="command line of ours")
    options.add_argument(
        "--server",
        default=os.environ.get("SERVER", "daphne"),
        choices=CHANNELS,
        help="of ours and of the Channels peer",
    )
    options.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="for ours")
    options.add_argument(
        "--profile", type=Path, metavar="FOLDER", help="where the time of ours goes (py-spy)"
    )
    options.add_argument("--machine", default="", help="keep the figures in bench/results under this name")
    given = options.parse_args()
    if unknown := set(given.lines) - set(LINES):
        options.error(f"no such line: {', '.join(unknown)}")
    if any(each.startswith("SERVER=") for each in given.set):
        options.error("the server is named by --server: the command line that starts ours has it, too")
    if any("=" not in each for each in given.set):
        options.error("--set takes NAME=VALUE")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # and what was started ends with it
    given.keep = file_name(given.machine) if given.machine else ""
    try:
        faults = run(given)
    except Missing as error:
        sys.exit(str(error))
    if faults:
        sys.exit("\n".join(f"{line} is broken: {fault}" for line, fault in faults.items()))


if __name__ == "__main__":
    main()
