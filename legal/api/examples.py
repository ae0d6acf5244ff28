"""Examples of the API's documents: terms in two languages, one acceptance, consents."""

from typing import Any, Final

from legal.problems import TermsNotAccepted, VersionSuperseded

VERSION: Final = {"version": "2026-11", "published_at": "2026-11-21T09:00:00Z"}
URL: Final = "https://serai.example/legal/terms?version=2026-11"
DOCUMENT: Final = {
    "id": "0198c5b2-9f31-7c02-8d44-5e6f7a8b9c0d",
    "kind": "terms",
    **VERSION,
    "locale": "en",
    "title": "Terms of service",
    "requires_acceptance": True,
    "is_current": True,
}
READ: Final = {
    **VERSION,
    "locale": "en",
    "title": "Terms of service",
    "body": "Be kind to each **other**.",
    "body_html": "<p>Be kind to each <strong>other</strong>.</p>\n",
    "id": DOCUMENT["id"],
    "kind": "terms",
    "requires_acceptance": True,
    "is_current": True,
}
ACCEPTED: Final = {"kind": "terms", "version": "2026-11", "accepted_at": "2026-11-21T09:12:00Z"}
ACCEPTANCE: Final = {"id": "0198c5b2-a2c4-7d13-9e55-6f7a8b9c0d1e", **ACCEPTED, "locale": "en"}


def consents(*, marketing: bool, since: str | None) -> dict[str, Any]:
    mine = {
        "purpose": "marketing",
        "title": "Marketing",
        "description": "You may write to me about offers and news.",
        "wording": "1",
        "given": marketing,
        "since": since,
    }
    return {"results": [mine], "next": None, "previous": None}


def not_accepted() -> TermsNotAccepted:
    return TermsNotAccepted(kind="terms", version="2026-11", url=URL)


def superseded() -> VersionSuperseded:
    return VersionSuperseded(kind="terms", version="2026-11", url=URL)
