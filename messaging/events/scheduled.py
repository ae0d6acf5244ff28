"""What people want sent later."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class ScheduledUpdated(Event):
    """To a person, for their other devices: they scheduled this message, or changed it."""

    type: ClassVar[str] = "scheduled.updated"
    chat: UUID
    scheduled: UUID


@dataclass(frozen=True, kw_only=True)
class ScheduledFailed(Event):
    """To a person: this message could not be sent when it was due. It is kept."""

    type: ClassVar[str] = "scheduled.failed"
    public: ClassVar[bool] = True
    chat: UUID
    scheduled: UUID


@dataclass(frozen=True, kw_only=True)
class ScheduledRemoved(Event):
    """To a person: this one is not pending any more: it was sent as *message*, or they took it back."""

    type: ClassVar[str] = "scheduled.removed"
    chat: UUID
    scheduled: UUID
    message: UUID | None
