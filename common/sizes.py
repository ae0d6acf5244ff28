"""How large things may be, told to clients up front. Each app adds its own from its `sizes.py`."""

import re
from typing import Any, Final

from django.conf import settings
from django.db.models import Model

from .aliases import readings


def characters(model: type[Model], field: str) -> int:
    """As many as the column of *field* holds."""
    column: Any = model._meta.get_field(field)
    return int(column.max_length)


sizes: Final[dict[str, int]] = {}

# Bytes of a body where it may be larger than `MAX_BODY`: by a pattern of the path below `/api/v1/`.
large_bodies: Final[dict[str, int]] = {}


def body_cap(path: str) -> int:
    """The bytes that a body may have at *path*, which may be an old one."""
    return max(
        (
            cap
            for each in readings(path)
            for pattern, cap in large_bodies.items()
            if re.fullmatch(pattern, each)
        ),
        default=int(settings.MAX_BODY),
    )
