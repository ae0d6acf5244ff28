"""Texts of both directions in one line: a name runs its own way, and turns nothing around it.

Source: Unicode Standard Annex 9, https://www.unicode.org/reports/tr9/ (2.1 to 2.4: explicit formatting).
"""

import re
import unicodedata
from typing import Final

from django.utils.translation import get_language_bidi

ISOLATE: Final = "\u2068"  # FIRST STRONG ISOLATE: what follows has the direction of its first letter
END: Final = "\u2069"  # POP DIRECTIONAL ISOLATE

_EMBEDDINGS: Final = re.compile("[\u202a-\u202e]")  # and overrides; nobody needs them who has isolates
_ISOLATES: Final = re.compile("[\u2066-\u2069]")
_MARKS: Final = re.compile("[\u061c\u200e\u200f]")


def isolated(text: str) -> str:
    """*text*, somebody's own words, to stand in a sentence of ours in the present language.

    Where both run from left to right nothing is added: old programs show the two characters as boxes.
    """
    text = " ".join(undirected(text).split())
    if not get_language_bidi() and not any(unicodedata.bidirectional(each) in ("R", "AL") for each in text):
        return text
    return f"{ISOLATE}{text}{END}"


def undirected(text: str) -> str:
    """*text* without the characters that set directions: one could end the isolate it stands in."""
    return _MARKS.sub("", _ISOLATES.sub("", _EMBEDDINGS.sub("", text)))


def settled(text: str) -> str:
    """*text*, which may hold isolates, without any that reaches beyond it, and without embeddings."""
    depth, kept = 0, []
    for character in _EMBEDDINGS.sub("", text):
        if character == END:
            if not depth:
                continue
            depth -= 1
        elif _ISOLATES.match(character):
            depth += 1
        kept.append(character)
    return "".join(kept) + END * depth
