"""Whom people know: told to their own devices alone."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class ContactAdded(Event):
    """To a person: you know somebody now."""

    type: ClassVar[str] = "contact.added"
    contact: UUID
    user: UUID


@dataclass(frozen=True, kw_only=True)
class ContactUpdated(Event):
    """To a person: you call somebody something else."""

    type: ClassVar[str] = "contact.updated"
    contact: UUID
    user: UUID


@dataclass(frozen=True, kw_only=True)
class ContactRemoved(Event):
    """To a person: somebody is no contact of yours any more."""

    type: ClassVar[str] = "contact.removed"
    contact: UUID
    user: UUID
