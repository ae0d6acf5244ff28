"""How people sort their chats."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class FolderUpdated(Event):
    """To a person, for their other devices: a folder of yours is new or another than it was."""

    type: ClassVar[str] = "folder.updated"
    folder: UUID


@dataclass(frozen=True, kw_only=True)
class FolderDeleted(Event):
    """To a person, for their other devices: a folder of yours is gone."""

    type: ClassVar[str] = "folder.deleted"
    folder: UUID
