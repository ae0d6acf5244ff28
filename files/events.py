"""What happens to files. Each stands in the stream of whose file it is."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class FileUpdated(Event):
    """More is known of it: its scan ended, or its pictures are there."""

    type: ClassVar[str] = "file.updated"
    public: ClassVar[bool] = True
    file: UUID


@dataclass(frozen=True, kw_only=True)
class FileDeleted(Event):
    """It is gone."""

    type: ClassVar[str] = "file.deleted"
    public: ClassVar[bool] = True
    file: UUID
