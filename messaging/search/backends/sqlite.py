"""SQLite: an FTS5 table of trigrams, which triggers on the messages keep.

The words are made by our own function: it is on every connection of the product, and on no other.
"""

from typing import Any, Final

from django.db.models import Expression, Func, QuerySet, TextField
from django.db.models.expressions import RawSQL

from messaging.models import Chat, Message
from messaging.search.queries import Query
from messaging.search.words import words

# Rows of its own for the numbers that FTS5 needs: those of a table with text keys may change (VACUUM).
SCHEMA: Final = [
    "CREATE TABLE IF NOT EXISTS messaging_search_row"
    " (id INTEGER PRIMARY KEY AUTOINCREMENT, message CHAR(32) NOT NULL UNIQUE)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS messaging_search USING fts5(words, tokenize = 'trigram')",
]
TRIGGERS: Final = {
    "messaging_search_of_sent": """
        CREATE TRIGGER messaging_search_of_sent AFTER INSERT ON messaging_message BEGIN
            INSERT INTO messaging_search_row (message) VALUES (NEW.id);
            INSERT INTO messaging_search (rowid, words)
                SELECT id, messaging_words(NEW.text) FROM messaging_search_row WHERE message = NEW.id;
        END""",
    "messaging_search_of_changed": """
        CREATE TRIGGER messaging_search_of_changed AFTER UPDATE OF text ON messaging_message
        WHEN OLD.text IS NOT NEW.text BEGIN
            UPDATE messaging_search SET words = messaging_words(NEW.text)
                WHERE rowid = (SELECT id FROM messaging_search_row WHERE message = NEW.id);
        END""",
    "messaging_search_of_gone": """
        CREATE TRIGGER messaging_search_of_gone AFTER DELETE ON messaging_message BEGIN
            DELETE FROM messaging_search
                WHERE rowid = (SELECT id FROM messaging_search_row WHERE message = OLD.id);
            DELETE FROM messaging_search_row WHERE message = OLD.id;
        END""",
}
ANEW: Final = [
    "DELETE FROM messaging_search",
    "DELETE FROM messaging_search_row",
    "INSERT INTO messaging_search_row (message) SELECT id FROM messaging_message ORDER BY id",
    "INSERT INTO messaging_search (rowid, words) SELECT row.id, messaging_words(message.text)"
    " FROM messaging_search_row AS row JOIN messaging_message AS message ON message.id = row.message",
]


class SqliteBackend:
    def within(self, messages: QuerySet[Message], chats: QuerySet[Chat]) -> QuerySet[Message]:
        return messages.filter(chat__in=chats.order_by().values("pk"))

    def matching(self, messages: QuerySet[Message], query: Query) -> QuerySet[Message]:
        # A pattern is made of words and spaces: nothing in it means anything to FTS5 between quotes.
        match = " ".join(f'"{term.pattern}"' for term in query.terms)
        found = RawSQL(  # noqa: S611 (constant, its parameter apart)
            "SELECT row.message FROM messaging_search AS found"
            " JOIN messaging_search_row AS row ON row.id = found.rowid WHERE found.words MATCH %s",
            [match],
        )
        return messages.filter(pk__in=found)

    def words(self) -> Expression:
        return Func(
            template="(SELECT found.words FROM messaging_search AS found JOIN messaging_search_row AS row"
            ' ON row.id = found.rowid WHERE row.message = "messaging_message"."id")',
            output_field=TextField(),
        )


def teach(connection: Any) -> None:
    """Give a new *connection* the function that the triggers call."""
    connection.connection.create_function("messaging_words", 1, words, deterministic=True)


def install(connection: Any) -> None:
    """Make the index and its triggers, and the index anew wherever a trigger was missing.

    After every `migrate`, because a later migration may lose them: to change a table, Django makes another in
    its place, and SQLite drops the triggers with the first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE tbl_name = 'messaging_message'")
        there = {name for (name,) in cursor.fetchall()}
        if not there or there >= TRIGGERS.keys():
            return
        for statement in SCHEMA:
            cursor.execute(statement)
        for name, statement in TRIGGERS.items():
            if name not in there:
                cursor.execute(statement)
        for statement in ANEW:
            cursor.execute(statement)
