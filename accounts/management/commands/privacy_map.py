from collections.abc import Iterator
from typing import Any

from django.core.management import BaseCommand

from common import holdings
from common.holdings import Anonymise, Blank, Erase, Field, Holding, Keep

INTRODUCTION = """\
# What is held about people

The record of processing (GDPR article 30), made by `make privacy-map` of what each app says in its
`privacy.py`. Export, erasure and this page read the same map; a test fails on a field that stands nowhere.

**Export** names the file and the member in the archive of `POST users/me/export`. **Erasure** says what
`POST users/me/erasure` does, 14 days later: a row is deleted, or it stays and its fields are emptied,
replaced by what says nothing of the person, or kept for a reason. Each is counted in the signed receipt.
"""


class Command(BaseCommand):
    help = "Print what is held about people: docs/privacy.md."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("\n".join([INTRODUCTION, *_lines()]))


def _lines() -> Iterator[str]:
    for part in holdings.parts():
        for holding in part.holdings:
            yield from _table(holding)
    yield "## Beside the database\n"
    yield "| where | why | how long | erasure |"
    yield "|---|---|---|---|"
    for place in holdings.places():
        yield f"| {place.name} | {place.purpose} | {place.retention} | {place.becomes} |"


def _table(holding: Holding) -> Iterator[str]:
    match holding.erase:
        case None:
            becomes = "nobody's"
        case Erase.DELETE_ROW:
            becomes = "rows are deleted"
        case Erase.BY_FIELD:
            becomes = "rows stay, as their fields say"
    yield f"## {holding.model._meta.label}\n"
    yield f"{holding.purpose}\n"
    export = f"`{holding.export}`" if holding.export else "none"
    yield f"Kept: {holding.retention}. Erasure: {becomes}. Export: {export}.\n"
    yield "| field | why | export | erasure |"
    yield "|---|---|---|---|"
    for name, field in holding.fields.items():
        yield f"| `{name}` | {field.purpose} | {field.export or ''} | {_erasure(holding, field)} |"
    for name, path in holding.also.items():
        yield f"| | `{path}` | {name} | |"
    yield ""


def _erasure(holding: Holding, field: Field) -> str:
    match field.erase:
        case Keep(why=why):
            return f"kept: {why}"
        case Blank():
            return "emptied"
        case Anonymise():
            return "replaced"
        case _:
            return "deleted" if holding.erase else ""
