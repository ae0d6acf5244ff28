"""PostgreSQL: a lock, a look and one statement that keeps, however many are sent together.

The lock stands alone, in front: a statement sees what was committed when it began, and one that waited in
the lock would take somebody for present who was removed meanwhile.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from accounts.models import Block
from messaging.models import Chat, Message, Participant
from messaging.services.sending.ground import Before, Ground, Send

from .orm import sent_before

CHAT: Final = [field.attname for field in Chat._meta.concrete_fields]  # no column has another name
PARTICIPANT: Final = (
    "id",
    "chat_id",
    "user_id",
    "role",
    "is_request",
)  # the rest is fetched if it is asked for

LOCK: Final = f"""
SELECT {", ".join(CHAT)} FROM {Chat._meta.db_table}
WHERE id = ANY(%s) AND deleted_at IS NULL ORDER BY id FOR UPDATE
"""  # noqa: S608 (names of our own columns)

LOOK: Final = f"""
SELECT asked.author, asked.client_id, {", ".join(f"me.{name}" for name in PARTICIPANT)},
    chat.type = %s AND EXISTS (
        SELECT FROM {Participant._meta.db_table} other JOIN {Block._meta.db_table} block
            ON (block.blocker_id, block.blocked_id) IN
                ((me.user_id, other.user_id), (other.user_id, me.user_id))
        WHERE other.chat_id = me.chat_id AND other.user_id <> me.user_id
    ),
    before.id, before.fingerprint, before.deleted_at IS NOT NULL
FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS asked (chat, author, client_id)
LEFT JOIN {Participant._meta.db_table} me
    ON me.chat_id = asked.chat AND me.user_id = asked.author AND me.left_seq IS NULL
LEFT JOIN {Chat._meta.db_table} chat ON chat.id = me.chat_id
LEFT JOIN {Message._meta.db_table} before
    ON before.author_id = asked.author AND before.client_id = asked.client_id AND before.client_id <> ''
"""  # noqa: S608

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
    SELECT {", ".join([*SAID, *("%s" for _ in SAME)])}
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
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [list({send.chat for send in sends})])
            chats = {chat.pk: chat for chat in map(_chat, cursor.fetchall())}
            asked = [[send.chat, send.author, send.client_id] for send in sends]
            cursor.execute(LOOK, [Chat.Type.PRIVATE, *map(list, zip(*asked, strict=True))])
            rows = cursor.fetchall()
        people: dict[tuple[UUID, UUID], Participant] = {}
        apart: set[tuple[UUID, UUID]] = set()
        before: dict[tuple[UUID | None, str], Before] = {}
        for author, client_id, *mine, is_apart, sent, fingerprint, is_deleted in rows:
            if mine[0]:
                me = Participant.from_db(connection.alias, PARTICIPANT, mine)
                people[me.chat_id, me.user_id] = me
                if is_apart:
                    apart.add((me.chat_id, me.user_id))
            if sent:
                before[author, client_id] = Before(sent, fingerprint, is_deleted)
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
            cursor.execute(KEEP, [*_same(), orjson.dumps(messages).decode(), orjson.dumps(chats).decode()])
        for message in said:
            message._state.adding, message._state.db = False, connection.alias


def _chat(row: Sequence[Any]) -> Chat:
    chat = Chat.from_db(connection.alias, CHAT, row)
    if isinstance(chat.permissions, str):  # Django has the driver leave JSON to its fields
        chat.permissions = orjson.loads(chat.permissions)
    return chat


def _same() -> list[Any]:
    new = Message()
    return [field.get_db_prep_save(getattr(new, field.attname), connection) for field in SAME]
