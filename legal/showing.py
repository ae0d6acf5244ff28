"""What the page of a document shows: `legal/document.html`, for people and for who previews it."""

from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info

from .models import Document, Text, Version
from .rendering import to_html


def page_of(version: Any, text: Text | None) -> dict[str, Any]:
    """*text* of *version*, which comes `with_state`."""
    languages = [get_language_info(each.locale) for each in version.texts.defer("body").order_by("locale")]
    return {
        "version": version,
        "states": Version.State,
        "kind": Document.Kind(version.kind).label,
        "text": text,
        "language": get_language_info(text.locale) if text else None,
        "languages": languages,
        "html": html_of(text) if text else "",
    }


def html_of(text: Text) -> SafeString:
    return mark_safe(to_html(text.body))  # noqa: S308 (cleaned: rendering.py)
