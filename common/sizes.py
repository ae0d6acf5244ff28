"""How large things may be, told to clients up front. Each app adds its own from its `sizes.py`."""

from typing import Any, Final

from django.db.models import Model


def characters(model: type[Model], field: str) -> int:
    """As many as the column of *field* holds."""
    column: Any = model._meta.get_field(field)
    return int(column.max_length)


sizes: Final[dict[str, int]] = {}
