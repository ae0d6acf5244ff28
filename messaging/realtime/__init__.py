"""Chats on the live engine: commands to services, log entries to frames, who hears which chat."""

from .attendance import Attendance, tell_parted
from .commands import COMMANDS
from .documents import COMMAND_SHAPES, PAYLOADS
from .feed import MOVES, ChatFeed
from .frames import RENDERERS, SHAPES

__all__ = [
    "COMMANDS",
    "COMMAND_SHAPES",
    "MOVES",
    "PAYLOADS",
    "RENDERERS",
    "SHAPES",
    "Attendance",
    "ChatFeed",
    "tell_parted",
]
