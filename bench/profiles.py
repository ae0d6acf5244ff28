"""Where the time of a server goes, by py-spy: `pip install py-spy` into .venv; it is of no other use here."""

import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.machine import OTHER_CORE, Missing, on_core

from .contenders import ROOT

SHOWN: Final = 40  # rows of each table
RATE: Final = 100  # looks a second; each stops the process for a moment
FRAME: Final = re.compile(r"(.*) \((.*?)(?::\d+)?\)")  # function and file; functions are counted whole


@contextmanager
def profiled(pid: int, path: Path) -> Iterator[None]:
    """Sample a Python process while the block runs.

    Args:
        path: gets the tables; `.stacks` beside it the samples, for a flame graph.
    """
    spy = Path(sys.executable).with_name("py-spy")
    if not spy.exists():
        raise Missing(f"A profile needs py-spy: {sys.executable} -m pip install py-spy")
    path.parent.mkdir(parents=True, exist_ok=True)
    stacks = path.with_suffix(".stacks")
    command = [str(spy), "record", "--pid", str(pid), "--rate", str(RATE)]
    command += ["--format", "raw", "--gil", "--output", str(stacks)]
    process = subprocess.Popen(on_core(OTHER_CORE, command), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)  # it writes down what it has
        process.wait()
    path.write_text(tables(stacks.read_text()))


def tables(stacks: str) -> str:
    """Shares of the samples: of our functions with all below them, of packages, of any function."""
    below, packages, own, total = Counter[str](), Counter[str](), Counter[str](), 0
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [found.groups() for each in stack.split(";") if (found := FRAME.fullmatch(each))]
        total += int(count)
        if not frames:
            continue
        ours = {f"{function} ({file})" for function, file in frames if (ROOT / file).exists()}
        below.update(dict.fromkeys(ours, int(count)))
        function, file = frames[-1]
        own[f"{function} ({file})"] += int(count)
        packages["/".join(file.split("/")[:-1][:2]) or "the standard library"] += int(count)
    parts = [f"{total} samples that held the GIL"]
    for title, counted in (
        ("ours, and below", below),
        ("of packages", packages),
        ("of functions alone", own),
    ):
        rows = [f"| {count / total:.1%} | {name} |" for name, count in counted.most_common(SHOWN)]
        parts.append("\n".join([f"| share | {title} |", "|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"
