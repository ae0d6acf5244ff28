"""What searching needs of a database."""

from typing import Protocol

from django.db.models import Expression, QuerySet

from messaging.models import Chat, Message
from messaging.search.queries import Query


class Backend(Protocol):
    """One database. Its index moves with the transaction of the change, whoever makes it."""

    def within(self, messages: QuerySet[Message], chats: QuerySet[Chat]) -> QuerySet[Message]:
        """Those of *messages* that are in *chats*."""
        ...

    def matching(self, messages: QuerySet[Message], query: Query) -> QuerySet[Message]:
        """Those of *messages* in which all terms of *query* stand."""
        ...

    def words(self) -> Expression:
        """`words(text)` of a message, in a query of messages."""
        ...
