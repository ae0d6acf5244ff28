"""The log, mails, kept answers, loose files, long work, the relay, use: a module each."""

from .answers import KeptAnswer
from .files import LooseFile
from .jobs import Job
from .log import KEEP_ENTRIES, LOG_KEPT, Entry, LogEntry, LogEpoch, UserPosition
from .mails import Mail
from .relay import DeadLetter, RelayCursor
from .usage import Usage

__all__ = [
    "KEEP_ENTRIES",
    "LOG_KEPT",
    "DeadLetter",
    "Entry",
    "Job",
    "KeptAnswer",
    "LogEntry",
    "LogEpoch",
    "LooseFile",
    "Mail",
    "RelayCursor",
    "Usage",
    "UserPosition",
]
