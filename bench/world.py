"""Who is there when the bench begins: the same people, chats and history for ours and for the peers.

`python -m bench.world FOLDER` fills both databases and writes, for each crowd, a file with a line for each
socket: token and chat. A process of its own, since it needs Django and the settings that ours gets. The
load tests (`locust/world.py`) fill ours alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

if TYPE_CHECKING:
    from accounts.models import Session, User
    from messaging.models import Chat, Message

HISTORY: Final = datetime(2026, 11, 1, tzinfo=UTC)  # when its first message was sent
TEXT: Final = (
    "Message {} of many: the camels are watered and the camp is struck before the sun is over the hill."
)
TOKENS_LAST: Final = timedelta(days=1)  # longer than production's, so that none ends in the middle of a run


@dataclass(frozen=True)
class Crowd:
    """Chats of equal size, and what was said in them."""

    name: str
    chats: int
    members: int  # of each chat
    messages: int  # in each chat
    is_logged: bool = False  # whether its history can be resumed from


CROWDS: Final = (
    Crowd("one", chats=1, members=500, messages=500),
    Crowd("many", chats=100, members=5, messages=500),
    Crowd("idle", chats=220, members=5, messages=1),
    Crowd("returning", chats=200, members=5, messages=100, is_logged=True),
    Crowd("others", chats=1, members=100, messages=1),
)


@dataclass(frozen=True)
class Filled:
    """A crowd as it is in our database.

    Attributes:
        chat_of: where each of *users* sits.
    """

    users: list[User]
    sessions: list[Session]
    chats: list[Chat]
    chat_of: list[Chat]
    messages: list[Message]


def fill(folder: Path) -> None:
    """Fill both databases, and write the files of the crowds."""
    set_up()
    with psycopg.connect(os.environ["PEERS_DATABASE_URL"], autocommit=True) as peers:
        peers.execute((Path(__file__).parent / "peers/schema.sql").read_bytes())
        for crowd in CROWDS:
            filled = fill_ours(crowd)
            _fill_peers(crowd, filled, peers)
            lines = list(_tokens(filled))
            (folder / f"{crowd.name}.people").write_text("".join(f"{line}\n" for line in lines))
        peers.execute("VACUUM ANALYZE")
    tidy()


def set_up() -> None:
    """Django, and the tables of ours."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def tidy() -> None:
    """What autovacuum would do to ours in the middle of a run."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as ours:
        ours.execute("VACUUM ANALYZE")


def fill_ours(crowd: Crowd) -> Filled:
    from accounts.models import Session, User
    from common.models import LogEntry
    from messaging.events import MessageSent
    from messaging.models import Chat, Message, Participant

    now = datetime.now(UTC).replace(microsecond=0)
    users = User.objects.bulk_create(
        User(
            username=f"{crowd.name}-{number}",
            email=f"{crowd.name}-{number}@example.com",
            display_name=f"{crowd.name} {number}".title(),
            email_verified_at=HISTORY,
            password="!",
        )
        for number in range(crowd.chats * crowd.members)
    )
    sessions = Session.objects.bulk_create(
        Session(
            user=user,
            generation=1,
            refreshed_at=now,
            expires_at=now + timedelta(days=30),
            refresh_hash="of no token",
            proved_at=now,
        )
        for user in users
    )
    chats = Chat.objects.bulk_create(
        Chat(type=Chat.Type.GROUP, title=f"{crowd.name} {number}", participant_count=crowd.members)
        for number in range(crowd.chats)
    )
    chat_of = [chats[index % crowd.chats] for index in range(len(users))]  # neighbours sit in different chats
    Participant.objects.bulk_create(
        (
            Participant(chat=chat, user=user, role="owner" if index < crowd.chats else "member")
            for index, (user, chat) in enumerate(zip(users, chat_of, strict=True))
        ),
        batch_size=1000,
    )
    messages = Message.objects.bulk_create(
        (
            Message(
                chat=chat,
                seq=seq,
                author=users[number],
                text=TEXT.format(seq),
                fingerprint="of nobody's",
                created_at=HISTORY + timedelta(seconds=seq),
            )
            for number, chat in enumerate(chats)
            for seq in range(1, crowd.messages + 1)
        ),
        batch_size=1000,
    )
    if crowd.is_logged:
        LogEntry.objects.bulk_create(
            (
                LogEntry(
                    topic=f"chat:{message.chat_id}",
                    seq=message.seq,
                    type=MessageSent.type,
                    data=MessageSent(chat=message.chat_id, seq=message.seq, message=message.pk).data(),
                    at=now,
                )
                for message in messages
            ),
            batch_size=1000,
        )
    for number, chat in enumerate(chats):
        chat.last_message = messages[(number + 1) * crowd.messages - 1]
        chat.last_seq, chat.last_activity_at = crowd.messages, chat.last_message.created_at
    Chat.objects.bulk_update(chats, ["last_message", "last_seq", "last_activity_at"])
    return Filled(users, sessions, chats, chat_of, messages)


def _fill_peers(crowd: Crowd, filled: Filled, peers: psycopg.Connection) -> None:
    pairs = list(zip(filled.users, filled.chat_of, strict=True))
    _copy(peers, "session (id, user_id)", ((each.pk, each.user_id) for each in filled.sessions))
    _copy(peers, "chat (id, last_seq)", ((chat.pk, crowd.messages) for chat in filled.chats))
    _copy(peers, "participant (chat_id, user_id)", ((chat.pk, user.pk) for user, chat in pairs))
    rows = [(m.pk, m.chat_id, m.author_id, m.text, m.created_at) for m in filled.messages]
    _copy(peers, "row_of_text (id, chat_id, author_id, text, created_at)", rows)
    _copy(
        peers,
        "message (id, chat_id, seq, author_id, client_id, text, created_at)",
        ((m.pk, m.chat_id, m.seq, m.author_id, m.pk, m.text, m.created_at) for m in filled.messages),
    )


def _tokens(filled: Filled) -> Iterator[str]:
    from accounts.tokens import AccessToken

    for session, chat in zip(filled.sessions, filled.chat_of, strict=True):
        token = AccessToken()
        token.set_exp(lifetime=TOKENS_LAST)
        token["sub"], token["sid"] = str(session.user_id), str(session.pk)
        yield f"{token} {chat.pk}"


def _copy(peers: psycopg.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with peers.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
