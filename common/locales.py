"""Which of the languages that there are somebody reads best."""

from collections.abc import Collection, Iterable
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

LONGEST: Final = 35  # characters of a tag that anybody uses (RFC 5646 §4.4.1)


def asked_for(request: HttpRequest) -> list[str]:
    """What the request's `Accept-Language` names, the most wanted first."""
    header = request.headers.get("Accept-Language", "")
    return [tag for tag, _quality in parse_accept_lang_header(header) if tag != "*"]


def best(wanted: Iterable[str], there: Collection[str]) -> str:
    """One of *there*: the first that is wanted, else the platform's own, else any; empty if there is none.

    A tag is looked up as it is, then without its last part, and so on (RFC 4647 §3.4): `ar-SA` finds `ar`.
    """
    by_tag = {tag.lower(): tag for tag in sorted(there)}
    for tag in [*wanted, settings.LANGUAGE_CODE]:
        parts = tag[:LONGEST].lower().replace("_", "-").split("-")
        while parts:
            if found := by_tag.get("-".join(parts)):
                return found
            parts.pop()
    return next(iter(by_tag.values()), "")
