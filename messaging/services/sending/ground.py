"""What is to be sent, and what that stands on."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from common.actors import System
from messaging.models import Chat, Message, Participant
from messaging.services.content import Content


@dataclass(frozen=True, kw_only=True, slots=True)
class Send:
    """One message that somebody wants to send.

    Attributes:
        chat: its id.
        client_id: the sender's own name for it. Again under it is the same message, for ever.
    """

    actor: User | System
    chat: UUID
    content: Content
    client_id: str = ""

    @property
    def author(self) -> UUID | None:
        return self.actor.pk if isinstance(self.actor, User) else None


@dataclass(frozen=True, slots=True)
class Before:
    """A message that was sent under some author's client id before.

    Attributes:
        message: itself, if that was a moment ago in the same batch.
    """

    id: UUID
    fingerprint: str
    is_deleted: bool
    message: Message | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """All that the rules of plain sends ask for.

    Attributes:
        chats: those that are there, locked until the transaction ends.
        people: who of the senders is in which chat, by chat and user.
        apart: chat and user, where the chat is private and one of its two people blocks the other.
        before: by author (None: the platform) and client id.
    """

    chats: dict[UUID, Chat]
    people: dict[tuple[UUID, UUID], Participant]
    apart: set[tuple[UUID, UUID]]
    before: dict[tuple[UUID | None, str], Before]
