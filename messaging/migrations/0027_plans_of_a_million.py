from django.conf import settings
from django.db import migrations, models

# Counting in an index alone looks at the table where nothing has vacuumed it since, which is what is unread:
# the newest. Left to itself PostgreSQL waits for a fifth of the table to be new.
VACUUMED = "ALTER TABLE messaging_message SET (autovacuum_vacuum_insert_scale_factor = 0.02)"
AS_BEFORE = "ALTER TABLE messaging_message RESET (autovacuum_vacuum_insert_scale_factor)"


def vacuum_often(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(VACUUMED)


def vacuum_as_before(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(AS_BEFORE)


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0026_who_removed_whom"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="message", name="message_main_line"),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("thread", None)),
                fields=["chat", "seq"],
                include=("id", "author", "deleted_at"),
                name="message_main_line",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("kind", "text"), _negated=True),
                fields=["chat", "kind", "-id"],
                name="message_of_kind",
            ),
        ),
        migrations.RunPython(vacuum_often, vacuum_as_before),
    ]
