"""Whether an error means that something every request stands on is away: the database, or Redis.

Errors of programs and of data are none of these, whatever class a driver gives them.
"""

import sqlite3
from typing import Final

import redis.exceptions
from django import db

# Of PostgreSQL (its documentation, appendix A): a shutdown, a crash, a start; and no connection is left.
AWAY: Final = {"57P01", "57P02", "57P03", "53300"}
OF_CONNECTIONS: Final = "08"  # their class
# https://www.sqlite.org/rescode.html: others hold it for too long, its file can't be read, or not opened.
SQLITE_AWAY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}


def is_outage(error: BaseException) -> bool:
    match error:
        case redis.exceptions.ConnectionError() | redis.exceptions.TimeoutError():
            return not isinstance(error, redis.exceptions.AuthenticationError)
        case db.InterfaceError():
            return "connection" in str(error)  # "connection already closed"; not the closed cursor
        case db.OperationalError():
            return _is_away(error.__cause__)
    return False


def _is_away(cause: BaseException | None) -> bool:
    """Whether a driver's error is about its connection, not about what was asked through it."""
    if isinstance(cause, sqlite3.OperationalError):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in SQLITE_AWAY  # without the extended part
    if cause is None or not hasattr(cause, "sqlstate"):
        return False
    # The server says what is wrong with a statement; where nobody said anything, it was not reached, or lost.
    state: str | None = cause.sqlstate
    return state is None or state in AWAY or state.startswith(OF_CONNECTIONS)
