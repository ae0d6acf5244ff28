"""What other apps tell the live engine, which knows no domain: filled from their `AppConfig.ready`."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

from rest_framework.serializers import Serializer

from common.events import Told
from common.models import LogEntry


@dataclass(frozen=True)
class Caller:
    """Who is at the other end of a socket."""

    user: Any
    session: UUID


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What somebody shows to be let in: a token, or else a ticket."""

    token: str | None = None
    ticket: str | None = None


class Authenticator(Protocol):
    """How a socket shows who it is. Blocking calls: the engine runs them in its threads."""

    def callers(self, shown: Sequence[Shown]) -> list[Caller | None]:
        """Who shows these, in their order; None: nobody who may come in. A ticket is used by it."""
        ...

    def alive(self, sessions: Iterable[UUID]) -> set[UUID]:
        """Which of *sessions* still hold."""
        ...


@dataclass(frozen=True)
class Place:
    """Where a person stands in a topic.

    Attributes:
        seq: the topic's newest position, or the last one the person may see.
        is_in: whether they are in it; if not, they may still hear of it up to *seq*, and then no more.
        state: what `resumed` says of it, in the shape of its feed; `seq` is the caller's to say.
        checksum: over what they see of it at *seq*, if that was asked for and could be told.
    """

    seq: int
    is_in: bool = True
    state: dict[str, Any] = field(default_factory=dict)
    checksum: str | None = None


class Feed(Protocol):
    """A kind of topic beside a person's own stream: who is in it."""

    kind: str

    @property
    def shape(self) -> type[Serializer[Any]]:
        """Of what is told of where somebody stands in one."""
        ...

    def places(self, users: Collection[UUID]) -> dict[UUID, dict[str, int]]:
        """By user, ids of the topics that they are in, with the newest position of each."""
        ...

    def stand(self, user: UUID, ids: Sequence[str], *, checksum: bool = False) -> dict[str, Place]:
        """How *user* stands in those of *ids* that they are or were in, with a checksum if it is wanted."""
        ...

    def as_left(self, entries: Sequence[LogEntry], seq: int) -> list[dict[str, Any]]:
        """The `data` of the frames of these entries of one topic, in their order, for who left at *seq*.

        Nothing that happened behind that position may be seen in it.
        """
        ...


# A command: the socket's caller and the frame's `data`, to the `data` of the ack. One that blocks runs in a
# thread, a coroutine in the loop.
Command = Callable[[Any, dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]

# The `data` of the frames of these entries, in their order. Entries of one type, of any topics.
Renderer = Callable[[Sequence[LogEntry]], Sequence[dict[str, Any]]]


@dataclass(frozen=True)
class Joins:
    """This entry brings these people into a topic; its frames from *after* on are for them too."""

    topic: str
    after: int
    users: frozenset[str]


@dataclass(frozen=True)
class Leaves:
    """This entry takes these people out of a topic; they hear it up to *upto* and nothing after."""

    topic: str
    upto: int
    users: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Payload:
    """What the `data` of an event's frames is, where its renderer shows more than ids; for the documents.

    Attributes:
        has_own_fields: the event's own fields stand beside.
    """

    shape: type[Serializer[Any]]
    example: dict[str, Any]
    has_own_fields: bool = False


@dataclass(frozen=True, kw_only=True)
class CommandShape:
    """What a command takes; for the documents."""

    summary: str
    takes: type[Serializer[Any]]
    example: dict[str, Any]


Move = Callable[[LogEntry], Joins | Leaves | None]
Closes = Callable[[Told], UUID]  # the session whose sockets an event ends

# Those of these people who may be on no socket now. Blocking, asked of who comes in and at every sweep.
KeepsOut = Callable[[set[UUID]], set[UUID]]

# The same `data` of one event whose subject is at hand: it must look nothing up.
Shape = Callable[[Any], dict[str, Any]]


class Attendant(Protocol):
    """Keeps an eye on which sockets are in a process. Made by its hub, and gone with it."""

    def came(self, connection: str, user: UUID) -> None:
        """Somebody's socket is here. It must be quick."""
        ...

    def went(self, connection: str) -> None:
        """It is gone. It must be quick."""
        ...

    async def run(self) -> None:
        """Whatever it does in the meantime, until it is cancelled."""
        ...

    async def close(self) -> None:
        """The process ends, and all sockets with it."""
        ...


# The socket whose command is being run; None where a command comes by another way.
connection_in_use: Final[ContextVar[str | None]] = ContextVar("connection_in_use", default=None)

feeds: dict[str, Feed] = {}
commands: dict[str, Command] = {}
renderers: dict[str, Renderer] = {}
shapes: dict[str, Shape] = {}
payloads: dict[str, Payload] = {}
command_shapes: dict[str, CommandShape] = {}
moves: dict[str, Move] = {}
closes: dict[str, Closes] = {}
keeps_out: list[KeepsOut] = []
attendants: list[Callable[[], Attendant]] = []
_authenticators: list[Authenticator] = []


def register_authenticator(authenticator: Authenticator) -> None:
    _authenticators[:] = [authenticator]


def authenticator() -> Authenticator:
    return _authenticators[0]


def kept_out(users: set[UUID]) -> set[UUID]:
    """Those of *users* whom somebody keeps out."""
    return set().union(*(ask(users) for ask in keeps_out))
