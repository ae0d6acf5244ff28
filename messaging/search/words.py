"""Text as it is compared: what was written and what is looked for, brought to one spelling.

` we leave at dawn `: lower case, without accents and vowel signs, one space between words and at both ends.
So ` dawn ` is a word, ` daw` the beginning of one, `awn` a part. Scripts without spaces (Chinese, Japanese),
Hangul and emoji have a space around each character, so that any two that stand side by side are found.

PostgreSQL does the same in `messaging_words` (migration 0002, which a test holds against this module).
"""

import re
from functools import lru_cache
from typing import Final
from unicodedata import combining, normalize

# Left out: accents; the vowel signs, hamza and lengthening of Arabic; the points of Hebrew; what can't be
# seen (soft hyphen, joiners, marks of direction, variation selectors); the skin tones of emoji.
DROPPED: Final = (
    "\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u061c\u0640\u064b-\u065f"
    "\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u200b-\u200f\u202a-\u202e\u2060-\u2069"
    "\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff"
)
# Written one way or another for the same letter: Arabic alef, ya, ta marbuta, kaf and digits; final sigma.
ALIKE: Final = {
    "from": "\u0671\u0649\u06cc\u0629\u06a9\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669"
    "\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u03c2",
    "to": "\u0627\u064a\u064a\u0647\u064301234567890123456789\u03c3",
}
# A word each: symbols and emoji, kana, bopomofo, ideographs, Hangul.
ALONE: Final = (
    "\u2600-\u27bf\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
# Between words: spaces, punctuation, signs.
BETWEEN: Final = (
    "\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7"
    "\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0600-\u060f\u061b\u061d-\u061f\u066a-\u066d\u06d4"
    "\u0964\u0965\u0e3f\u0e4f\u0e5a\u0e5b\u1680\u2000-\u200a\u2010-\u2029\u202f-\u205f\u20a0-\u20cf"
    "\u2100-\u25ff\u27c0-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f\u30a0\u30fb"
)

_DROPPED, _ALONE, _BETWEEN = (re.compile(f"[{each}]") for each in (DROPPED, ALONE, BETWEEN))
_BETWEEN_SOME = re.compile(f"[{BETWEEN}]+")
_ALIKE = str.maketrans(ALIKE["from"], ALIKE["to"])


def words(text: str) -> str:
    """*text* as it is compared; of text in which there is no word, two spaces."""
    return f" {_BETWEEN_SOME.sub(' ', _spelt(text)).strip(' ')} "


def words_with_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The same, and for each character of it from where to where in *text* stands what it was made of."""
    spelt, places, start = [" "], [(0, 0)], 0
    while start < len(text):
        end = start + 1
        while end < len(text) and (combining(text[end]) or _DROPPED.match(text[end])):
            end += 1
        for character in _spelt_once(text[start:end]):
            is_space = character == " " or _BETWEEN.match(character)
            if not (is_space and spelt[-1] == " "):
                spelt.append(" " if is_space else character)
                places.append((start, end))
        start = end
    if spelt[-1] != " " or len(spelt) == 1:
        spelt.append(" ")
        places.append((start, start))
    return "".join(spelt), places


def is_alone(character: str) -> bool:
    """Whether it is a word by itself."""
    return bool(_ALONE.match(character))


def _spelt(text: str) -> str:
    plain = normalize("NFC", _DROPPED.sub("", normalize("NFKD", text)))
    return _ALONE.sub(r" \g<0> ", plain.lower().translate(_ALIKE))


_spelt_once = lru_cache(maxsize=20_000)(_spelt)  # a letter of a text, again and again
