"""What notifications can do, a module a subject."""

from .delivering import deliver_due, has_due, retry_delivery, ring

__all__ = ["deliver_due", "has_due", "retry_delivery", "ring"]
