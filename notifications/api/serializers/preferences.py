"""How somebody wants to hear of things, in and out."""

import re
from typing import Any, Final

from django.utils import translation
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from common.api.fields import BooleanField, ChoiceField, MomentField, UUIDField
from common.api.serializers import Input
from notifications.kinds import LEVELS, kinds
from notifications.models import Preferences, TopicPreference
from notifications.registries import channels
from notifications.services.deciding import is_on

CHAT: Final = "chat:"  # what the topic of a chat begins with
MOST_CHATS: Final = 200  # of one request
CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


# Not the format `time` of JSON Schema, which has seconds and an offset (RFC 3339 §5.6).
@extend_schema_field({"type": "string", "pattern": CLOCK, "examples": ["22:00"]})
class TimeField(serializers.TimeField):
    """A time of the day to the minute, such as `22:00`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)

    def to_internal_value(self, value: Any) -> Any:
        if not (isinstance(value, str) and re.fullmatch(CLOCK, value)):
            self.fail("invalid", format="hh:mm")
        return super().to_internal_value(value)


class KindSerializer(serializers.Serializer[Any]):
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]
    channels = serializers.DictField(child=serializers.BooleanField(), read_only=True)
    mandatory = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What nobody can turn off."
    )


class QuietHoursSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {"from": TimeField(read_only=True), "to": TimeField(read_only=True)}


class NotificationPreferencesSerializer(serializers.Serializer[Any]):
    kinds = serializers.DictField(child=KindSerializer(), read_only=True, help_text="By name.")
    channels = serializers.DictField(
        child=serializers.CharField(), read_only=True, help_text="The ways there are, by name."
    )
    chats = serializers.DictField(
        child=serializers.ChoiceField(choices=TopicPreference.Level.choices),
        read_only=True,
        help_text="Those of which the caller hears less than all.",
    )
    muted_until = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Until then there are no pushes and mails."
    )
    quiet_hours = QuietHoursSerializer(
        read_only=True, allow_null=True, help_text="By the clock in `timezone`, or a device's own."
    )
    timezone = serializers.CharField(read_only=True, help_text="Of the account: `PATCH users/me`.")
    digest = serializers.ChoiceField(
        choices=Preferences.Digest.choices, read_only=True, help_text="Whether mails wait and come as one."
    )
    digest_at = TimeField(read_only=True, help_text="Of a daily one, by the clock in `timezone`.")
    email_content = serializers.ChoiceField(
        choices=Preferences.Content.choices, read_only=True, help_text="How much of a message a mail says."
    )


def preferences_of(user: User) -> dict[str, Any]:
    """All that *user* chose, and what holds where they chose nothing."""
    row = Preferences.objects.filter(pk=user.pk).first() or Preferences(user=user)
    topics = TopicPreference.objects.filter(user=user, topic__startswith=CHAT)
    with translation.override(user.language):
        return NotificationPreferencesSerializer(
            {
                "kinds": {
                    name: {
                        "label": str(kind.label),
                        "channels": {channel: is_on(kind, channel, row) for channel in channels},
                        "mandatory": sorted(kind.mandatory | kind.elsewhere),
                    }
                    for name, kind in sorted(kinds.items())
                },
                "channels": {name: str(channel.label) for name, channel in channels.items()},
                "chats": {each.topic.removeprefix(CHAT): each.level for each in topics},
                "muted_until": row.muted_until,
                "quiet_hours": {"from": row.quiet_from, "to": row.quiet_to} if row.quiet_from else None,
                "timezone": user.timezone,
                "digest": row.digest,
                "digest_at": row.digest_at,
                "email_content": row.email_content,
            }
        ).data


class QuietHoursInput(Input):
    def get_fields(self) -> dict[str, Any]:
        return {"from": TimeField(), "to": TimeField()}


class NotificationPreferencesInput(Input):
    """What is left out stays."""

    kinds = serializers.DictField(
        child=serializers.DictField(child=BooleanField()),
        required=False,
        help_text="Whether a kind is told by a channel, by both their names.",
    )
    chats = serializers.DictField(
        child=ChoiceField(choices=[(each, each) for each in LEVELS]),
        required=False,
        help_text="By the chat's id.",
    )
    muted_until = MomentField(required=False, allow_null=True)
    quiet_hours = QuietHoursInput(required=False, allow_null=True)
    digest = ChoiceField(choices=Preferences.Digest.choices, required=False)
    digest_at = TimeField(required=False)
    email_content = ChoiceField(choices=Preferences.Content.choices, required=False)

    def validate_chats(self, given: dict[str, str]) -> dict[str, str]:
        if len(given) > MOST_CHATS:
            raise serializers.ValidationError(f"At most {MOST_CHATS} at once.", code="too_many")
        return {f"{CHAT}{UUIDField().run_validation(chat)}": level for chat, level in given.items()}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        wishes = dict(given)
        for name, ours in (("kinds", "choices"), ("chats", "topics")):
            if name in wishes:
                wishes[ours] = wishes.pop(name)
        if "quiet_hours" in wishes:
            hours = wishes.pop("quiet_hours")
            wishes["quiet"] = (hours["from"], hours["to"]) if hours else None
        return wishes
