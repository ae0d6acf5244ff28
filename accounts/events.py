"""What happens to accounts."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from common.events import Event, topic_of_user


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(Event):
    """A session has ended: its sockets close, wherever they are."""

    type: ClassVar[str] = "session.revoked"
    user: UUID
    session: UUID

    @property
    def topic(self) -> str:
        return topic_of_user(self.user)
