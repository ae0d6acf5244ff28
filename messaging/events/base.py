"""What every event of a chat has."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from common.events import Event


def topic_of_chat(chat: UUID | str) -> str:
    return f"chat:{chat}"


@dataclass(frozen=True, kw_only=True)
class ChatEvent(Event):
    """Everyone in the chat hears it."""

    chat: UUID
    seq: int | None = None

    @property
    def topic(self) -> str:
        return topic_of_chat(self.chat)

    @property
    def position(self) -> int | None:
        return self.seq

    def data(self) -> dict[str, Any]:
        return {name: value for name, value in super().data().items() if name not in ("chat", "seq")}
