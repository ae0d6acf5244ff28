"""Statements in PostgreSQL's own words, for the few that run hundreds of times a second.

They go by libpq itself. Django's cursor writes the values into the text of a statement, so that the server
plans anew each time what takes less to do than to plan; and it and the driver ask of each value what it is.
Here the server keeps the plan, what is given is text, and what comes back is one text: mostly JSON.

What is done one after the other goes in one journey, with the beginning of the transaction before it and its
end behind it: for each journey the thread sleeps and wakes, which costs more than most statements.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, Final, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connections
from psycopg import errors
from psycopg.pq import Escaping, ExecStatus, TransactionStatus

ANSWERED: Final = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)

_prepared: Final[WeakKeyDictionary[Any, set[str]]] = WeakKeyDictionary()  # names, by the driver's connection


class Statement(NamedTuple):
    """
    Attributes:
        name: by which a connection knows it: no other's.
        sql: with `$1` and so on, each with its type. It answers with one value, or with none.
    """

    name: str
    sql: str

    def of(self, *values: str | bytes) -> "Call":
        return Call(self, [each.encode() if isinstance(each, str) else each for each in values])

    def run(self, *values: str | bytes) -> bytes | None:
        """`run` of this one alone."""
        return run(self.of(*values))


class Call(NamedTuple):
    statement: Statement
    values: list[bytes]


def run(*calls: Call, ends: bool = False) -> bytes | None:
    """Run these, one after the other, on Django's connection, and seen by all who watch that.

    Args:
        ends: nothing follows in the transaction, which may be committed on the way. Whoever opened it does
            that all the same: there may be one around it.

    Returns:
        What the last one answers.

    Raises:
        django.db.Error: as any other statement does.
    """
    connection: Any = connections["default"]
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    execute: Any = partial(_execute, connection, ends=ends and not connection.savepoint_ids)
    for wrapper in reversed(connection.execute_wrappers):
        execute = partial(wrapper, execute)
    sql = ";\n".join([call.statement.sql for call in calls])
    start = perf_counter()
    try:
        answer: bytes | None = execute(
            sql, calls, many=False, context={"connection": connection, "cursor": None}
        )
        return answer
    finally:
        if connection.queries_logged:
            connection.queries_log.append({"sql": sql, "time": f"{perf_counter() - start:.3f}"})


def _execute(
    connection: Any, _sql: str, calls: Sequence[Call], many: object, context: object, *, ends: bool
) -> bytes | None:
    with connection.wrap_database_errors:
        driver = connection.connection
        libpq = driver.pgconn
        begins = not driver.autocommit and libpq.transaction_status == TransactionStatus.IDLE
        ends = ends and not driver.autocommit
        if settings.DATABASE_PREPARE:
            _prepare(driver, calls)
            if len(calls) == 1 and not (begins or ends):
                [(statement, values)] = calls
                return _answer(libpq.exec_prepared(statement.name.encode(), values))
            answer = _answer(libpq.exec_(_script(libpq, calls, begins=begins, ends=ends)))
            return None if ends else answer
        if begins:
            _answer(libpq.exec_(b"BEGIN"))
        return [_answer(libpq.exec_params(call.statement.sql.encode(), call.values)) for call in calls][-1]


def _prepare(driver: Any, calls: Iterable[Call]) -> None:
    if (known := _prepared.get(driver)) is None:
        known = _prepared[driver] = set()
    for statement, _ in calls:
        if statement.name not in known:
            _answer(driver.pgconn.prepare(statement.name.encode(), statement.sql.encode()))
            known.add(statement.name)


def _script(libpq: Any, calls: Iterable[Call], *, begins: bool, ends: bool) -> bytes:
    """The same in one text, of which the server does nothing behind what fails."""
    escape = Escaping(libpq).escape_literal
    lines = [b"BEGIN"] if begins else []
    for (name, _), values in calls:
        lines.append(b"EXECUTE %b(%b)" % (name.encode(), b",".join([escape(each) for each in values])))
    return b";".join([*lines, b"COMMIT"] if ends else lines)


def _answer(result: Any) -> bytes | None:
    if result.status not in ANSWERED:
        error = errors.error_from_result(result)
        # Where the server says nothing, the connection to it is lost. The driver has no class for that here.
        raise error if error.sqlstate else errors.OperationalError(*error.args)
    value: bytes | None = result.get_value(0, 0) if result.ntuples else None
    return value


def array(ids: Iterable[UUID | str]) -> str:
    """An array of ids, as PostgreSQL reads it."""
    return f"{{{','.join(map(str, ids))}}}"
