"""Ids: UUID version 7 (RFC 9562 §5.7), ordered by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> UUID:
    """A new id; sorts after every id made a millisecond or more before it."""
    return _uuid7()
