"""What is held about people: every field of every model, why it is there, and what becomes of it.

Each app classifies its own models in its `privacy.py` and registers them here. Export, erasure and
`docs/privacy.md` read this map and nothing else, so that what one of them knows all of them know; a test
fails on a field that stands nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final
from uuid import UUID

from django.core.files.storage import Storage, storages
from django.db import models


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A person, as what is held about them names them."""

    id: UUID
    email: str
    username: str


# --- What erasure does --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Blank:
    """Emptied: text to none, a value to null, a file deleted, related rows let go."""


@dataclass(frozen=True)
class Anonymise:
    """Replaced by what says nothing of the person, where the column can't be empty."""

    value: Callable[[Subject], Any]


@dataclass(frozen=True)
class Keep:
    """Stays as it is, and the receipt says why."""

    why: str


BLANK: Final = Blank()
Action = Blank | Anonymise | Keep


class Erase(Enum):
    """What becomes of a row of the person's."""

    DELETE_ROW = "deleted"
    BY_FIELD = "changed"  # it stays, as each of its fields says


# --- The map ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """One field of a model.

    Attributes:
        purpose: why it is held.
        export: its name in the archive of an export; None: not in it.
        erase: what erasure does to it, where its row stays.
        files: names in the storage of what the value stands for; a `FileField` needs none.
        storage: which of `STORAGES` that is.
    """

    purpose: str
    export: str | None = None
    erase: Action | None = None
    files: Callable[[Any], Iterable[str]] | None = None
    storage: str = "default"


@dataclass(frozen=True, kw_only=True)
class Holding:
    """One model.

    Attributes:
        whose: how its rows belong to a person: the field with their id, several of which any counts, or a
            function that finds them; None: it holds nothing about anybody.
        purpose: why there are such rows.
        retention: how long a row stays while nobody asks for erasure.
        erase: what erasure does to a person's rows.
        export: the name of its file in an export; None: not in it.
        shown: which of the person's rows an export has, if not all.
        also: further members of each record in an export: name to attribute path.
        fields: all of them, by name.
    """

    model: type[models.Model]
    purpose: str
    whose: str | tuple[str, ...] | Callable[[Subject], models.QuerySet[Any]] | None = None
    retention: str
    erase: Erase | None = None
    export: str | None = None
    shown: str | None = None
    also: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Field]

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    def rows(self, who: Subject) -> models.QuerySet[Any]:
        """What is held about *who*."""
        match self.whose:
            case None:
                return self.model._base_manager.none()
            case str() | tuple():
                names = (self.whose,) if isinstance(self.whose, str) else self.whose
                theirs = models.Q()
                for name in names:
                    theirs |= models.Q(**{name: who.id})
                return self.model._base_manager.filter(theirs)
            case find:
                return find(who)

    def rows_shown(self, who: Subject) -> models.QuerySet[Any]:
        """Those of them that an export has."""
        return self.model._base_manager.filter(**{self.shown: who.id}) if self.shown else self.rows(who)

    def acted_on(self, kind: type[Any]) -> list[str]:
        """Its fields whose action is of *kind*."""
        return [name for name, each in self.fields.items() if isinstance(each.erase, kind)]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something about people is held beside the database.

    Attributes:
        erase: removes what is *who*'s, and says how many there were; None: it goes by itself.
        becomes: what becomes of it, in words.
    """

    name: str
    purpose: str
    retention: str
    becomes: str
    erase: Callable[[Subject], int] | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one app holds.

    Attributes:
        before: what the app does for somebody who goes, before any of its rows is touched: it may tell
            others. Gives the rows that it deleted, by model. Safe to repeat.
    """

    app: str
    holdings: list[Holding]
    places: list[Place] = field(default_factory=list)
    before: Callable[[Subject], Mapping[str, int]] | None = None


_parts: Final[list[Part]] = []


def register(part: Part) -> None:
    """In the order of `INSTALLED_APPS`: the upper floors first, so that what stands on others goes before."""
    _parts.append(part)


def parts() -> list[Part]:
    return list(_parts)


def holdings() -> Iterator[Holding]:
    for part in _parts:
        yield from part.holdings


def places() -> Iterator[Place]:
    for part in _parts:
        yield from part.places


# --- Is it whole, and does it agree with itself? ------------------------------------------------------------


def blank_of(column: models.Field[Any, Any]) -> Any:
    """What `BLANK` puts into *column*.

    Raises:
        ValueError: it can't be empty.
    """
    if column.unique:
        raise ValueError(f"{column.name} is unique")
    if column.null:
        return None
    if isinstance(column, models.JSONField):
        return column.get_default() if column.has_default() else {}
    if isinstance(column, models.CharField | models.TextField | models.FileField):
        return ""
    raise ValueError(f"{column.name} can't be empty")


def fields_of(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {each.name: each for each in [*model._meta.concrete_fields, *model._meta.local_many_to_many]}


def files_of(holding: Holding, row: models.Model) -> Iterator[tuple[str, Storage, str]]:
    """The files of *row*: field, storage, name there."""
    columns = fields_of(holding.model)
    for name, each in holding.fields.items():
        if isinstance(columns[name], models.FileField):
            if file := getattr(row, name):
                yield name, file.storage, file.name
        elif each.files:
            for stored in each.files(row):
                yield name, storages[each.storage], stored


def faults(models_there: Iterable[type[models.Model]]) -> list[str]:
    """What of *models_there* nobody classified, what is classified and isn't there, and what contradicts."""
    there, classified = set(models_there), [each.model for each in holdings()]
    found = [f"{model._meta.label}: not classified" for model in there - set(classified)]
    found += [f"{model._meta.label}: classified twice" for model in there if classified.count(model) > 1]
    names = [each.export for each in holdings() if each.export]
    found += [f"{name}: the export of two models" for name in set(names) if names.count(name) > 1]
    for holding in holdings():
        found += [f"{holding.model._meta.label}{fault}" for fault in _faults_of(holding)]
    return sorted(found)


def _faults_of(holding: Holding) -> Iterator[str]:
    columns = fields_of(holding.model)
    yield from (f".{name}: not classified" for name in columns.keys() - holding.fields.keys())
    yield from (f".{name}: there is no such field" for name in holding.fields.keys() - columns.keys())
    if not (holding.purpose and holding.retention):
        yield ": no purpose or no retention"
    if (holding.whose is None) != (holding.erase is None):
        yield ": what is somebody's needs an erase action, what is nobody's has none"
    exported = [each.export for each in holding.fields.values() if each.export] + list(holding.also)
    if bool(exported) != bool(holding.export):
        yield ": an export without fields, or fields without an export"
    yield from (f": two fields are exported as {name}" for name in set(exported) if exported.count(name) > 1)
    for name, each in holding.fields.items():
        if not each.purpose:
            yield f".{name}: no purpose"
        if (each.erase is None) == (holding.erase is Erase.BY_FIELD):
            yield f".{name}: an action if and only if its row stays"
        if isinstance(each.erase, Keep) and not each.erase.why:
            yield f".{name}: kept without a reason"
        if isinstance(each.erase, Blank) and name in columns and not columns[name].many_to_many:
            try:
                blank_of(columns[name])
            except ValueError as error:
                yield f": {error}, so it is not to be blanked"
