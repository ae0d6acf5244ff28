"""The operations on notifications, a module a subject."""

from .deliveries import DeliveryViewSet, TraceView
from .devices import PushDeviceViewSet, PushKeysView
from .notifications import (
    AllView,
    BulkActionView,
    NotificationViewSet,
    ReadAllView,
    UnreadCountView,
)
from .preferences import PreferencesView
from .webhooks import EventTypesView, WebhookDeliveryViewSet, WebhookEventsView, WebhookViewSet

__all__ = [
    "AllView",
    "BulkActionView",
    "DeliveryViewSet",
    "PushDeviceViewSet",
    "PushKeysView",
    "EventTypesView",
    "NotificationViewSet",
    "PreferencesView",
    "ReadAllView",
    "TraceView",
    "UnreadCountView",
    "WebhookDeliveryViewSet",
    "WebhookEventsView",
    "WebhookViewSet",
]
