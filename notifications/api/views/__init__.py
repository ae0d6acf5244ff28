"""The operations on notifications, a module a subject."""

from .deliveries import DeliveryViewSet, TraceView
from .notifications import (
    AllView,
    BulkActionView,
    NotificationViewSet,
    ReadAllView,
    UnreadCountView,
)
from .preferences import PreferencesView

__all__ = [
    "AllView",
    "BulkActionView",
    "DeliveryViewSet",
    "NotificationViewSet",
    "PreferencesView",
    "ReadAllView",
    "TraceView",
    "UnreadCountView",
]
