"""The index finds what was there before it, and survives what migrations do to the table below it."""

from importlib import import_module
from pkgutil import iter_modules

import pytest
from django.apps import apps
from django.db import connection

from messaging import migrations
from messaging.models import Message
from messaging.search import Query, Search, find_messages
from messaging.search.backends import on_migrated, sqlite
from messaging.services import send_message

pytestmark = pytest.mark.django_db

[name] = [each.name for each in iter_modules(migrations.__path__) if each.name.endswith("_message_search")]
index = import_module(f"messaging.migrations.{name}")


def found(reader, q):
    results = find_messages(reader=reader, search=Search(query=Query.parse(q)), size=10)
    return [message.text for message in results.messages]


@pytest.fixture
def change():
    """Runs a step of the migration."""

    def run(step):
        connection.check_constraints()  # PostgreSQL: what waits for the commit would hold the table
        with connection.schema_editor(atomic=False) as editor:
            step(apps, editor)

    return run


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's part of the migration")
def test_the_migration_indexes_what_was_said_before(group, layla, omar, change):
    send_message(actor=omar, chat=group, text="上海 at dawn")
    change(index.forget_index)
    send_message(actor=omar, chat=group, text="John at dawn")

    change(index.index_messages)

    assert found(layla, "dawn") == ["John at dawn", "上海 at dawn"]
    assert found(layla, "上海") == ["上海 at dawn"]


@pytest.mark.django_db(transaction=True)  # a table is only remade outside a transaction
@pytest.mark.skipif(connection.vendor != "sqlite", reason="triggers are SQLite's part")
def test_triggers_that_a_migration_lost_come_back_with_an_index_made_anew(group, layla, omar, change):
    send_message(actor=omar, chat=group, text="Before, at dawn")
    change(lambda _apps, editor: editor._remake_table(Message))  # as it changes a column
    Message.objects.filter(text="Before, at dawn").update(text="Changed, at noon")
    send_message(actor=omar, chat=group, text="Meanwhile, at dawn")

    on_migrated(using="default")
    send_message(actor=omar, chat=group, text="After, at dawn")

    assert found(layla, "dawn") == ["After, at dawn", "Meanwhile, at dawn"]
    assert found(layla, "noon") == ["Changed, at noon"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="triggers are SQLite's part")
def test_the_index_is_not_made_anew_while_all_triggers_are_there(group, omar):
    send_message(actor=omar, chat=group, text="We leave at dawn")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM messaging_search_row")
        before = cursor.fetchall()

        sqlite.install(connection)

        cursor.execute("SELECT id FROM messaging_search_row")
        assert cursor.fetchall() == before


@pytest.mark.skipif(connection.vendor != "sqlite", reason="triggers are SQLite's part")
def test_there_is_no_index_before_there_are_messages():
    with connection.cursor() as cursor:
        for name in sqlite.TRIGGERS:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("ALTER TABLE messaging_message RENAME TO elsewhere")

        on_migrated(using="default")

        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'messaging_%'")
        assert cursor.fetchall() == []
