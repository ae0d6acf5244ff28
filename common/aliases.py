"""Old paths of the API: what a row of the table is, and how a path finds its row. The table is `config`'s."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from functools import cached_property
from importlib import import_module

from django.conf import settings

PLACE = re.compile(r"\{(\w+)(\.\.\.)?\}")
VERSION = re.compile(r"v(\d+)(?:/|$)")  # how a path below `/api/` begins, if it names one


@dataclass(frozen=True)
class Alias:
    """One old path and where it leads. Both are written below `/api/` and `/api/v1/`.

    Attributes:
        pattern: `{name}` takes one segment, `{name...}` takes the rest.
        canonical: the path that answers, with the same names.
        since: the day from which the path is deprecated.
        sunset: the day after which it may stop to answer.
        note: for the migration guide: what a client must change beside the path.
        only_unversioned: on the versioned base the path means something else.
        unless: a path that a placeholder's value decides: not this row, if true of the values.
    """

    pattern: str
    canonical: str
    since: date
    sunset: date
    note: str = ""
    only_unversioned: bool = False
    unless: Callable[[dict[str, str]], bool] | None = None

    @cached_property
    def regex(self) -> re.Pattern[str]:
        parts = PLACE.sub(lambda m: f"(?P<{m[1]}>.+)" if m[2] else f"(?P<{m[1]}>[^/]+)", self.pattern)
        return re.compile(parts)

    @cached_property
    def specificity(self) -> tuple[int, int, bool]:
        """Literal segments, then segments in all: the row with the most of the path's own words wins.

        Of two that are equal so far, one segment is nearer than "the rest".
        """
        segments = self.pattern.split("/")
        literal = sum(not PLACE.search(segment) for segment in segments)
        return literal, len(segments), not self.pattern.endswith("...}")

    def canonical_for(self, values: dict[str, str]) -> str:
        return PLACE.sub(lambda place: values[place[1]], self.canonical)

    @property
    def deprecation(self) -> str:
        """RFC 9745 §2.1: a structured date."""
        return f"@{int(_midnight(self.since).timestamp())}"

    @property
    def sunset_date(self) -> str:
        """RFC 8594 §3: an HTTP date."""
        return format_datetime(_midnight(self.sunset), usegmt=True)


@dataclass(frozen=True)
class AliasTable:
    """Every old path.

    Attributes:
        platform: first segments that are neither versioned nor dressed: `/api/health`.
        token_paths: canonical paths whose answers older clients read `token` from.
    """

    aliases: list[Alias]
    platform: frozenset[str] = frozenset()
    token_paths: frozenset[str] = frozenset()
    _sorted: list[Alias] = field(init=False)

    def __post_init__(self) -> None:
        rows = sorted(self.aliases, key=lambda alias: alias.specificity, reverse=True)
        object.__setattr__(self, "_sorted", rows)

    def resolve(self, path: str, *, is_versioned: bool) -> tuple[Alias | None, str]:
        """The row that *path* goes through, if any, and the path that answers."""
        for alias in self._sorted:
            if is_versioned and alias.only_unversioned:
                continue
            if found := alias.regex.fullmatch(path):
                values = found.groupdict()
                if alias.unless and alias.unless(values):
                    continue
                return alias, alias.canonical_for(values)
        return None, path

    def readings(self, path: str, *, is_versioned: bool) -> Iterator[str]:
        """Every path that may answer to *path*, without a look at what only the values could tell."""
        yield path
        for alias in self._sorted:
            if (found := alias.regex.fullmatch(path)) and not (is_versioned and alias.only_unversioned):
                yield alias.canonical_for(found.groupdict())


def table() -> AliasTable:
    """The rows of this installation."""
    found: AliasTable = import_module(settings.API_ALIASES).TABLE
    return found


def readings(path: str) -> Iterator[str]:
    """The paths below `/api/v1/` that may answer to *path*, whole; none if it isn't the API's."""
    if path.startswith("/api/"):
        below = path.removeprefix("/api/").rstrip("/")
        version = VERSION.match(below)
        yield from table().readings(below[version.end() :] if version else below, is_versioned=bool(version))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
