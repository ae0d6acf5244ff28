"""The machine that bench and proofs run on: its cores, what its processes cost, which programs it has."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SERVER_CORE, OTHER_CORE = 0, 1  # what is measured; what loads it, PostgreSQL and Redis
PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """A program that is needed is not on this machine."""


def program(name: str, *, package: str) -> str:
    """The path of a program.

    Args:
        package: of Debian, for who has to install it.

    Raises:
        Missing
    """
    places = os.pathsep.join([os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
    if (path := shutil.which(name, path=places)) is None:
        raise Missing(f"This needs {name}: apt-get install {package}")
    return path


def on_core(core: int, command: Sequence[str]) -> list[str]:
    """*command*, kept on one core."""
    return [program("taskset", package="util-linux"), "--cpu-list", str(core), *command]


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    try:
        found = [int(child) for each in children for child in each.read_text().split()]
    except OSError:  # a thread that ended meanwhile
        return family(pid) if Path(f"/proc/{pid}").exists() else []
    return [pid, *(each for child in found for each in family(child))]


def cpu_seconds(pid: int) -> float:
    """What a process and its children have used, those that ended included."""
    total = 0
    for each in family(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])  # own and of children that ended, user and system
    return total / TICK


def description(versions: dict[str, str]) -> dict[str, Any]:
    """The machine and what runs on it, to stand beside figures."""
    models = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PHYS_PAGES") * PAGE
    return {
        "processor": models[0].partition(": ")[2] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **versions,
    }


def version_of(*command: str) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return ran.stdout.strip().splitlines()[0]
