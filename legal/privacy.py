"""What legal holds about people."""

from typing import Final

from common.holdings import BLANK, Erase, Field, Holding, Keep, Part

from .models import Acceptance, Consent, Document, Text, Version

AGREED: Final = Keep(
    "It shows that what was done with the account was agreed to. Of the person it says an id, which names "
    "nobody any more; from where and in which session is forgotten."
)

HOLDINGS: Final = [
    Holding(
        model=Acceptance,
        whose="user",
        purpose="Who accepted which version of a document can be shown later.",
        retention="as long as the database",
        erase=Erase.BY_FIELD,
        export="acceptances",
        also={"document": "version.kind", "label": "version.label"},
        fields={
            "id": Field("Names the acceptance.", "id", AGREED),
            "user": Field("Who accepted: an id.", None, AGREED),
            "version": Field("What.", "version", AGREED),
            "accepted_at": Field("When.", "accepted_at", AGREED),
            "address": Field("From where.", "address", BLANK),
            "session": Field("In which session: an id.", "session", BLANK),
            "locale": Field("In which language they were shown it.", "locale", AGREED),
        },
    ),
    Holding(
        model=Consent,
        whose="user",
        purpose="What somebody consented to, and when they withdrew it, can be shown later.",
        retention="as long as the database",
        erase=Erase.BY_FIELD,
        export="consents",
        fields={
            "id": Field("Names the change.", "id", AGREED),
            "user": Field("Who: an id.", None, AGREED),
            "purpose": Field("To what.", "purpose", AGREED),
            "number": Field("The order.", "number", AGREED),
            "given": Field("Whether it was given or withdrawn.", "given", AGREED),
            "wording": Field("Which words they were shown.", "wording", AGREED),
            "at": Field("When.", "at", AGREED),
            "address": Field("From where.", "address", BLANK),
            "session": Field("In which session: an id.", "session", BLANK),
        },
    ),
    Holding(
        model=Document,
        purpose="Which documents there are.",
        retention="as long as the database",
        fields={"kind": Field("Which one.")},
    ),
    Holding(
        model=Version,
        purpose="What a document says from a moment on.",
        retention="as long as the database",
        fields={
            "id": Field("Names the version."),
            "document": Field("Of which document."),
            "label": Field("To be told from others."),
            "requires_acceptance": Field("Whether nobody goes on without it."),
            "published_at": Field("From when on."),
            "created_at": Field("When it was drafted."),
        },
    ),
    Holding(
        model=Text,
        purpose="What a version says in a language.",
        retention="as long as the version",
        fields={
            "id": Field("Names the text."),
            "version": Field("Of which version."),
            "locale": Field("In which language."),
            "title": Field("What it is called."),
            "body": Field("What it says."),
        },
    ),
]

PART: Final = Part(app="legal", holdings=HOLDINGS)
