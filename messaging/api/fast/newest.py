"""The newest messages of several chats, each for its reader, in one statement: PostgreSQL's own.

It names them and says which version of each there is, so that what was shown of that version before can be
shown again. `page_of` and `with_marks`, by which every other door goes, are what it is held against.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from accounts.models import User
from common.statements import Statement
from messaging.models import Chat, HiddenMessage, Message, MessageFile, Participant, ReactionCount

# A row's `xmin` and `ctid` together are another pair after each change of it.
NEWEST: Final = Statement(
    "newest_messages",
    f"""
    SELECT json_agg(json_build_array(asked.n, me.read_seq, me.delivered_seq,
        CASE WHEN asked.sees_reading THEN (
            SELECT min(other.shown_seq) FROM {Participant._meta.db_table} other
            WHERE other.chat_id = asked.chat AND other.left_seq IS NULL AND other.user_id <> asked.reader
        ) END,
        (
            SELECT min(other.delivered_seq) FROM {Participant._meta.db_table} other
            WHERE other.chat_id = asked.chat AND other.left_seq IS NULL AND other.user_id <> asked.reader
        ),
        page.found
    ))
    FROM json_to_recordset($1::json) AS asked (n integer, chat uuid, reader uuid, sees_reading boolean)
    JOIN {Chat._meta.db_table} chat ON chat.id = asked.chat AND chat.deleted_at IS NULL
    JOIN {Participant._meta.db_table} me
        ON me.chat_id = asked.chat AND me.user_id = asked.reader AND me.left_seq IS NULL
    CROSS JOIN LATERAL (
        SELECT string_agg(concat_ws(' ', id, seq, is_mine, is_plain, version), ';' ORDER BY seq DESC) AS found
        FROM (
            SELECT message.id, message.seq,
                (message.author_id IS NOT DISTINCT FROM asked.reader)::int AS is_mine,
                (
                    message.reply_to_id IS NULL AND message.forwarded_at IS NULL
                    AND NOT EXISTS (
                        SELECT FROM {ReactionCount._meta.db_table} count WHERE count.message_id = message.id
                    )
                    AND NOT EXISTS (
                        SELECT FROM {MessageFile._meta.db_table} file WHERE file.message_id = message.id
                    )
                )::int AS is_plain,
                concat(message.xmin, message.ctid, author.xmin, author.ctid) AS version
            FROM {Message._meta.db_table} message
            LEFT JOIN {User._meta.db_table} author ON author.id = message.author_id
            WHERE message.chat_id = asked.chat AND message.thread_id IS NULL AND NOT EXISTS (
                SELECT FROM {HiddenMessage._meta.db_table} hidden
                WHERE hidden.message_id = message.id AND hidden.user_id = asked.reader
            )
            ORDER BY message.seq DESC
            LIMIT $2::integer
        ) newest
    ) page
    """,  # noqa: S608 (names of our own tables)
)


class Asked(NamedTuple):
    chat: UUID
    reader: UUID
    sees_reading: bool


class Marks(NamedTuple):
    """As `ChatQuerySet.with_marks` has them."""

    my_read_seq: int
    my_delivered_seq: int
    others_read_seq: int | None
    others_delivered_seq: int | None


class Named(NamedTuple):
    """A message that is to be shown.

    Attributes:
        is_plain: it shows the same to everybody, and nothing that its row and its author's don't say.
        version: of the message and all that it shows then: another one after each change.
    """

    id: str
    seq: int
    is_mine: bool
    is_plain: bool
    version: str


class Newest(NamedTuple):
    marks: Marks
    messages: list[Named]  # the newest first


def newest_of(asked: Sequence[Asked], *, limit: int) -> list[Newest | None]:
    """The newest *limit* messages of each; None for who is not in the chat."""
    found: list[Newest | None] = [None] * len(asked)
    places = [{"n": number, **each._asdict()} for number, each in enumerate(asked)]
    for number, *marks, messages in orjson.loads(NEWEST.run(orjson.dumps(places), str(limit)) or b"[]"):
        found[number] = Newest(Marks(*marks), [_named(each) for each in (messages or "").split(";") if each])
    return found


@lru_cache(maxsize=20_000)  # some 10 MB: what is read is read by many, and mostly as it was
def _named(text: str) -> Named:
    id_, seq, is_mine, is_plain, version = text.split(" ")
    return Named(id_, int(seq), is_mine == "1", is_plain == "1", f"{id_} {version}")
