"""Names and words of people, put into sentences of ours."""

import re
from typing import Final

from django.utils.text import Truncator
from django.utils.translation import get_language_bidi

# What turns the direction of all that follows it (Unicode Standard Annex 9): nobody's name needs it.
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_SPACES: Final = re.compile(r"\s+")

EXCERPT: Final = 300  # characters of what somebody said


def isolated(name: str) -> str:
    """A name that keeps its own direction, and leaves that of the sentence alone."""
    plain = _SPACES.sub(" ", _TURNS.sub("", name)).strip()
    if get_language_bidi() or _RIGHT_TO_LEFT.search(plain):
        return f"\u2068{plain}\u2069"
    return plain


def excerpt(text: str) -> str:
    """What somebody said, in one line."""
    return str(Truncator(_SPACES.sub(" ", text).strip()).chars(EXCERPT))
