"""A read that is written once says what the ORM says, to everybody."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Count, IntegerField, Value
from django.db.models.functions import Coalesce

from accounts.models import Session, User
from accounts.tests.factories import SessionFactory, UserFactory
from common.prepared import SIZES, PreparedRead

pytestmark = pytest.mark.django_db


def sessions_of(person: UUID, ids: Sequence[UUID]) -> Any:
    theirs = Session.objects.filter(user=person, pk__in=ids)
    counted = theirs.annotate(others=Coalesce(Count("user__sessions"), Value(0), output_field=IntegerField()))
    return counted.values_list("pk", "user", "others", named=True)


@pytest.mark.parametrize("count", [1, 2, 8, 9])
def test_everybody_has_their_own_rows_and_nobody_elses(count):
    layla, omar = UserFactory(), UserFactory()
    of_layla = [SessionFactory(user=layla).pk for _ in range(count)]
    of_omar = [SessionFactory(user=omar).pk for _ in range(count)]
    read = PreparedRead(sessions_of)

    rows = {person: read.rows(person, of_layla + of_omar) for person in (layla.pk, omar.pk)}

    assert sorted(rows[layla.pk]) == sorted((pk, layla.pk, count) for pk in of_layla)
    assert sorted(rows[omar.pk]) == sorted((pk, omar.pk, count) for pk in of_omar)
    assert {row.others for row in rows[omar.pk]} == {count}


def test_it_is_written_once_for_all_questions_of_a_size(django_assert_num_queries):
    written = []

    def write(person: UUID, ids: Sequence[UUID]) -> Any:
        written.append(len(ids))
        return sessions_of(person, ids)

    read = PreparedRead(write)
    people = [SessionFactory() for _ in range(3)]

    for session in people:
        with django_assert_num_queries(1):
            assert [row.pk for row in read.rows(session.user_id, [session.pk])] == [session.pk]
    for count in (2, 5, 8):
        assert read.rows(people[0].user_id, [uuid4() for _ in range(count)]) == []

    assert written == [1, 8]


def test_more_than_a_statement_asks_for_are_asked_for_in_portions(django_assert_num_queries):
    session = SessionFactory()
    unknown = [uuid4() for _ in range(SIZES[-1])]

    with django_assert_num_queries(2):
        rows = PreparedRead(sessions_of).rows(session.user_id, [*unknown, session.pk])

    assert [row.pk for row in rows] == [session.pk]


def test_nothing_is_asked_where_nothing_is_wanted(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert PreparedRead(sessions_of).rows(User().pk, []) == []
