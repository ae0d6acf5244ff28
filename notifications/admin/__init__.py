"""The staff console of notifications, a module a noun."""

from .deliveries import DeliveryAdmin
from .devices import PushDeviceAdmin
from .notifications import NotificationAdmin
from .webhooks import WebhookAdmin

__all__ = ["DeliveryAdmin", "NotificationAdmin", "PushDeviceAdmin", "WebhookAdmin"]
