"""What happens to what people are told. All of these are for people, in their own streams."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event


@dataclass(frozen=True, kw_only=True)
class NotificationCreated(Event):
    """To a person: there is something new for you."""

    type: ClassVar[str] = "notification.created"
    public: ClassVar[bool] = True
    notification: UUID


@dataclass(frozen=True, kw_only=True)
class NotificationUpdated(Event):
    """To a person: it happened again, or you have read, put off or archived it on another device."""

    type: ClassVar[str] = "notification.updated"
    notification: UUID


@dataclass(frozen=True, kw_only=True)
class NotificationDeleted(Event):
    """To a person, for their other devices: you have deleted it."""

    type: ClassVar[str] = "notification.deleted"
    notification: UUID


@dataclass(frozen=True, kw_only=True)
class NotificationsChanged(Event):
    """To a person, for their other devices: many of your notifications have changed. Fetch them anew.

    Attributes:
        action: `read`, `unread`, `archive`, `delete`.
        unread_count: of all of them, now.
    """

    type: ClassVar[str] = "notifications.changed"
    action: str
    unread_count: int


@dataclass(frozen=True, kw_only=True)
class PreferencesChanged(Event):
    """To a person, for their other devices: you want to hear of things in another way."""

    type: ClassVar[str] = "notification_preferences.updated"


@dataclass(frozen=True, kw_only=True)
class WebhookPaused(Event):
    """To a person: a webhook of yours is called no more, until you resume it.

    Attributes:
        reason: `staff`, `dead` (nothing was taken for as long as we try), `gone` (it answered 410).
    """

    type: ClassVar[str] = "webhook.paused"
    webhook: UUID
    reason: str
