"""Where in a message it is."""

from dataclasses import dataclass, field
from typing import Final

from .queries import Query
from .words import words_with_places

LENGTH: Final = 200  # characters: some lines of a list of results
BEFORE: Final = 60  # of them before the first match
MOST: Final = 50  # matches that are told


@dataclass(frozen=True)
class Excerpt:
    """Some of a text as it was written, and where in it the matches are.

    Attributes:
        ranges: from where to where, in characters (Unicode code points) of `text`; none overlaps another.
    """

    text: str
    ranges: list[tuple[int, int]] = field(default_factory=list)


def excerpt_of(text: str, query: Query) -> Excerpt:
    """The part of *text* around the first match; its beginning, if what matched is not there any more."""
    ranges = _merged(_matches(text, query))
    start = max(ranges[0][0] - BEFORE, 0) if ranges else 0
    if len(text) <= LENGTH:
        start = 0
    elif start:
        start = text.find(" ", start, ranges[0][0]) + 1 or start  # not in the middle of a word
    end = min(start + LENGTH, len(text))
    ahead, behind = "…" if start else "", "…" if end < len(text) else ""
    shift = len(ahead) - start
    within = [(first + shift, min(last, end) + shift) for first, last in ranges if start <= first < end]
    return Excerpt(f"{ahead}{text[start:end]}{behind}", within[:MOST])


def _matches(text: str, query: Query) -> list[tuple[int, int]]:
    said, places = words_with_places(text)
    found = []
    for term in query.terms:
        inside = len(term.pattern) - len(term.pattern.lstrip(" "))
        length = len(term.pattern.strip(" "))
        at = said.find(term.pattern)
        while at >= 0:
            first = at + inside
            found.append((places[first][0], places[first + length - 1][1]))
            at = said.find(term.pattern, at + 1)
    return sorted(found)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in ranges:
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
