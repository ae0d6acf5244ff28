"""PostgreSQL: one GIN index over chat, trigrams (`pg_trgm`) and words (`tsvector`) of migration 0002."""

from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Expression, Func, QuerySet, TextField, Value

from messaging.models import Chat, Message
from messaging.search.queries import Query, Term

LONGEST: Final = 60  # characters of a word that full text looks at, as in `messaging_lexemes`

COLUMN: Final = '"messaging_message"."search_words"'  # generated: no statement writes it


class PostgresBackend:
    """Trigrams find parts of words; full text what has no three letters in a row: short words, 上海."""

    def within(self, messages: QuerySet[Message], chats: QuerySet[Chat]) -> QuerySet[Message]:
        # Their ids as they are, so that the planner knows how much is said in them: else it takes them for
        # average ones, and reads all matches of a common word where a few steps back in time would do.
        ids = list(chats.order_by().values_list("pk", flat=True))
        # Who may see what is asked in the query all the same, where it does not count as a second narrowing.
        mine = ArraySubquery(chats.order_by().values("pk"))
        may_see = 'CASE WHEN "messaging_message"."chat_id" = ANY(%(expressions)s) THEN TRUE END'
        return messages.filter(_is_true(may_see, mine), chat__in=ids)

    def matching(self, messages: QuerySet[Message], query: Query) -> QuerySet[Message]:
        found = messages.alias(search_words=self.words())
        for term in query.terms:
            if term.may_be_inside:
                found = found.filter(search_words__contains=term.pattern)
                continue
            lexemes = term.pattern.split()
            found = found.filter(
                _is_true(f"messaging_lexemes({COLUMN}) @@ %(expressions)s::tsquery", Value(_tsquery(term)))
            )
            if len(lexemes) > 1 or len(lexemes[0]) > LONGEST:  # side by side, to the end
                found = found.filter(search_words__contains=term.pattern)
        return found

    def words(self) -> Expression:
        return Func(template=COLUMN, output_field=TextField())


def _tsquery(term: Term) -> str:
    """Quotes and backslashes are between words, so none is in one."""
    *before, last = [f"'{each[:LONGEST]}'" for each in term.pattern.split()]
    return " & ".join([*before, f"{last}:*" if term.may_go_on else last])


def _is_true(template: str, *expressions: Any) -> Func:
    return Func(*expressions, template=template, output_field=BooleanField())
