"""Shapes of notifications, in and out, a module a subject."""

from .devices import PushDeviceChangeInput, PushDeviceInput, PushDeviceSerializer, PushKeysSerializer
from .notifications import (
    AllNotificationsSerializer,
    BulkInput,
    BulkResultSerializer,
    NotificationSerializer,
    SnoozeInput,
    UnreadCountSerializer,
    shown,
)
from .preferences import NotificationPreferencesInput, NotificationPreferencesSerializer, preferences_of
from .traces import DeliverySerializer, TraceSerializer, TracesSerializer

__all__ = [
    "AllNotificationsSerializer",
    "BulkInput",
    "BulkResultSerializer",
    "DeliverySerializer",
    "PushDeviceChangeInput",
    "PushDeviceInput",
    "PushDeviceSerializer",
    "PushKeysSerializer",
    "NotificationSerializer",
    "NotificationPreferencesInput",
    "NotificationPreferencesSerializer",
    "SnoozeInput",
    "TraceSerializer",
    "TracesSerializer",
    "UnreadCountSerializer",
    "preferences_of",
    "shown",
]
