from typing import Any

from django.db import migrations, models
from django.db.models import Q


def carry_over(apps: Any, schema_editor: Any) -> None:
    chats = apps.get_model("messaging", "Chat").objects
    chats.filter(members_can_add=True).update(permissions={"participant.add": "everyone"})


def carry_back(apps: Any, schema_editor: Any) -> None:
    chats = apps.get_model("messaging", "Chat").objects
    chats.filter(**{"permissions__participant.add": "everyone"}).update(members_can_add=True)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0005_contacts")]

    operations = [
        migrations.AddField(
            model_name="chat",
            name="permissions",
            field=models.JSONField(blank=True, default=dict, verbose_name="permissions"),
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.RemoveField(model_name="chat", name="members_can_add"),
        migrations.AlterField(
            model_name="chat",
            name="type",
            field=models.CharField(
                choices=[("private", "private"), ("group", "group"), ("channel", "channel")],
                max_length=8,
                verbose_name="type",
            ),
        ),
        migrations.RemoveConstraint(model_name="chat", name="chat_private_key_of_private"),
        migrations.AddConstraint(
            model_name="chat",
            constraint=models.CheckConstraint(
                condition=Q(type="private", private_key__isnull=False)
                | Q(type__in=["group", "channel"], private_key__isnull=True),
                name="chat_private_key_of_private",
            ),
        ),
    ]
