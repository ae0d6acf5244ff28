"""Every write to files, a module a subject."""

from .taking_in import take_in

__all__ = ["take_in"]
