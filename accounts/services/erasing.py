"""How erasure changes rows: as the map of holdings says, in batches that may be done again."""

from collections.abc import Container
from functools import partial
from typing import Any, Final

from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Model

from common.holdings import (
    Anonymise,
    Blank,
    Erase,
    Holding,
    Keep,
    Place,
    Subject,
    blank_of,
    fields_of,
    files_of,
)
from common.storage import DEFAULT, PRIVATE, let_go

BATCH: Final = 1000  # rows of one transaction


def erase_batch(holding: Holding, who: Subject, *, after: Any = None) -> tuple[int, Any]:
    """Do with the next of *who*'s rows as *holding* says, within the caller's transaction.

    Args:
        after: the key of the last row that was dealt with; None to begin. What is deleted needs none.

    Returns:
        How many were dealt with, and the key of the last one: the same as *after* where there were none.
    """
    if holding.erase is Erase.BY_FIELD and not _changes(holding):
        return 0, after
    rows = holding.rows(who).order_by("pk")
    if holding.erase is Erase.BY_FIELD and after is not None:
        rows = rows.filter(pk__gt=after)
    batch = list(rows[:BATCH])
    if not batch:
        return 0, after
    if holding.erase is Erase.DELETE_ROW:
        _delete_files(holding, batch, holding.fields)
        holding.model._base_manager.filter(pk__in=[row.pk for row in batch]).delete()
    else:
        _change(holding, batch, who)
    return len(batch), batch[-1].pk


def receipt_of(holding: Holding, who: Subject, *, counted: int, before: int) -> dict[str, Any]:
    """What a receipt says of *holding*: what was done to how many rows; of what stays, what and why.

    Args:
        counted: rows that were dealt with as the map says.
        before: rows that were deleted before that, such as those of a chat that nobody else was in.
    """
    if holding.erase is Erase.DELETE_ROW:
        return {"table": holding.label, "done": "deleted", "rows": counted + before}
    kept: dict[str, list[str]] = {}
    for name, each in holding.fields.items():
        if isinstance(each.erase, Keep):
            kept.setdefault(each.erase.why, []).append(name)
    return {
        "table": holding.label,
        "done": "changed" if _changes(holding) else "kept",
        "rows": counted if _changes(holding) else holding.rows(who).count(),
        "deleted": before,
        "emptied": holding.acted_on(Blank),
        "replaced": holding.acted_on(Anonymise),
        "kept": [{"fields": names, "why": why} for why, names in kept.items()],
    }


def receipt_of_place(place: Place, *, counted: int) -> dict[str, Any]:
    said = {"place": place.name, "becomes": place.becomes, "retention": place.retention}
    return said | ({"deleted": counted} if place.erase else {})


def _changes(holding: Holding) -> bool:
    return bool(holding.acted_on(Blank) or holding.acted_on(Anonymise))


def _change(holding: Holding, batch: list[Model], who: Subject) -> None:
    columns = fields_of(holding.model)
    blanked = [columns[name] for name in holding.acted_on(Blank)]
    changes: dict[str, Any] = {each.name: blank_of(each) for each in blanked if not each.many_to_many}
    for name, each in holding.fields.items():
        if isinstance(each.erase, Anonymise):
            changes[name] = each.erase.value(who)
    for row in batch:
        for column in blanked:
            if column.many_to_many:
                getattr(row, column.name).clear()
    _delete_files(holding, batch, changes)
    holding.model._base_manager.filter(pk__in=[row.pk for row in batch]).update(**changes)


def _delete_files(holding: Holding, rows: list[Model], fields: Container[str]) -> None:
    """When the transaction has made it so: a file that is gone can't be taken back."""
    loose: dict[str, list[str]] = {}
    ours = {storages[name]: name for name in (DEFAULT, PRIVATE)}
    for row in rows:
        for name, storage, stored in files_of(holding, row):
            if name not in fields:
                continue
            if where := ours.get(storage):
                loose.setdefault(where, []).append(stored)  # also if this process is killed after the commit
            else:
                transaction.on_commit(partial(storage.delete, stored))
    for where, names in loose.items():
        let_go(names, storage=where)
