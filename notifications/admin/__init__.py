"""The staff console of notifications, a module a noun."""

from .deliveries import DeliveryAdmin
from .notifications import NotificationAdmin

__all__ = ["DeliveryAdmin", "NotificationAdmin"]
