"""Text as it is compared, and what is looked for in it: on either database the same."""

import pytest
from django.db import connection

from messaging.search import Query, excerpt_of
from messaging.search.words import words, words_with_places

SPELT = {
    "We LEAVE at dawn!": " we leave at dawn ",
    "  two\n\tlines ": " two lines ",
    "Ångström, café, NAÏVE": " angstrom cafe naive ",
    "Straße": " straße ",
    "ΟΔΟΣ ὁδός": " οδοσ οδοσ ",
    "Привет, МИР": " привет мир ",
    "foo_bar-baz@example.com": " foo bar baz example com ",
    "100% of $5": " 100 of 5 ",
    "上海天気": " 上 海 天 気 ",
    "いちばん、カメラ・ｶﾒﾗ": " い ち ば ん カ メ ラ カ メ ラ ",
    "서울역": " 서 울 역 ",
    "iPhone手机": " iphone 手 机 ",
    "أَهْلاً وَسَهْلاً": " اهلا وسهلا ",
    "إسلام آباد ٱلله": " اسلام اباد الله ",
    "مـــرحبا؟": " مرحبا ",
    "مدرسة على ١٢٣ ۴": " مدرسه علي 123 4 ",
    "می‌روم": " ميروم ",
    "שָׁלוֹם": " שלום ",
    "İstanbul": " istanbul ",
    "ﬁne": " fine ",
    "👍🏽👍": " 👍 👍 ",
    "हिन्दी": " हिन्दी ",
    "": "  ",
    "?!… — «»": "  ",
    "it's": " it s ",
    "\u200fhidden\u00ad signs\ufeff": " hidden signs ",
}


@pytest.mark.parametrize(("text", "expected"), SPELT.items())
def test_text_is_brought_to_one_spelling(text, expected):
    assert words(text) == expected


@pytest.mark.django_db
def test_the_database_spells_as_we_do():
    # Every letter of the scripts that people here write, alone and in a row, and all of the texts above.
    letters = [chr(code) for start, end in SCRIPTS for code in range(start, end)]
    rows = ["".join(letters[at : at + 40]) for at in range(0, len(letters), 40)]
    texts = [*SPELT, *letters, *rows]

    with connection.cursor() as cursor:
        spelt = []
        for text in texts:
            cursor.execute("SELECT messaging_words(%s)", [text])
            spelt.append(cursor.fetchone()[0])

    assert dict(zip(texts, spelt, strict=True)) == {text: words(text) for text in texts}


SCRIPTS = [
    (0x20, 0x7F),
    (0xA0, 0x250),  # Latin
    (0x370, 0x376),  # Greek
    (0x386, 0x38A),
    (0x391, 0x3A2),
    (0x3A3, 0x3CF),
    (0x400, 0x460),  # Cyrillic
    (0x5D0, 0x5EB),  # Hebrew
    (0x60C, 0x61B),  # Arabic
    (0x61F, 0x6DD),
    (0x904, 0x93A),  # Devanagari
    (0xE01, 0xE3B),  # Thai
    (0x1E00, 0x1E96),
    (0x2010, 0x2028),
    (0x3041, 0x3097),  # kana
    (0x30A1, 0x30FB),
    (0x4E00, 0x4E80),
    (0xAC00, 0xAC80),
    (0xFB50, 0xFB60),
    (0xFE8D, 0xFEFD),  # forms of Arabic letters
    (0xFF01, 0xFFA0),  # wide and narrow forms
    (0x1F600, 0x1F650),
]


@pytest.mark.parametrize("text", SPELT)
def test_every_character_knows_what_it_was_made_of(text):
    said, places = words_with_places(text)

    assert said == words(text)
    assert len(places) == len(said)
    assert places == sorted(places)
    assert all(0 <= start <= end <= len(text) for start, end in places)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("dawn", ["dawn"]),
        ("jo", [" jo"]),
        ("I", [" i "]),
        ("We leave", [" we", "leave"]),
        ("dawn DAWN", ["dawn"]),
        ('"at dawn"', [" at dawn "]),
        ('"at dawn', [" at", "dawn"]),
        ('water "at dawn" 上海', ["water", " at dawn ", " 上 海 "]),
        ("上", [" 上 "]),
        ("いち", [" い ち "]),
        ("iphone手", [" iphone 手 "]),
        ("3年", [" 3 年 "]),
        ("don't", [" don t"]),
        ("foo-bar", [" foo bar"]),
        ("أَهْلاً", ["اهلا"]),
        ("daw* -leave (x OR y)", ["daw", "leave", " x ", " or", " y "]),
        ("''; -- %_\\", []),
        ('"" " "', []),
        ("", []),
    ],
)
def test_what_was_typed_becomes_terms(typed, expected):
    assert [term.pattern for term in Query.parse(typed).terms] == expected


@pytest.mark.parametrize(
    ("text", "typed", "expected"),
    [
        ("We leave at dawn.", "dawn", ("We leave at dawn.", ["dawn"])),
        ("We leave at dawn.", "leave at", ("We leave at dawn.", ["leave", "at"])),
        ("We leave at dawn.", '"leave at"', ("We leave at dawn.", ["leave at"])),
        ("John and Johanna", "jo", ("John and Johanna", ["Jo", "Jo"])),
        ("Café, CAFE\u0301!", "cafe", ("Café, CAFE\u0301!", ["Café", "CAFE\u0301"])),
        ("行こう上海へ", "上海", ("行こう上海へ", ["上海"])),
        ("قال أَهْلاً!", "اهلا", ("قال أَهْلاً!", ["أَهْلاً"])),
        ("<b>dawn</b> & more", "dawn", ("<b>dawn</b> & more", ["dawn"])),
        ("ananas", "ana", ("ananas", ["anana"])),
        ("Nothing of it", "dawn", ("Nothing of it", [])),
        ("", "dawn", ("", [])),
        ("x" * 300, "dawn", ("x" * 200 + "…", [])),
    ],
)
def test_an_excerpt_says_where_it_is(text, typed, expected):
    excerpt = excerpt_of(text, Query.parse(typed))

    assert (excerpt.text, [excerpt.text[start:end] for start, end in excerpt.ranges]) == expected


def test_an_excerpt_of_a_long_text_is_around_the_first_match():
    text = "before it " * 100 + "we leave at dawn " + "after it " * 100

    excerpt = excerpt_of(text, Query.parse("dawn"))

    assert excerpt.text.startswith("…it before it ")
    assert excerpt.text.endswith("…")
    assert len(excerpt.text) == 202
    [(start, end)] = excerpt.ranges
    assert excerpt.text[start:end] == "dawn"


def test_an_excerpt_tells_of_no_more_than_fifty_matches():
    excerpt = excerpt_of("ab " * 3000, Query.parse("ab"))

    assert len(excerpt.ranges) == 50
    assert {excerpt.text[start:end] for start, end in excerpt.ranges} == {"ab"}
