"""Who is there when the bench begins: the same people, chats and history for ours and for the peers.

`python -m bench.world FOLDER` fills both databases and writes, for each crowd, a file with a line for each
socket: token and chat. A process of its own, since it needs Django and the settings that ours gets.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

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


def fill(folder: Path) -> None:
    """Fill both databases, and write the files of the crowds."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with psycopg.connect(os.environ["PEERS_DATABASE_URL"], autocommit=True) as peers:
        peers.execute((Path(__file__).parent / "peers/schema.sql").read_bytes())
        for crowd in CROWDS:
            lines = list(_fill_crowd(crowd, peers))
            (folder / f"{crowd.name}.people").write_text("".join(f"{line}\n" for line in lines))
        peers.execute("VACUUM ANALYZE")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as ours:
        ours.execute("VACUUM ANALYZE")


def _fill_crowd(crowd: Crowd, peers: psycopg.Connection) -> Iterator[str]:
    from accounts.models import Session, User
    from accounts.tokens import AccessToken
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

    pairs = list(zip(users, chat_of, strict=True))
    _copy(peers, "session (id, user_id)", ((each.pk, each.user_id) for each in sessions))
    _copy(peers, "chat (id, last_seq)", ((chat.pk, crowd.messages) for chat in chats))
    _copy(peers, "participant (chat_id, user_id)", ((chat.pk, user.pk) for user, chat in pairs))
    rows = [(m.pk, m.chat_id, m.author_id, m.text, m.created_at) for m in messages]
    _copy(peers, "row_of_text (id, chat_id, author_id, text, created_at)", rows)
    _copy(
        peers,
        "message (id, chat_id, seq, author_id, client_id, text, created_at)",
        ((m.pk, m.chat_id, m.seq, m.author_id, m.pk, m.text, m.created_at) for m in messages),
    )
    for session, chat in zip(sessions, chat_of, strict=True):
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
