"""What changed between two texts: line by line, and within a changed line word by word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final

CONTEXT: Final = 2  # unchanged lines shown before and after a change

Piece = tuple[bool, str]  # whether it changed, and what it says


@dataclass(frozen=True)
class Row:
    """A line on both sides. A side that is None has no such line; `skipped` stands for so many equal ones."""

    before: list[Piece] | None = None
    after: list[Piece] | None = None
    skipped: int = 0
    is_same: bool = field(default=False, kw_only=True)


def compare(before: str, after: str) -> list[Row]:
    """The changes from *before* to *after*, each among a few unchanged lines; empty if there are none."""
    old, new = before.splitlines(), after.splitlines()
    rows: list[Row] = []
    for group in SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT):
        first = group[0]
        if (gap := first[1] - _seen(rows)) > 0:
            rows.append(Row(skipped=gap))
        for how, old_from, old_to, new_from, new_to in group:
            for left, right in zip_longest(old[old_from:old_to], new[new_from:new_to]):
                rows.append(_row(left, right, is_same=how == "equal"))
    if rows and (gap := len(old) - _seen(rows)) > 0:
        rows.append(Row(skipped=gap))
    return rows


def _seen(rows: list[Row]) -> int:
    """How many lines of the old text *rows* stand for."""
    return sum(row.skipped or row.before is not None for row in rows)


def _row(left: str | None, right: str | None, *, is_same: bool) -> Row:
    if is_same:
        return Row([(False, left or "")], [(False, right or "")], is_same=True)
    if left is None or right is None:
        return Row(_whole(left), _whole(right))
    old, new = re.findall(r"\s+|\S+", left), re.findall(r"\s+|\S+", right)
    before: list[Piece] = []
    after: list[Piece] = []
    for how, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new).get_opcodes():
        before += _piece(old[old_from:old_to], how)
        after += _piece(new[new_from:new_to], how)
    return Row(before, after)


def _piece(words: list[str], how: str) -> Iterator[Piece]:
    if words:
        yield how != "equal", "".join(words)


def _whole(line: str | None) -> list[Piece] | None:
    return None if line is None else [(True, line)]
