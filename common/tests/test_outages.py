"""What the service stands on is away: who asks is told so, and to try again. Nothing else is called that."""

import sqlite3
from datetime import timedelta

import psycopg
import pytest
import redis.exceptions
import time_machine
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.utils import timezone
from rest_framework.test import APIClient

from common.api.exceptions import as_problem
from common.outages import is_outage

from .outages import NOWHERE, database_away
from .test_problems import problem_of

ME = "/api/v1/users/me"


def wrapped(cause: Exception) -> OperationalError:
    error = OperationalError(*cause.args)
    error.__cause__ = cause
    return error


def of_sqlite(statement: str) -> OperationalError:
    with sqlite3.connect(":memory:") as database, pytest.raises(sqlite3.OperationalError) as raised:
        database.execute(statement)
    return wrapped(raised.value)


def refused() -> OperationalError:
    with pytest.raises(psycopg.OperationalError) as raised:
        psycopg.connect("postgresql://nobody@127.0.0.1:1/nothing", connect_timeout=5)
    return wrapped(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        database_away(),
        InterfaceError("connection already closed"),
        wrapped(psycopg.errors.AdminShutdown()),
        wrapped(psycopg.errors.CannotConnectNow()),
        wrapped(psycopg.errors.TooManyConnections()),
        wrapped(psycopg.errors.ConnectionFailure()),
        redis.exceptions.ConnectionError(),
        redis.exceptions.TimeoutError(),
    ],
    ids=lambda error: type(error.__cause__ or error).__name__,
)
def test_a_lost_connection_is_an_outage(error):
    problem = as_problem(error)

    assert problem is not None
    assert (problem.status, problem.code) == (503, "temporarily_unavailable")
    assert problem.headers == {"Retry-After": "5"}
    assert problem.body()["retry_after"] == 5


def test_a_file_that_others_hold_is_an_outage(tmp_path):
    held, other = (sqlite3.connect(tmp_path / "camels", timeout=0, isolation_level=None) for _ in range(2))
    held.execute("BEGIN EXCLUSIVE")

    with pytest.raises(sqlite3.OperationalError) as raised:
        other.execute("BEGIN IMMEDIATE")

    assert is_outage(wrapped(raised.value))
    held.close()
    other.close()


def test_a_port_where_nobody_listens_is_an_outage():
    assert is_outage(refused())


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite("SELECT * FROM no_such_table"),
        OperationalError("of nobody knows what"),
        wrapped(psycopg.errors.QueryCanceled()),
        wrapped(psycopg.errors.DeadlockDetected()),
        wrapped(psycopg.errors.DiskFull()),
        InterfaceError("the cursor is closed"),
        ProgrammingError("no such column"),
        IntegrityError("doubled"),
        DataError("too long"),
        redis.exceptions.ResponseError("WRONGTYPE"),
        redis.exceptions.AuthenticationError("wrong password"),
        ConnectionError("of somebody else"),
        ZeroDivisionError(),
    ],
    ids=lambda error: type(error.__cause__ or error).__name__,
)
def test_errors_of_programs_and_of_data_are_our_fault(error):
    assert as_problem(error) is None


def lose(execute, sql, params, many, context):
    raise database_away()


def told(response) -> None:
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    body = problem_of(response)
    assert (body["status"], body["code"]) == (503, "temporarily_unavailable")
    assert NOWHERE not in response.text


@pytest.mark.django_db
@pytest.mark.parametrize("path", [ME, "/api/users/me"])
def test_who_asks_meanwhile_is_told_to_try_again(path, layla, client_of, log_lines):
    client = client_of(layla)

    with connection.execute_wrapper(lose):
        response = client.get(path, headers={"X-Request-ID": "r-1"})

    told(response)
    [noted] = [line for line in log_lines() if line["event"] == "outage"]
    assert noted["request_id"] == "r-1"
    assert "unable to open database file" in noted["exception"]


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_with_a_key_is_told_so_once_and_may_be_repeated_later(layla, client_of, log_lines):
    client, away = client_of(layla), False

    def lose_at_the_change(execute, sql, params, many, context):
        nonlocal away
        away = away or sql.startswith("UPDATE")
        if away:
            raise database_away()
        return execute(sql, params, many, context)

    def rename():
        return client.patch(ME, {"display_name": "Noor"}, headers={"Idempotency-Key": "k-1"})

    with connection.execute_wrapper(lose_at_the_change):
        told(rename())
    assert [line["event"] for line in log_lines()].count("outage") == 1
    assert problem_of(rename())["code"] == "idempotency_key_in_use"  # nobody could let it go

    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        client = client_of(layla)
        assert rename().json()["display_name"] == "Noor"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to lose")
def test_a_connection_that_postgresql_ends_is_an_outage_and_the_next_one_serves(layla, client_of):
    client = client_of(layla)
    assert client.get(ME).status_code == 200
    ours = connection.connection.info.backend_pid
    with psycopg.connect(
        connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [ours])

    response = client.get(ME)

    told(response)
    connection.close()  # as the end of a request does outside of tests
    assert client.get(ME).status_code == 200


@pytest.mark.urls("common.tests.urls")
@pytest.mark.parametrize("path", ["/api/v1/outage", "/page/outage"])
def test_outside_of_the_api_it_is_told_where_there_is_no_view_of_it(path):
    response = APIClient(raise_request_exception=False).get(path)

    assert (response.status_code, problem_of(response)["code"]) == (
        (503, "temporarily_unavailable") if path.startswith("/api/") else (500, "server_fault")
    )
