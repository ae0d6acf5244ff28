"""What the database itself refuses, whoever writes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.tests.factories import UserFactory
from legal.models import Acceptance, Consent, Text, Version

from .factories import draft, published

pytestmark = pytest.mark.django_db


def refused(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


CHANGES = {
    "label": "9",
    "document": "privacy",
    "requires_acceptance": True,
    "published_at": None,
}


@pytest.mark.parametrize(("field", "value"), CHANGES.items())
def test_a_version_in_force_stays_as_it_is(field, value):
    draft(kind="privacy")
    version = published()

    refused(lambda: Version.objects.filter(pk=version.pk).update(**{field: value}))

    assert list(Version.objects.filter(pk=version.pk).values()) == [
        {
            "id": version.pk,
            "document_id": "terms",
            "label": "1",
            "requires_acceptance": False,
            "published_at": version.published_at,
            "created_at": version.created_at,
        }
    ]


def test_the_time_of_what_is_in_force_is_not_moved():
    version = published()

    refused(lambda: Version.objects.update(published_at=timezone.now() + timedelta(days=1)))
    refused(lambda: Version.objects.update(published_at=version.published_at - timedelta(days=1)))

    assert Version.objects.get().published_at == version.published_at


def test_a_date_that_has_not_come_may_be_taken_away_and_nothing_else():
    version = published(at=timezone.now() + timedelta(days=1))

    refused(lambda: Version.objects.update(label="9"))
    refused(lambda: version.texts.update(body="Be unkind."))
    Version.objects.update(published_at=None)

    assert Version.objects.get().is_draft


def test_a_requirement_may_be_lifted():
    published(required=True)

    Version.objects.update(requires_acceptance=False)

    assert not Version.objects.get().requires_acceptance


def test_the_words_of_what_is_published_stay():
    version, drafted = published(), draft("2")

    refused(lambda: Text.objects.filter(version=version).update(body="Be unkind."))
    refused(lambda: Text.objects.filter(version=version).update(title="Rules"))
    refused(lambda: Text.objects.filter(version=version).update(version=drafted, locale="ar"))
    refused(lambda: Text.objects.filter(version=drafted).update(version=version, locale="ar"))
    refused(lambda: Text.objects.create(version=version, locale="ar", title="Rules", body="Be unkind."))
    drafted.texts.update(body="Be very kind.")

    assert version.texts.get().body == "Be kind to each **other**."
    assert drafted.texts.get().body == "Be very kind."


def test_a_document_has_a_name_and_a_moment_for_one_version():
    version = published()
    draft("2")

    refused(lambda: Version.objects.filter(label="2").update(label="1"))
    refused(lambda: Version.objects.filter(label="2").update(published_at=version.published_at))

    assert Version.objects.draft().get().label == "2"


def test_a_version_has_one_text_in_a_language():
    version = draft()

    refused(lambda: Text.objects.create(version=version, locale="en", title="Rules", body="Be kind."))


def test_a_version_is_accepted_once_by_each():
    version, layla = published(), UserFactory()
    Acceptance.objects.create(user=layla, version=version)

    refused(lambda: Acceptance.objects.create(user=layla, version=version))
    Acceptance.objects.create(user=UserFactory(), version=version)


def test_the_words_of_a_person_on_a_purpose_are_counted():
    layla = UserFactory()
    said = {"user": layla, "given": True, "wording": "1"}
    Consent.objects.create(purpose="marketing", number=1, **said)

    refused(lambda: Consent.objects.create(purpose="marketing", number=1, **said))
    Consent.objects.create(purpose="analytics", number=1, **said)
