"""What sockets show of notifications."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from accounts.models import User
from common.models import LogEntry
from realtime.registry import Payload, Renderer

from .api import examples
from .api.serializers import NotificationPreferencesSerializer, NotificationSerializer, preferences_of, shown
from .events import NotificationCreated, NotificationUpdated, PreferencesChanged
from .models import Notification


def notifications(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """These, as they are for their people now, in their languages; of one that is gone its id."""
    ids = [entry.data["notification"] for entry in entries]
    found = Notification.objects.select_related("user").in_bulk(ids)
    of_language: dict[str, list[Notification]] = {}
    for row in found.values():
        of_language.setdefault(row.user.language, []).append(row)
    said = {
        data["id"]: data for language, rows in of_language.items() for data in shown(rows, language=language)
    }
    return [said.get(pk, {"id": pk}) for pk in ids]


def preferences(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """How those whose streams these are want to hear of things, as it is now."""
    ids = [UUID(entry.topic.partition(":")[2]) for entry in entries]
    found = User.objects.in_bulk(ids)
    return [preferences_of(found[pk]) if pk in found else {} for pk in ids]


RENDERERS: Final[dict[str, Renderer]] = {
    NotificationCreated.type: notifications,
    NotificationUpdated.type: notifications,
    PreferencesChanged.type: preferences,
}
PAYLOADS: Final[dict[str, Payload]] = {
    NotificationCreated.type: Payload(shape=NotificationSerializer, example=examples.NOTIFICATION),
    NotificationUpdated.type: Payload(shape=NotificationSerializer, example=examples.READ),
    PreferencesChanged.type: Payload(shape=NotificationPreferencesSerializer, example=examples.PREFERENCES),
}
