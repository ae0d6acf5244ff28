"""Files are there as long as something names them."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common.problems import Invalid
from files.models import File
from files.services import claim, let_go
from files.tasks import purge_unclaimed, purge_unnamed
from files.tests.factories import FileFactory, file_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(monkeypatch):
    """Ids of files that an app names."""
    ids: set = set()
    monkeypatch.setattr("files.registries.claims", [lambda: Q(pk__in=list(ids))])
    return ids


def test_files_are_claimed_in_the_order_that_is_asked_for(layla):
    first, second = FileFactory(owner=layla), FileFactory(owner=layla)

    with transaction.atomic():
        claimed = claim(owner=layla, files=[second.pk, first.pk], field="files")

    assert claimed == [second, first]
    assert not File.objects.filter(claimed_at=None).exists()


@pytest.mark.parametrize("kind", ["another's", "none"])
def test_only_ones_own_files_are_claimed(kind, layla, omar):
    mine = FileFactory(owner=layla)
    other = FileFactory(owner=omar).pk if kind == "another's" else omar.pk

    with pytest.raises(Invalid) as refusal, transaction.atomic():
        claim(owner=layla, files=[mine.pk, other], field="files")

    assert [(each["field"], each["code"]) for each in refusal.value.errors] == [("files.1", "unknown_file")]
    assert File.objects.filter(claimed_at=None).count() == File.objects.count()


@pytest.mark.parametrize(
    ("scan", "code"), [("infected", "infected_file"), ("pending", None), ("clean", None)]
)
def test_an_infected_file_is_not_claimed_and_one_that_waits_is(scan, code, layla):
    file = FileFactory(owner=layla, scan=scan)

    try:
        with transaction.atomic():
            claim(owner=layla, files=[file.pk], field="files")
        refused = None
    except Invalid as problem:
        refused = problem.errors[0]["code"]

    assert refused == code


def test_what_nothing_names_within_a_day_is_deleted(layla, committed, stored):
    claimed, left = file_of(layla), file_of(layla)
    File.objects.filter(pk=claimed.pk).update(claimed_at=timezone.now())

    with time_machine.travel(timezone.now() + timedelta(hours=23)):
        assert purge_unclaimed() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=25)), committed():
        assert purge_unclaimed() == 1
        assert purge_unclaimed() == 0

    assert File.objects.get() == claimed
    assert stored() == [claimed.stored]
    assert left.pk != claimed.pk


def test_what_is_let_go_is_deleted_unless_something_else_names_it(layla, committed, stored, named):
    kept, dropped = file_of(layla), file_of(layla)
    named.add(kept.pk)

    with committed():
        assert let_go(files=[kept.pk, dropped.pk]) == 1

    assert File.objects.get() == kept
    assert stored() == [kept.stored]


def test_what_lost_its_names_without_a_word_is_deleted_too(layla, named):
    kept, dropped = FileFactory(owner=layla), FileFactory(owner=layla)
    File.objects.update(claimed_at=timezone.now())
    named.add(kept.pk)

    assert purge_unnamed() == 0  # a day is not over
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert purge_unnamed() == 1

    assert File.objects.get() == kept
    assert dropped.pk != kept.pk
