"""A module for each database."""

from typing import Any, Final

from django.db import connection, connections

from . import sqlite
from .base import Backend
from .postgresql import PostgresBackend

BACKENDS: Final[dict[str, Backend]] = {
    "postgresql": PostgresBackend(),
    "sqlite": sqlite.SqliteBackend(),
}


def backend() -> Backend:
    return BACKENDS[connection.vendor]


def on_connection(connection: Any, **_more: Any) -> None:
    """Of Django's signal `connection_created`."""
    if connection.vendor == "sqlite":
        sqlite.teach(connection)


def on_migrated(using: str, **_more: Any) -> None:
    """Of Django's signal `post_migrate`."""
    if connections[using].vendor == "sqlite":
        sqlite.install(connections[using])
