"""What people are told and how it reaches them, a module a noun."""

from .deliveries import Attempt, Delivery
from .notifications import Notification

__all__ = ["Attempt", "Delivery", "Notification"]
