"""What people choose of how the product behaves for them."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from accounts.events import SettingsUpdated
from accounts.models import AuditEntry, User
from accounts.registries import settings_of, settings_sections
from common.events import emit

from . import audit

VERSION: Final = 1  # of how `User.settings` is stored: `{"version", "values": {section: {key: value}}}`


@transaction.atomic
def update_settings(*, user: User, changes: Mapping[str, dict[str, Any]]) -> User:
    """Change some settings and leave the rest. Only what differs from its default is stored.

    Args:
        changes: values by section and key, checked by the section's shape.

    Emits `SettingsUpdated`, if anything changed.
    """
    row = User.objects.select_for_update().get(pk=user.pk)
    before = settings_of(row)
    after = {name: values | changes.get(name, {}) for name, values in before.items()}
    changed = [
        f"{name}.{key}"
        for name, values in after.items()
        for key, value in values.items()
        if value != before[name][key]
    ]
    if not changed:
        return row
    values = {name: _chosen(name, section) for name, section in after.items()}
    row.settings = {"version": VERSION, "values": {name: chosen for name, chosen in values.items() if chosen}}
    row.save(update_fields=["settings"])
    audit.record(
        category=AuditEntry.Category.USER,
        verb="settings.updated",
        actor=user,
        subject=user,
        details={"settings": sorted(changed)},
    )
    emit(SettingsUpdated(), audience=[user.pk])
    return row


def _chosen(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    defaults = settings_sections[name].defaults
    return {key: value for key, value in values.items() if value != defaults[key]}
