"""What people are told is there in each of their languages, and what Django reads is what was written."""

import re

import pytest
from babel.messages.mofile import read_mo
from django.conf import settings
from django.utils import translation

from common import catalogues
from notifications.kinds import kinds
from notifications.registries import channels

LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]")


def texts_of(message) -> tuple[list[str], list[str]]:
    """What a message is called, and its translations."""
    return [[each] if isinstance(each, str) else list(each) for each in (message.id, message.string)]


def forms_of(catalog) -> dict[tuple[str, ...], list[str]]:
    messages = [message for message in catalog if message.id]
    return {(message.context or "", *texts_of(message)[0]): texts_of(message)[1] for message in messages}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_the_words_that_are_said_and_no_others(language):
    said = {(message.context, message.id) for message in catalogues.extracted() if message.id}
    known = {(message.context, message.id) for message in catalogues.written(language) if message.id}

    assert said - known == set(), "make messages, then translate what it names in locale/"
    assert known - said == set(), "make messages"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_waits_for_its_translation(language):
    assert catalogues.untranslated(catalogues.written(language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_django_reads_is_what_was_written(language):
    with catalogues.mo_path(language).open("rb") as file:
        compiled = read_mo(file)

    assert forms_of(compiled) == forms_of(catalogues.written(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_say_every_part_that_is_filled_in(language):
    """But for counts: Arabic has words of their own for one and two."""
    for message in catalogues.written(language):
        if not message.id:
            continue
        originals, translations = texts_of(message)
        wanted = set(PLACES.findall(originals[-1]))
        for text in translations:
            found = set(PLACES.findall(text))
            assert found <= wanted, text
            assert message.pluralizable or found == wanted, text


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "لا إشعارات جديدة"),
        (1, "إشعار جديد واحد"),
        (2, "إشعاران جديدان"),
        (3, "3 إشعارات جديدة"),
        (11, "11 إشعارًا جديدًا"),
        (100, "100 إشعار جديد"),
        (103, "103 إشعارات جديدة"),
    ],
)
def test_arabic_counts_in_six_ways(count, words):
    with translation.override("ar"):
        said = translation.ngettext("%(count)d new notification", "%(count)d new notifications", count)

    assert said % {"count": count} == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_kinds_and_channels_have_names_in_every_language(language):
    labels = [each.label for each in [*kinds.values(), *channels.values()]]

    untold = []
    for label in labels:
        with translation.override("en"):
            english = str(label)
        with translation.override(language):
            if str(label) == english:
                untold.append(english)

    assert untold == []


def test_writing_the_catalogues_anew_changes_nothing():
    for language in LANGUAGES:
        renewed = catalogues.as_po(catalogues.renewed(language))

        assert renewed == catalogues.po_path(language).read_bytes()


def test_a_new_word_is_named_as_untranslated():
    [language] = LANGUAGES
    catalog = catalogues.written(language)
    catalog.add("Never said before")

    assert catalogues.untranslated(catalog) == ["Never said before"]
