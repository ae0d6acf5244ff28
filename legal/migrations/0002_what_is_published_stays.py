"""The database, too, refuses to change what is published.

What may change: a date that has not come (`take_back`), and a requirement, which may be lifted. SQLite loses
these triggers where a later migration builds a table anew; `legal/tests/test_constraints.py` would show it.
"""

from django.db import migrations

REFUSAL = "what is published never changes"

VERSION_CHANGES = """
OLD.published_at IS NOT NULL AND (
    NEW.label <> OLD.label OR NEW.document_id <> OLD.document_id
    OR (NEW.requires_acceptance AND NOT OLD.requires_acceptance)
    OR (OLD.published_at <= {now} AND (NEW.published_at IS NULL OR NEW.published_at <> OLD.published_at))
)
"""
TEXT_CHANGES = (
    "EXISTS (SELECT 1 FROM legal_version v WHERE v.published_at IS NOT NULL AND v.id IN ({versions}))"
)

SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
SQLITE = [
    f"""CREATE TRIGGER {name} BEFORE {what}
    WHEN {condition} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"""
    for name, what, condition in [
        ("legal_version_stays", "UPDATE ON legal_version", VERSION_CHANGES.format(now=SQLITE_NOW)),
        (
            "legal_text_stays",
            "UPDATE ON legal_text",
            TEXT_CHANGES.format(versions="OLD.version_id, NEW.version_id"),
        ),
        ("legal_text_comes", "INSERT ON legal_text", TEXT_CHANGES.format(versions="NEW.version_id")),
    ]
]
# In PostgreSQL a trigger's own condition can ask no other table: its function does.
POSTGRESQL = [
    f"""CREATE FUNCTION legal_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    f"""CREATE TRIGGER legal_version_stays BEFORE UPDATE ON legal_version
    FOR EACH ROW WHEN ({VERSION_CHANGES.format(now="clock_timestamp()")}) EXECUTE FUNCTION legal_stays()""",
    f"""CREATE FUNCTION legal_text_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE before uuid;
    BEGIN
        IF TG_OP = 'UPDATE' THEN before := OLD.version_id; END IF;
        IF {TEXT_CHANGES.format(versions="before, NEW.version_id")} THEN
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER legal_text_stays BEFORE INSERT OR UPDATE ON legal_text
    FOR EACH ROW EXECUTE FUNCTION legal_text_stays()""",
]
UNDO_SQLITE = [
    f"DROP TRIGGER {name}" for name in ("legal_version_stays", "legal_text_stays", "legal_text_comes")
]
UNDO_POSTGRESQL = [
    "DROP TRIGGER legal_version_stays ON legal_version",
    "DROP TRIGGER legal_text_stays ON legal_text",
    "DROP FUNCTION legal_stays()",
    "DROP FUNCTION legal_text_stays()",
]


def do(apps, schema_editor):
    run(schema_editor, sqlite=SQLITE, postgresql=POSTGRESQL)


def undo(apps, schema_editor):
    run(schema_editor, sqlite=UNDO_SQLITE, postgresql=UNDO_POSTGRESQL)


def run(schema_editor, **statements):
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("legal", "0001_initial")]

    operations = [migrations.RunPython(do, undo)]
