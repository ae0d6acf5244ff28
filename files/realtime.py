"""Files in their owners' streams."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from common.models import LogEntry
from realtime.registry import Payload, Renderer

from .api import examples
from .api.serializers import FileSerializer
from .events import FileUpdated
from .models import File


def files(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The files as they are now, with addresses for whose stream it is; of one that is gone, the id."""
    found = File.objects.in_bulk([entry.data["file"] for entry in entries])
    return [
        FileSerializer(file, context={"reader": UUID(entry.topic.partition(":")[2])}).data
        if (file := found.get(UUID(entry.data["file"])))
        else {"id": entry.data["file"]}
        for entry in entries
    ]


RENDERERS: Final[dict[str, Renderer]] = {FileUpdated.type: files}
PAYLOADS: Final[dict[str, Payload]] = {
    FileUpdated.type: Payload(shape=FileSerializer, example=examples.FILE),
}
