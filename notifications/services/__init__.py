"""What notifications can do, a module a subject."""

from .delivering import deliver_due, has_due, retry_delivery, ring
from .devices import change_device, forget_device, purge_devices, register_device, retire_device
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
from .webhook_events import events_after, hear, redeliver_event, send_test
from .webhook_forgetting import forget_deleted, forget_events
from .webhooks import (
    create_webhook,
    delete_webhook,
    note_failure,
    note_success,
    pause_if_dead,
    pause_webhook,
    resume_webhook,
    rotate_webhook,
    update_webhook,
)

__all__ = [
    "change_device",
    "purge_devices",
    "register_device",
    "retire_device",
    "ACTIONS",
    "Item",
    "Parcel",
    "Trace",
    "archive_notification",
    "change_notifications",
    "change_preferences",
    "create_webhook",
    "delete_notification",
    "delete_webhook",
    "deliver_due",
    "events_after",
    "forget_deleted",
    "forget_device",
    "forget_events",
    "has_due",
    "hear",
    "note_failure",
    "note_success",
    "notice",
    "pause_if_dead",
    "pause_webhook",
    "prepare",
    "read_notification",
    "redeliver_event",
    "resume_webhook",
    "retry_delivery",
    "ring",
    "rotate_webhook",
    "send_test",
    "set_choice",
    "snooze_notification",
    "trace_of",
    "traces_of_entry",
    "unread_count",
    "update_webhook",
    "words_of",
]
