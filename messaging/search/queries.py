"""What somebody looks for."""

import re
from dataclasses import dataclass, field

from .words import is_alone, words

_PARTS = re.compile(r'"([^"]*)"|(\S+)')


@dataclass(frozen=True)
class Term:
    """Something that must stand in a text.

    Attributes:
        pattern: as a part of `words(text)`, at least three characters. One that begins with a space stands at
            the beginning of a word, one that ends with a space at the end of one.
        typed: as it was typed.
    """

    pattern: str
    typed: str = field(default="", compare=False)

    @property
    def may_be_inside(self) -> bool:
        """Whether it is found within a word."""
        return not self.pattern.startswith(" ")

    @property
    def may_go_on(self) -> bool:
        """Whether the last word may be longer than what is looked for."""
        return not self.pattern.endswith(" ")

    @property
    def beginning(self) -> str:
        return f" {self.pattern.strip()}"

    @property
    def whole(self) -> str:
        return f"{self.beginning} "


@dataclass(frozen=True)
class Query:
    """What somebody looks for: all of the terms, in any order."""

    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, text: str) -> "Query":
        """What was typed. Only double quotes mean anything: what is between them stands so, word for word.

        One letter is a word; two begin one; three and more may stand anywhere in it.
        """
        terms = [
            Term(_quoted(spelt) if quoted else _typed(spelt), quoted or plain)
            for quoted, plain in _PARTS.findall(text)
            if (spelt := words(quoted or plain).split())
        ]
        return cls(tuple(dict.fromkeys(terms)))

    @property
    def phrase(self) -> str:
        """All of it side by side, as it was typed."""
        return f" {' '.join(term.pattern.strip() for term in self.terms)}"


def _quoted(spelt: list[str]) -> str:
    return f" {' '.join(spelt)} "


def _typed(spelt: list[str]) -> str:
    if len(spelt) == 1 and len(spelt[0]) > 2:
        return spelt[0]
    is_whole = len(spelt[-1]) == 1 and (len(spelt) == 1 or is_alone(spelt[-1]))
    return f" {' '.join(spelt)}{' ' if is_whole else ''}"
