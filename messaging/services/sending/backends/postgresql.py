"""PostgreSQL: a lock, a look and one statement that keeps, however many are sent together.

The lock is a statement of its own, in front: a statement sees what was committed when it began, and one that
waited in the lock would take somebody for present who was removed meanwhile. Both go in one journey, and so
does all that is kept, with the end of the transaction.

Ids of what was asked for are not read back: a row names the send by its number.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final
from uuid import UUID

import orjson
from django.db import connection
from psycopg import sql

from accounts.models import Block
from common.instances import stored
from common.models import KEEP_ENTRIES, Entry
from common.statements import Statement, array, run
from messaging.models import Chat, Message, Participant
from messaging.services.sending.ground import Before, Ground, Send

from .orm import sent_before

# What sending asks of one; the rest is fetched if it is asked for.
CHAT: Final = ("id", "type", "permissions", "private_key", "participant_count", "last_seq")

LOCK: Final = Statement(
    "lock_chats",
    f"""
    SELECT FROM {Chat._meta.db_table} WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL ORDER BY id FOR UPDATE
    """,  # noqa: S608 (names of our own columns)
)

# Each is looked up by itself: whoever joins them may come to read all that was ever sent under a client id.
LOOK: Final = Statement(
    "look_before_sending",
    f"""
    SELECT json_build_array(
        (
            SELECT json_agg(json_build_array({", ".join(CHAT)})) FROM {Chat._meta.db_table}
            WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL
        ),
        json_agg(json_build_array(
            asked.n, me.id, me.role, me.is_request,
            chat.type = '{Chat.Type.PRIVATE}' AND EXISTS (
                SELECT FROM {Participant._meta.db_table} other JOIN {Block._meta.db_table} block
                    ON (block.blocker_id, block.blocked_id) IN
                        ((asked.author, other.user_id), (other.user_id, asked.author))
                WHERE other.chat_id = asked.chat AND other.user_id <> asked.author
            ),
            before.id, before.fingerprint, before.deleted_at IS NOT NULL
        ))
    )
    FROM json_to_recordset($2::json) AS asked (n integer, chat uuid, author uuid, client_id text)
    LEFT JOIN LATERAL (
        SELECT type FROM {Chat._meta.db_table} WHERE id = asked.chat LIMIT 1
    ) chat ON TRUE
    LEFT JOIN LATERAL (
        SELECT id, role, is_request FROM {Participant._meta.db_table}
        WHERE chat_id = asked.chat AND user_id = asked.author AND left_seq IS NULL LIMIT 1
    ) me ON TRUE
    LEFT JOIN LATERAL (
        SELECT id, fingerprint, deleted_at FROM {Message._meta.db_table}
        WHERE author_id = asked.author AND client_id = asked.client_id AND client_id <> '' LIMIT 1
    ) before ON TRUE
    """,  # noqa: S608
)

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
    FROM json_to_recordset($1::json) AS new ({", ".join(f"{name} {type_}" for name, type_ in SAID.items())})
)
UPDATE {Chat._meta.db_table} chat
SET last_seq = moved.last_seq, last_message_id = moved.last_message_id,
    last_activity_at = moved.last_activity_at
FROM json_to_recordset($2::json)
    AS moved (id uuid, last_seq bigint, last_message_id uuid, last_activity_at timestamptz)
WHERE chat.id = moved.id
"""  # noqa: S608


class PostgresBackend:
    def look(self, sends: Sequence[Send]) -> Ground:
        alias = connection.alias
        ids = {str(send.chat): send.chat for send in sends}
        asked = [
            {"n": number, "chat": send.chat, "author": send.author, "client_id": send.client_id}
            for number, send in enumerate(sends)
        ]
        among = array(ids)
        there, found = orjson.loads(run(LOCK.of(among), LOOK.of(among, orjson.dumps(asked))) or b"[[], []]")
        chats: dict[UUID, Chat] = {}
        for id_, *more in there or ():
            pk = ids[id_]
            chats[pk] = stored(Chat, using=alias, **dict(zip(CHAT, (pk, *more), strict=True)))
        people: dict[tuple[UUID, UUID], Participant] = {}
        apart: set[tuple[UUID, UUID]] = set()
        before: dict[tuple[UUID | None, str], Before] = {}
        for number, id_, role, is_request, is_apart, sent, fingerprint, is_deleted in found:
            send = sends[number]
            author = send.author
            if author and id_:
                people[send.chat, author] = stored(
                    Participant,
                    using=alias,
                    chat_id=send.chat,
                    user_id=author,
                    id=UUID(id_),
                    role=role,
                    is_request=is_request,
                )
                if is_apart:
                    apart.add((send.chat, author))
            if sent:
                before[author, send.client_id] = Before(UUID(sent), fingerprint, is_deleted)
        if ours := [send for send in sends if not send.author]:
            before |= sent_before(ours)
        return Ground(chats=chats, people=people, apart=apart, before=before)

    def keep(self, *, said: Sequence[Message], moved: Sequence[Chat], log: Sequence[Entry]) -> None:
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
        keep = _keep().of(orjson.dumps(messages), orjson.dumps(chats))
        run(keep, KEEP_ENTRIES.of(orjson.dumps(log)), ends=True)
        alias = connection.alias
        for message in said:
            message._state.adding, message._state.db = False, alias


@cache
def _keep() -> Statement:
    """`KEEP` with what all messages have in common, written out once."""
    message = Message()
    values = [field.get_db_prep_save(getattr(message, field.attname), connection) for field in SAME]
    same = ", ".join(sql.Literal(value).as_string() for value in values)
    return Statement("keep_messages", KEEP.format(same=same))
