"""What every backend does."""

from collections.abc import Sequence
from typing import Protocol

from common.models import Entry
from messaging.models import Chat, Message
from messaging.services.sending.ground import Ground, Send


class Backend(Protocol):
    """How the ground is looked up, and what was said kept. Both in the transaction around them."""

    def look(self, sends: Sequence[Send]) -> Ground:
        """The chats locked, so that one change happens at a time, then what is so under the lock."""
        ...

    def keep(self, *, said: Sequence[Message], moved: Sequence[Chat], log: Sequence[Entry]) -> None:
        """Keep new messages, how far their chats have come, and the log: the last in its transaction."""
        ...
