"""What has to be true of the databases when a line is done, or its figures are worth nothing."""

from typing import Final

import psycopg

from tests.services import Services

from .load import Broken

# In the bench nothing but messages takes a position of a chat, and none can be taken twice: a constraint.
FAULTY: Final = {
    "ours": """
        SELECT count(*) FROM messaging_chat AS chat
        JOIN LATERAL (
            SELECT count(*), max(seq) FROM messaging_message WHERE chat_id = chat.id
        ) AS message ON true
        WHERE (message.count, message.max) IS DISTINCT FROM (last_seq, last_seq)""",
    "peers": """
        SELECT count(*) FROM chat
        JOIN LATERAL (SELECT count(*), max(seq) FROM message WHERE chat_id = chat.id) AS message ON true
        WHERE (message.count, message.max) IS DISTINCT FROM (last_seq, last_seq)""",
}


def check(services: Services, *databases: str) -> None:
    """Every chat's positions are 1…n, each taken once; in all databases if none is named.

    Raises:
        Broken
    """
    for name in databases or FAULTY:
        with psycopg.connect(services.postgres.url(name)) as connection:
            row = connection.execute(FAULTY[name]).fetchone()
        if row is None or row[0]:
            raise Broken(f"{name}: {row and row[0]} chats have gaps, or messages twice")
