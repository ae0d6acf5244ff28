"""Ids: UUID version 7 (RFC 9562 §5.7), ordered by the time they were made."""

from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> UUID:
    """A new id; sorts after every id made a millisecond or more before it."""
    return _uuid7()


def as_uuid(text: Any) -> UUID | None:
    """The id that *text* spells canonically (RFC 9562 §4); None for anything else."""
    if not isinstance(text, str) or len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def first_id_at(moment: datetime) -> UUID:
    """What every id made at *moment* or later sorts after: asks the primary key for a span of time."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)  # the first 48 bits: milliseconds since 1970
