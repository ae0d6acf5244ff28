"""What was told, as tests write it down."""

from typing import Any

from accounts.models import User
from common.models import LogEntry
from messaging.models import Chat

Entries = list[tuple[int, str, dict[str, Any]]]


def log_of(chat: Chat) -> Entries:
    """Position, type and data of everything in the chat's log."""
    return _entries(f"chat:{chat.pk}")


def stream_of(user: User) -> Entries:
    """The same of a person's own stream."""
    return _entries(f"user:{user.pk}")


def types(entries: Entries) -> list[tuple[int, str]]:
    return [(seq, type_) for seq, type_, _ in entries]


def _entries(topic: str) -> Entries:
    return list(LogEntry.objects.filter(topic=topic).order_by("seq").values_list("seq", "type", "data"))
