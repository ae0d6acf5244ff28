"""From Markdown to HTML that is safe on any page, whoever wrote it."""

from functools import lru_cache
from typing import Final

import nh3
from markdown_it import MarkdownIt

TAGS: Final = {
    "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "strong", "em", "s",
    "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}

# HTML in the source is shown as it was written; pictures would be loaded from who knows where.
_markdown: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_markdown.disable("image")
_cleaner: Final = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer",
)


@lru_cache(maxsize=64)  # what is published never changes, and there are few
def to_html(source: str) -> str:
    """*source* as CommonMark with tables. The cleaner has the last word, whatever the parser let through."""
    return _cleaner.clean(_markdown.render(source))
