"""What people are told and how it reaches them, a module a noun."""

from .deliveries import Attempt, Delivery
from .devices import PushDevice
from .digests import Digest, DigestItem
from .notifications import Notification
from .preferences import Preferences, TopicPreference
from .webhooks import Webhook, WebhookEvent

__all__ = [
    "Attempt",
    "Delivery",
    "Digest",
    "DigestItem",
    "Notification",
    "Preferences",
    "PushDevice",
    "TopicPreference",
    "Webhook",
    "WebhookEvent",
]
