"""Statements that go past Django's cursor: everybody else finds them as they find any other."""

import os
import socket
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.transaction import TransactionManagementError

from common.models import UserPosition
from common.outages import is_outage
from common.statements import Statement, array, run

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="they are PostgreSQL's own")

ECHO = Statement("test_echo", "SELECT $1::text")
PLANS = Statement("test_plans", "SELECT count(*) FROM pg_prepared_statements WHERE name = $1")
COUNT = Statement("test_count", 'INSERT INTO common_userposition ("user", seq) VALUES ($1::uuid, $2::bigint)')
SEQ = Statement("test_seq", 'SELECT seq FROM common_userposition WHERE "user" = $1::uuid')
ID, OTHER, THIRD = (f"0192f0c1-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))


@pytest.mark.django_db
def test_it_answers_with_one_value_or_none():
    assert ECHO.run("a 'quoted' %s ü") == "a 'quoted' %s ü".encode()
    assert COUNT.run(ID, "3") is None
    assert UserPosition.objects.get().seq == 3


@pytest.mark.django_db
def test_the_server_keeps_its_plan_unless_it_is_told_not_to(settings):
    ECHO.run("once")
    ECHO.run("and again")
    assert PLANS.run("test_echo") == b"1"
    settings.DATABASE_PREPARE = False
    other = Statement("test_unkept", "SELECT $1::text")
    assert other.run("each time anew") == b"each time anew"
    assert PLANS.run("test_unkept") == b"0"


@pytest.mark.django_db(transaction=True)
def test_it_is_undone_with_the_transaction_around_it():
    with transaction.atomic():
        COUNT.run(ID, "1")  # the first in it: the transaction begins with this one
        transaction.set_rollback(True)
    assert not UserPosition.objects.exists()
    COUNT.run(ID, "1")  # alone, it stays
    connection.close()
    assert UserPosition.objects.get().seq == 1


@pytest.mark.django_db(transaction=True)
def test_what_the_database_refuses_is_raised_as_django_has_it():
    COUNT.run(ID, "1")
    with pytest.raises(IntegrityError), transaction.atomic():
        COUNT.run(ID, "2")
    with pytest.raises(DataError):
        COUNT.run("no id", "2")
    assert UserPosition.objects.get().seq == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prepares", [True, False])
class TestTogether:
    """Several in one journey."""

    @pytest.fixture(autouse=True)
    def _prepares(self, prepares, settings):
        settings.DATABASE_PREPARE = prepares

    def test_the_last_one_answers(self):
        with transaction.atomic():
            answer = run(COUNT.of(ID, "7"), SEQ.of(ID))
        assert answer == b"7"
        assert UserPosition.objects.get().seq == 7

    def test_values_are_nothing_but_values(self):
        evil = "'; DROP TABLE common_userposition; -- \\ ü"
        with transaction.atomic():
            assert run(ECHO.of("first"), ECHO.of(evil)) == evil.encode()

    def test_of_what_fails_nothing_is_done(self):
        COUNT.run(ID, "1")
        with pytest.raises(IntegrityError), transaction.atomic():
            run(COUNT.of(OTHER, "1"), COUNT.of(ID, "2"), COUNT.of(THIRD, "1"), ends=True)
        assert UserPosition.objects.count() == 1
        assert ECHO.run("and it goes on") == b"and it goes on"

    def test_what_ends_it_is_there_for_everybody_and_what_waits_for_that_runs(self):
        ran = []
        with transaction.atomic():
            transaction.on_commit(lambda: ran.append(connection.get_autocommit()))
            run(COUNT.of(ID, "1"), COUNT.of(OTHER, "1"), ends=True)
        assert ran == [True]
        connection.close()
        assert UserPosition.objects.count() == 2

    def test_it_ends_no_transaction_around_it(self):
        with transaction.atomic():
            with transaction.atomic():
                run(COUNT.of(ID, "1"), COUNT.of(OTHER, "1"), ends=True)
            transaction.set_rollback(True)
        assert not UserPosition.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("calls", [1, 2])
def test_a_lost_connection_is_an_outage_and_the_next_one_works(calls):
    ECHO.run("it is there")
    with socket.socket(fileno=os.dup(connection.connection.pgconn.socket)) as wire:
        wire.shutdown(socket.SHUT_RDWR)
    with pytest.raises(OperationalError) as lost, transaction.atomic():
        run(*[ECHO.of("nobody hears")] * calls)
    assert is_outage(lost.value)
    connection.close()
    assert ECHO.run("here again") == b"here again"


@pytest.mark.django_db
def test_nothing_goes_into_a_transaction_that_is_to_be_undone():
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            ECHO.run("too late")
        transaction.set_rollback(False)


@pytest.mark.django_db
def test_it_is_counted_and_seen_like_any_other(django_assert_num_queries):
    seen = []

    def watch(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with django_assert_num_queries(1), connection.execute_wrapper(watch):
        ECHO.run("one")
    assert seen == ["SELECT $1::text"]


@pytest.mark.django_db
def test_an_array_of_ids_is_read_as_one():
    both = Statement("test_array", "SELECT array_length($1::uuid[], 1)::text")
    assert both.run(array([UUID(ID), OTHER])) == b"2"
    assert both.run(array([])) is None
