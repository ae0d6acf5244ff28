"""The audit log, and somebody who owns its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from accounts.models import AuditEntry, AuditHead
from accounts.services import audit, check_log, seal_entries

WHERE_FROM = {"request_id": "r-1", "address": "192.0.2.7", "session": "018f3c5e-0000-7000-8000-000000000001"}


def write(count: int = 1, **more: Any) -> list[AuditEntry]:
    """Entries that wait to be sealed, the oldest first."""
    given = {"category": AuditEntry.Category.USER, "verb": "role.switched", "actor": None} | more
    return [audit.record(**given) for _ in range(count)]


def sealed(count: int, **more: Any) -> list[AuditEntry]:
    """Entries at the next *count* places."""
    entries = write(count, **more)
    seal_entries()
    return [AuditEntry.objects.get(pk=entry.pk) for entry in entries]


def faults() -> list[str]:
    return check_log().faults


@contextmanager
def unguarded() -> Iterator[None]:
    """Takes what guards the table out of the way: its owner can."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = dict(cursor.fetchall())
            for name in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            yield
            for statement in triggers.values():
                cursor.execute(statement)
        else:
            cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER USER")
            yield
            cursor.execute("ALTER TABLE accounts_auditentry ENABLE TRIGGER USER")


def change(entry: AuditEntry, **values: Any) -> None:
    with unguarded():
        AuditEntry.objects.filter(pk=entry.pk)._write(**values)


def take_out(*entries: AuditEntry) -> None:
    with unguarded(), connection.cursor() as cursor:
        for entry in entries:
            cursor.execute("DELETE FROM accounts_auditentry WHERE place = %s", [entry.place])


def move_head(**values: Any) -> None:
    AuditHead.objects.update(**values)
