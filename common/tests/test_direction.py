"""Names of another direction, and names that mean to turn a line around."""

import pytest
from django.utils import translation

from common.direction import isolated, settled
from common.mail.messages import one_line


@pytest.mark.parametrize(
    ("language", "name", "shown"),
    [
        ("en", "Layla", "Layla"),
        ("en", "ليلى", "\u2068ليلى\u2069"),
        ("en", "Layla ليلى", "\u2068Layla ليلى\u2069"),
        ("ar", "Layla", "\u2068Layla\u2069"),
        ("ar", "ليلى", "\u2068ليلى\u2069"),
        ("en", "gpj\u202etxt", "gpjtxt"),
        ("ar", "a\u2069\u202eb\u2066", "\u2068ab\u2069"),
        ("en", "", ""),
        ("en", "Lay\r\n\tla ", "Lay la"),
    ],
)
def test_a_name_keeps_to_itself(language, name, shown):
    with translation.override(language):
        assert isolated(name) == shown


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("plain", "plain"),
        ("\u2068Omar\u2069 called", "\u2068Omar\u2069 called"),
        ("\u2068Omar called", "\u2068Omar called\u2069"),
        ("Omar\u2069 called\u2069", "Omar called"),
        ("\u2067a\u2068b", "\u2067a\u2068b\u2069\u2069"),
        ("\u202eabc\u202c \u202aabc", "abc abc"),
    ],
)
def test_nothing_reaches_beyond_a_line(text, left):
    assert settled(text) == left


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one\r\nBcc: two@x.org", "one Bcc: two@x.org"),
        ("a\x00b\x1bc\u2028d\x85e", "a b c d e"),
        ("  much \t room  ", "much room"),
        ("a" * 30, "a" * 19 + "…"),
        ("twelve letters and more", "twelve letters and…"),
        ("\u2068twelve letters and more\u2069", "\u2068twelve letters…\u2069"),
        ("exactly twenty chars", "exactly twenty chars"),
    ],
)
def test_one_line_is_one_line(text, line):
    assert one_line(text, longest=20) == line
