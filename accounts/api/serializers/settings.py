"""Settings: each app's in a section of its own."""

from typing import Any

from rest_framework import serializers

from accounts.registries import settings_sections
from common.api.fields import BooleanField, ChoiceField
from common.api.serializers import Input

WHO = [("everyone", "everyone"), ("contacts", "contacts"), ("nobody", "nobody")]


class PrivacySettings(Input):
    last_seen_visibility = ChoiceField(
        required=False,
        choices=WHO,
        help_text="Who sees when the person was last here; they see it of nobody who may not see theirs. If "
        "not everybody, whether the person is here now is seen by those who share a chat of up to 100 with "
        "them and by their contacts.",
    )
    who_may_add_me = ChoiceField(
        required=False,
        choices=WHO,
        help_text="Who may open a private chat with the person or bring them into a group; "
        "`contacts` are those whom the person themselves has as a contact.",
    )
    read_receipts = BooleanField(
        required=False,
        help_text="Whether others see what the person has read, and the person what others have.",
    )
    found_by_email = BooleanField(
        required=False, help_text="Whether somebody who knows the whole address finds the person."
    )
    public_portfolio = BooleanField(
        required=False, help_text="Whether the portfolio is there for those who are not signed in."
    )


class SettingsInput(Input):
    """Some settings of some sections."""

    def get_fields(self) -> dict[str, Any]:
        return {name: section.shape(required=False) for name, section in settings_sections.items()}


class SettingsSerializer(serializers.Serializer[Any]):
    """Every setting."""

    def get_fields(self) -> dict[str, Any]:
        return {name: section.shape() for name, section in settings_sections.items()}
