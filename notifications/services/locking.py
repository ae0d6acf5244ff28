"""The row that owns a rule, held until the commit."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from common.problems import NotFound

Row = TypeVar("Row", bound=Model)


def locked(rows: QuerySet[Row], pk: UUID) -> Row:
    """
    Raises:
        NotFound: it was deleted since it was looked up.
    """
    row = locked_if_there(rows, pk)
    if row is None:
        raise NotFound
    return row


def locked_if_there(rows: QuerySet[Row], pk: UUID) -> Row | None:
    return rows.select_for_update(of=("self",)).filter(pk=pk).first()
