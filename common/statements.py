"""Statements in PostgreSQL's own words, for the few that run hundreds of times a second.

They go by libpq itself. Django's cursor writes the values into the text of a statement, so that the server
plans anew each time what takes less to do than to plan; and it and the driver ask of each value what it is.
Here the server keeps the plan, what is given is text, and what comes back is one text: mostly JSON.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connections
from psycopg import errors
from psycopg.pq import ExecStatus, TransactionStatus

ANSWERED: Final = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)

_prepared: Final[WeakKeyDictionary[Any, set[bytes]]] = (
    WeakKeyDictionary()
)  # names, by the driver's connection


class Statement:
    """
    Args:
        name: by which a connection knows it: no other's.
        sql: with `$1` and so on, each with its type. It answers with one value, or with none.
    """

    def __init__(self, name: str, sql: str) -> None:
        self._name = name.encode()
        self._sql = sql

    def run(self, *values: str | bytes) -> bytes | None:
        """Run it on Django's connection, in the transaction that there is, seen by all who watch that.

        Returns:
            What it answers.

        Raises:
            django.db.Error: as any other statement does.
        """
        connection: Any = connections["default"]
        connection.ensure_connection()
        connection.validate_no_broken_transaction()
        execute: Any = self._execute
        for wrapper in reversed(connection.execute_wrappers):
            execute = partial(wrapper, execute)
        given = [each.encode() if isinstance(each, str) else each for each in values]
        start = perf_counter()
        try:
            answer: bytes | None = execute(
                self._sql, given, many=False, context={"connection": connection, "cursor": None}
            )
            return answer
        finally:
            if connection.queries_logged:
                took = {"sql": self._sql, "time": f"{perf_counter() - start:.3f}"}
                connection.queries_log.append(took)

    def _execute(
        self, sql: str, given: Sequence[bytes], many: object, context: dict[str, Any]
    ) -> bytes | None:
        connection = context["connection"]
        with connection.wrap_database_errors:
            driver = connection.connection
            libpq = driver.pgconn
            if not driver.autocommit and libpq.transaction_status == TransactionStatus.IDLE:
                _checked(libpq.exec_(b"BEGIN"))  # as the driver does before a statement of its own
            if settings.DATABASE_PREPARE:
                self._prepare(driver)
                result = _checked(libpq.exec_prepared(self._name, given))
            else:
                result = _checked(libpq.exec_params(sql.encode(), given))
            value: bytes | None = result.get_value(0, 0) if result.ntuples else None
            return value

    def _prepare(self, driver: Any) -> None:
        if (known := _prepared.get(driver)) is None:
            known = _prepared[driver] = set()
        if self._name not in known:
            _checked(driver.pgconn.prepare(self._name, self._sql.encode()))
            known.add(self._name)


def _checked(result: Any) -> Any:
    if result.status not in ANSWERED:
        raise errors.error_from_result(result)
    return result


def array(ids: Iterable[UUID | str | None]) -> str:
    """An array of ids, some of which may be missing, as PostgreSQL reads it."""
    return f"{{{','.join([str(each) if each else 'NULL' for each in ids])}}}"
