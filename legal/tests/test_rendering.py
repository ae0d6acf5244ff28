"""From Markdown to HTML that is safe on any page."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legal.rendering import to_html

KNOWN = [
    "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "strong", "em", "s",
    "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td",
]  # fmt: skip


def harm_in(html: str) -> list[Any]:
    """Tags, attributes and addresses, as a browser would read them, that have no place in a document."""
    found: list[Any] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            found.extend([tag] if tag not in KNOWN else [])
            found.extend(each for each in attrs if each[0] not in ("href", "title", "rel", "start"))
            found.extend(
                each
                for each in attrs
                if each[0] == "href" and not each[1].startswith(("http://", "https://", "mailto:"))
            )

        def handle_comment(self, data: str) -> None:
            found.append(data)

    Reader().feed(html)
    return found


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("Be **kind**.", "<p>Be <strong>kind</strong>.</p>\n"),
        ("## 1. You\n\n- one\n- two", "<h2>1. You</h2>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>\n'),
        (
            "[us](https://serai.example/a?b=1&c=2)",
            '<p><a href="https://serai.example/a?b=1&amp;c=2" rel="noopener noreferrer">us</a></p>\n',
        ),
        (
            "<mail@serai.example>",
            '<p><a href="mailto:mail@serai.example" rel="noopener noreferrer">mail@serai.example</a></p>\n',
        ),
        (
            "|a|b|\n|-|-|\n|1|~~2~~|",
            "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n"
            "<td><s>2</s></td>\n</tr>\n</tbody>\n</table>\n",
        ),
        ("كونوا لطفاء", "<p>كونوا لطفاء</p>\n"),
        ("", ""),
    ],
)
def test_markdown_becomes_html(source, html):
    assert to_html(source) == html


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[go](javascript:alert(1))",
        "[go](JaVaScRiPt:alert(1))",
        "[go](data:text/html,<script>alert(1)</script>)",
        "[go](vbscript:x)",
        "![track](https://elsewhere.example/pixel.gif)",
        '<a href="https://serai.example" onclick="alert(1)">go</a>',
        "<style>body{display:none}</style>",
        "<iframe src=https://elsewhere.example></iframe>",
        '[a](https://x.example "t\\" onmouseover=alert(1) x=\\"")',
        "`<script>`\n\n    <script>alert(1)</script>",
    ],
)
def test_nothing_in_it_runs_or_loads(source):
    assert harm_in(to_html(source)) == []


def test_html_in_the_source_is_shown_as_it_was_written():
    assert to_html("A <b>bold</b> move") == "<p>A &lt;b&gt;bold&lt;/b&gt; move</p>\n"


@given(st.text(alphabet="<>&\"'()[]!`*_#|-:/=\\ \n\taonjsvcript", max_size=200))
def test_whatever_is_written_does_no_harm(source):
    assert harm_in(to_html(source)) == []
