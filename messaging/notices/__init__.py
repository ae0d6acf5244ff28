"""What people are told of chats: whom it concerns, and in what words."""

from .calls import CALLERS, READINGS
from .kinds import KINDS

__all__ = ["CALLERS", "KINDS", "READINGS"]
