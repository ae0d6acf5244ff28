"""The index of the search over messages.

On PostgreSQL: what `messaging.search.words` does, in SQL; a generated column with it, which no statement writes
and none can forget; and one index over it. On SQLite triggers do the same: `messaging.search.backends.sqlite`
makes them after every `migrate`.
"""

import textwrap

from django.db import migrations

DROPPED = (
    r"\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u061c\u0640"
    r"\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u2069\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff"
)
ALIKE = (
    r"\0671\0649\06cc\0629\06a9\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669\06f0\06f1\06f2\06f3"
    r"\06f4\06f5\06f6\06f7\06f8\06f9\03c2",
    r"\0627\064a\064a\0647\0643\0030\0031\0032\0033\0034\0035\0036\0037\0038\0039\0030\0031\0032\0033"
    r"\0034\0035\0036\0037\0038\0039\03c3",
)
ALONE = (
    r"\u2600-\u27bf\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3400-\u4dbf"
    r"\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
BETWEEN = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u00d7\u00f7\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0600-\u060f\u061b"
    r"\u061d-\u061f\u066a-\u066d\u06d4\u0964\u0965\u0e3f\u0e4f\u0e5a\u0e5b\u1680\u2000-\u200a\u2010-"
    r"\u2029\u202f-\u205f\u20a0-\u20cf\u2100-\u25ff\u27c0-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-"
    r"\u3020\u3030\u303d-\u303f\u30a0\u30fb"
)
WORDS = rf"""
    CREATE FUNCTION messaging_words(said text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $words$
        SELECT ' ' || btrim(regexp_replace(regexp_replace(translate(
            lower(normalize(regexp_replace(normalize(said, NFKD), '[{DROPPED}]', '', 'g'), NFC)),
            U&'{ALIKE[0]}', U&'{ALIKE[1]}'
        ), '([{ALONE}])', ' \1 ', 'g'), '[{BETWEEN}]+', ' ', 'g')) || ' '
    $words$
"""
# A lexeme has at most 2 KB, so what has no spaces is cut; what is searched for is cut alike.
LEXEMES = """
    CREATE FUNCTION messaging_lexemes(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $lexemes$
        SELECT array_to_tsvector(ARRAY(
            SELECT left(word, 60) FROM unnest(string_to_array(words, ' ')) AS word WHERE word <> ''
        ))
    $lexemes$
"""
POSTGRESQL = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    WORDS,
    LEXEMES,
    """
    ALTER TABLE messaging_message
    ADD COLUMN search_words text GENERATED ALWAYS AS (messaging_words(text)) STORED
    """,
    # The chat first of all: what a search costs is what is in the reader's chats, not what is in all. Of what
    # was just sent 512 KB wait, some hundred messages: whoever sends sorts in few at once, not 4 MB of them.
    """
    CREATE INDEX message_search ON messaging_message
    USING gin (chat_id, search_words gin_trgm_ops, messaging_lexemes(search_words))
    WITH (gin_pending_list_limit = 512)
    """,
]


def index_messages(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            schema_editor.execute(textwrap.dedent(statement), params=None)


def forget_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE messaging_message DROP COLUMN search_words")  # and its index
        schema_editor.execute("DROP FUNCTION messaging_lexemes(text), messaging_words(text)")


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0017_invitations"),
    ]

    operations = [
        migrations.RunPython(index_messages, forget_index),
    ]
