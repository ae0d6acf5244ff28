"""What notifications can do, a module a subject."""

from .delivering import deliver_due, has_due, retry_delivery, ring
from .noticing import notice
from .preferences import change_preferences, set_choice
from .preparing import Item, Parcel, prepare, words_of
from .reading import (
    ACTIONS,
    archive_notification,
    change_notifications,
    delete_notification,
    read_notification,
    snooze_notification,
    unread_count,
)
from .tracing import Trace, trace_of, traces_of_entry

__all__ = [
    "ACTIONS",
    "Item",
    "Parcel",
    "Trace",
    "archive_notification",
    "change_notifications",
    "change_preferences",
    "delete_notification",
    "deliver_due",
    "has_due",
    "notice",
    "prepare",
    "read_notification",
    "retry_delivery",
    "ring",
    "set_choice",
    "snooze_notification",
    "trace_of",
    "traces_of_entry",
    "unread_count",
    "words_of",
]
