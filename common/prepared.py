"""A read whose statement the ORM writes once, for all who ask.

What counts in many subqueries takes Django ten times as long to write as a database to answer. The statement
depends on the shape of the question alone: so it is kept, and given other ids each time.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import QuerySet, UUIDField

SIZES: Final = (1, 8, 64, 512)  # rows that a statement asks for; for fewer it is given the last one again


@dataclass(frozen=True)
class Statement:
    """
    Attributes:
        sought: where among the parameters which one of the ids stands, the person's first.
        query: what it was written from, which knows how to read the answer.
    """

    sql: str
    parameters: tuple[Any, ...]
    sought: list[tuple[int, int]]
    query: Any
    converters: Any
    row: Callable[..., Any]


class PreparedRead:
    """Values of one person's rows.

    Args:
        make: these values, by name, of rows with these ids. Nothing else may decide what the statement is,
            neither the time nor who it is: it is written once, of a person and of rows that there are not.
    """

    def __init__(self, make: Callable[[UUID, Sequence[UUID]], QuerySet[Any, Any]]) -> None:
        self._make = make
        self._statement = cache(self._write)

    def rows(self, person: UUID, ids: Sequence[UUID]) -> list[Any]:
        """The values of those of *ids* that the queryset has, in no order."""
        found: list[Any] = []
        for start in range(0, len(ids), SIZES[-1]):
            found += self._portion(person, ids[start : start + SIZES[-1]])
        return found

    def _portion(self, person: UUID, ids: Sequence[UUID]) -> list[Any]:
        size = next(size for size in SIZES if size >= len(ids))
        statement = self._statement(size)
        asked = [_stored(id_) for id_ in (person, *ids)]
        asked += asked[-1:] * (size - len(ids))
        parameters = list(statement.parameters)
        for place, which in statement.sought:
            parameters[place] = asked[which]
        compiler = statement.query.get_compiler(connection=connection)
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, parameters)
            rows = compiler.apply_converters(cursor.fetchall(), statement.converters)
            return [statement.row(*row) for row in rows]

    def _write(self, size: int) -> Statement:
        ids = [uuid4() for _ in range(1 + size)]
        query: Any = self._make(ids[0], ids[1:]).query
        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        order = {_stored(id_): which for which, id_ in enumerate(ids)}
        return Statement(
            sql=sql,
            parameters=tuple(parameters),
            sought=[(place, order[each]) for place, each in enumerate(parameters) if each in order],
            query=query,
            converters=compiler.get_converters([column for column, *_ in compiler.select]),
            row=namedtuple("Row", query.selected),  # noqa: PYI024 (its names are the queryset's)
        )


def _stored(id_: UUID) -> Any:
    """As this database takes it."""
    return UUIDField().get_db_prep_value(id_, connection)
