"""PostgreSQL: a lock, a look and one statement that keeps, however many are sent together.

The lock is a statement of its own, in front: a statement sees what was committed when it began, and one that
waited in the lock would take somebody for present who was removed meanwhile. Both go in one journey.

Ids of what was asked for are not read back: a row names the send by its number.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection
from psycopg import sql

from accounts.models import Block
from common.instances import stored
from messaging.models import Chat, Message, Participant
from messaging.services.sending.ground import Before, Ground, Send

from .orm import sent_before

# What sending asks of them; the rest is fetched if it is asked for.
CHAT: Final = ("id", "type", "permissions", "private_key", "participant_count", "last_seq")
PARTICIPANT: Final = ("id", "role", "is_request")

LOCK_AND_LOOK: Final = f"""
SELECT {", ".join(CHAT)} FROM {Chat._meta.db_table}
WHERE id = ANY(%s::uuid[]) AND deleted_at IS NULL ORDER BY id FOR UPDATE;

SELECT asked.n - 1, {", ".join(f"me.{name}" for name in PARTICIPANT)},
    chat.type = %s AND EXISTS (
        SELECT FROM {Participant._meta.db_table} other JOIN {Block._meta.db_table} block
            ON (block.blocker_id, block.blocked_id) IN
                ((me.user_id, other.user_id), (other.user_id, me.user_id))
        WHERE other.chat_id = me.chat_id AND other.user_id <> me.user_id
    ),
    before.id, before.fingerprint, before.deleted_at IS NOT NULL
FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) WITH ORDINALITY AS asked (chat, author, client_id, n)
LEFT JOIN {Participant._meta.db_table} me
    ON me.chat_id = asked.chat AND me.user_id = asked.author AND me.left_seq IS NULL
LEFT JOIN {Chat._meta.db_table} chat ON chat.id = me.chat_id
LEFT JOIN {Message._meta.db_table} before
    ON before.author_id = asked.author AND before.client_id = asked.client_id AND before.client_id <> ''
"""  # noqa: S608 (names of our own columns)

# What differs between two plain messages, and its type in PostgreSQL. All else is as a new `Message` has it.
SAID: Final = {
    "id": "uuid",
    "chat_id": "uuid",
    "seq": "bigint",
    "author_id": "uuid",
    "kind": "text",
    "text": "text",
    "silent": "boolean",
    "no_forward": "boolean",
    "client_id": "text",
    "fingerprint": "text",
    "created_at": "timestamptz",
}
SAME: Final = [field for field in Message._meta.concrete_fields if field.attname not in SAID]

KEEP: Final = f"""
WITH said AS (
    INSERT INTO {Message._meta.db_table} ({", ".join([*SAID, *(field.attname for field in SAME)])})
    SELECT {", ".join(SAID)}, {{same}}
    FROM jsonb_to_recordset(%s) AS new ({", ".join(f"{name} {type_}" for name, type_ in SAID.items())})
)
UPDATE {Chat._meta.db_table} chat
SET last_seq = moved.last_seq, last_message_id = moved.last_message_id,
    last_activity_at = moved.last_activity_at
FROM jsonb_to_recordset(%s)
    AS moved (id uuid, last_seq bigint, last_message_id uuid, last_activity_at timestamptz)
WHERE chat.id = moved.id
"""  # noqa: S608


class PostgresBackend:
    def look(self, sends: Sequence[Send]) -> Ground:
        alias = connection.alias
        chats_asked = _array(send.chat for send in sends)
        authors = _array(send.author for send in sends)
        with connection.cursor() as cursor:
            cursor.execute(
                LOCK_AND_LOOK,
                [
                    chats_asked,
                    Chat.Type.PRIVATE,
                    chats_asked,
                    authors,
                    [send.client_id for send in sends],
                ],
            )
            chats = {row[0]: _chat(row, alias) for row in cursor.fetchall()}
            cursor.nextset()
            rows = cursor.fetchall()
        people: dict[tuple[UUID, UUID], Participant] = {}
        apart: set[tuple[UUID, UUID]] = set()
        before: dict[tuple[UUID | None, str], Before] = {}
        for number, *mine, is_apart, sent, fingerprint, is_deleted in rows:
            send = sends[number]
            author = send.author
            if author and mine[0]:
                people[send.chat, author] = stored(
                    Participant,
                    using=alias,
                    chat_id=send.chat,
                    user_id=author,
                    **dict(zip(PARTICIPANT, mine, strict=True)),
                )
                if is_apart:
                    apart.add((send.chat, author))
            if sent:
                before[author, send.client_id] = Before(sent, fingerprint, is_deleted)
        if ours := [send for send in sends if not send.author]:
            before |= sent_before(ours)
        return Ground(chats=chats, people=people, apart=apart, before=before)

    def keep(self, *, said: Sequence[Message], moved: Sequence[Chat]) -> None:
        messages = [{name: getattr(message, name) for name in SAID} for message in said]
        chats = [
            {
                "id": chat.pk,
                "last_seq": chat.last_seq,
                "last_message_id": chat.last_message_id,
                "last_activity_at": chat.last_activity_at,
            }
            for chat in moved
        ]
        with connection.cursor() as cursor:
            cursor.execute(_keep(), [orjson.dumps(messages).decode(), orjson.dumps(chats).decode()])
        alias = connection.alias
        for message in said:
            message._state.adding, message._state.db = False, alias


def _array(ids: Iterable[UUID | None]) -> str:
    """As PostgreSQL writes them: the driver would ask of each what it is."""
    return f"{{{','.join(str(each) if each else 'NULL' for each in ids)}}}"


def _chat(row: Sequence[Any], alias: str) -> Chat:
    chat = stored(Chat, using=alias, **dict(zip(CHAT, row, strict=True)))
    if isinstance(chat.permissions, str):  # Django has the driver leave JSON to its fields
        chat.permissions = orjson.loads(chat.permissions)
    return chat


@cache
def _keep() -> str:
    """`KEEP` with what all messages have in common, written out once."""
    message = Message()
    values = [field.get_db_prep_save(getattr(message, field.attname), connection) for field in SAME]
    return KEEP.format(same=", ".join(sql.Literal(value).as_string() for value in values))
