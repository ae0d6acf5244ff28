"""What the rules of sending stand on, a module for each kind of database."""

from typing import Final

from django.db import connection

from .base import Backend
from .orm import OrmBackend, sent_before
from .postgresql import PostgresBackend

__all__ = ["Backend", "backend", "sent_before"]

BACKENDS: Final[dict[str, Backend]] = {"postgresql": PostgresBackend(), "sqlite": OrmBackend()}


def backend() -> Backend:
    return BACKENDS[connection.vendor]
