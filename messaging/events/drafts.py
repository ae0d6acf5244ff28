"""What people have begun to say."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class DraftUpdated(Event):
    """To a person, for their other devices: this draft, or a copy beside it, is another now."""

    type: ClassVar[str] = "draft.updated"
    chat: UUID
    thread: UUID | None
    draft: UUID
