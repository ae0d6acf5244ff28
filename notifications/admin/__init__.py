"""The staff console of notifications, a module a noun."""

from .deliveries import DeliveryAdmin
from .notifications import NotificationAdmin
from .webhooks import WebhookAdmin

__all__ = ["DeliveryAdmin", "NotificationAdmin", "WebhookAdmin"]
