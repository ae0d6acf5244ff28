"""Figures: medians and ratios, kept as JSON and shown as a table."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from .contenders import CONTENDERS
from .lines import Figures, Line, Target


@dataclass(frozen=True)
class Measured:
    """What a line came to.

    Attributes:
        repeats: for each contender its figures, one a repeat, measured in turns with the others'.
        load: of the machine before the line, in processes that want to run (1 minute).
    """

    name: str
    line: Line
    repeats: dict[str, list[Figures]]
    load: float

    def figure(self, contender: str, name: str) -> float:
        """The median."""
        return median(figures[name] for figures in self.repeats[contender])

    def ratio(self, target: Target) -> float:
        """The median of the ratios of neighbours: what the machine did meanwhile met both."""
        pairs = zip(self.repeats["ours"], self.repeats[target.peer], strict=True)
        return median(ours[target.figure] / theirs[target.figure] for ours, theirs in pairs)

    def rows(self) -> list[str]:
        rows = []
        for target in self.line.targets:
            ratio = self.ratio(target)
            theirs = self.figure(target.peer, target.figure)
            rows.append(
                f"| {self.line.title} | {target.figure} | {_short(self.figure('ours', target.figure))} "
                f"| {CONTENDERS[target.peer].title}: {_short(theirs)} | {ratio:.3g} | {target} "
                f"| {'yes' if target.is_met(ratio) else 'no'} |"
            )
        for name, most in self.line.limits.items():
            ours = self.figure("ours", name)
            rows.append(
                f"| {self.line.title} | {name} | {_short(ours)} | | | ≤ {most:g} "
                f"| {'yes' if ours <= most else 'no'} |"
            )
        return rows

    def body(self) -> dict[str, Any]:
        return {
            "title": self.line.title,
            "load": self.load,
            "ratios": [
                {
                    "peer": target.peer,
                    "figure": target.figure,
                    "ratio": self.ratio(target),
                    "target": str(target),
                }
                for target in self.line.targets
            ],
            "medians": {
                contender: {name: self.figure(contender, name) for name in figures[0]}
                for contender, figures in self.repeats.items()
            },
            "repeats": self.repeats,
        }


HEAD = "| work | figure | ours | peer | ratio | wanted | met |\n|---|---|---|---|---|---|---|"


def write(path: Path, *, run: dict[str, Any], measured: list[Measured]) -> None:
    """Keep a run."""
    table = "\n".join([HEAD, *(row for each in measured for row in each.rows())])
    keep(path, run=run, figures={"lines": {each.name: each.body() for each in measured}}, table=table)


def keep(path: Path, *, run: dict[str, Any], figures: dict[str, Any], table: str) -> None:
    """The figures as JSON, and beside it the table as Markdown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(run | figures, indent=1) + "\n")
    facts = "\n".join(
        f"- {name}: {value}" for name, value in {**run, **run["machine"]}.items() if name != "machine"
    )
    path.with_suffix(".md").write_text(f"{facts}\n\n{table}\n")


def file_name(machine: str) -> str:
    """Of a run of today on *machine*."""
    return f"{datetime.now(UTC).date().isoformat()}-{re.sub('[^a-z0-9-]', '-', machine.lower())}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
