"""The catalogues in `locale/`: what people are told, in their languages. `make messages` writes them anew.

Staff read English, and problems are told by their code: neither is in them. Babel, of the development
requirements, does what GNU gettext would, and needs no program of the system.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

# Where words to people stand.
TEMPLATES: Final = ("templates/mail/**/*", "templates/notifications/**/*")
MODULES: Final = (
    "common/templatetags/*.py",
    "notifications/apps.py",
    "notifications/kinds*.py",
    "notifications/mails.py",
    "notifications/senders/*.py",
    "*/notices.py",
    "*/notices/*.py",
)

# As babel counts arguments: which are words, and which the context (`1c`).
_KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def extracted() -> Catalog:
    """Every word that is to be translated, with the files that say it."""
    catalog = Catalog()
    for name, code in _sources():
        for _line, message, comments, context in extract(
            "python",
            BytesIO(code.encode()),
            keywords=_KEYWORDS,
            comment_tags=["Translators"],
            options={"encoding": "utf-8"},
        ):
            catalog.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return catalog


def renewed(language: str) -> Catalog:
    """The catalogue of *language* with the words that there are now; what is new has no translation yet."""
    catalog = written(language)
    catalog.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    return catalog


def written(language: str) -> Catalog:
    with po_path(language).open("rb") as file:
        return read_po(file, locale=language)


def untranslated(catalog: Catalog) -> list[str]:
    return [str(message.id) for message in catalog if message.id and not _is_translated(message)]


def _is_translated(message: Message) -> bool:
    forms = message.string if isinstance(message.string, (tuple, list)) else [message.string]
    return not message.fuzzy and all(forms)


def as_po(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_po(file, catalog, width=100, include_lineno=False, sort_output=True, ignore_obsolete=True)
    return file.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    """What Django reads."""
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def po_path(language: str) -> Path:
    [folder] = settings.LOCALE_PATHS
    return Path(folder) / language / "LC_MESSAGES" / "django.po"


def mo_path(language: str) -> Path:
    return po_path(language).with_suffix(".mo")


def languages() -> list[str]:
    """Those that the words are translated into."""
    return [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def _sources() -> Iterator[tuple[str, str]]:
    """Names of files, and their content as Python."""
    [folder] = settings.LOCALE_PATHS
    root = Path(folder).parent
    for pattern in TEMPLATES:
        for path in sorted(path for path in root.glob(pattern) if path.is_file()):
            # Calls amid characters that stand for the rest: with no line set in, they read as Python.
            code = templatize(path.read_text())
            yield str(path.relative_to(root)), "\n".join(line.strip() for line in code.splitlines())
    for pattern in MODULES:
        for path in sorted(root.glob(pattern)):
            yield str(path.relative_to(root)), path.read_text()
