"""Errors of a database that is away."""

import sqlite3
from typing import Final

from django.db import OperationalError

NOWHERE: Final = "/nowhere/at/all.sqlite3"


def database_away() -> OperationalError:
    """What Django makes of a database that can't be opened: a real one, of the driver that is always here."""
    try:
        sqlite3.connect(f"file:{NOWHERE}?mode=rw", uri=True)
    except sqlite3.OperationalError as cause:
        error = OperationalError(*cause.args)
        error.__cause__ = cause
        return error
    raise AssertionError("there is such a file")
