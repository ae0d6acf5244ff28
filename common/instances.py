"""Model instances by the thousand, without Django's way through every field of theirs."""

from functools import cache
from typing import Any, TypeVar

from django.db.models import NOT_PROVIDED, Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


def stored(model: type[M], *, using: str, **values: Any) -> M:
    """What `Model.from_db` makes of a row: what is not among *values* is fetched if it is asked for.

    Args:
        values: by the names of attributes, as they are in Python.
    """
    instance = model.__new__(model)
    instance.__dict__.update(values, _state=_state(using))
    return instance


def new(model: type[M], **values: Any) -> M:
    """What the model itself makes of *values*, all of them of columns and by the names of attributes."""
    plain, made = _defaults(model)
    instance = model.__new__(model)
    instance.__dict__.update(plain, _state=ModelState(), **values)
    for name, make in made:
        if name not in values:
            instance.__dict__[name] = make()
    return instance


def refer(instance: Model, **related: Model | None) -> None:
    """Have *instance*, whose columns say so already, know what it refers to, as a join would."""
    instance._state.fields_cache.update(related)


def _state(using: str) -> ModelState:
    state = ModelState()
    state.adding, state.db = False, using
    return state


@cache
def _defaults(model: type[Model]) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    """Of the columns: defaults that are the same for all, and what makes the others."""
    plain: dict[str, Any] = {}
    made: list[tuple[str, Any]] = []
    for field in model._meta.concrete_fields:
        if field.default is not NOT_PROVIDED and callable(field.default):
            made.append((field.attname, field.default))
        else:
            plain[field.attname] = field.get_default()
    return plain, made
