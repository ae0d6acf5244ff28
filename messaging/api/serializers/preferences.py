"""What a chat is to one of the people in it, in and out."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import BooleanField, IntegerField, MomentField
from common.api.serializers import Input
from messaging.models import Chat, Participant

STATES: Final = ["active", "request"]


class PreferencesSerializer(serializers.Serializer[Chat]):
    """Rows of `Chat.objects.with_preferences`."""

    chat = serializers.UUIDField(source="pk", read_only=True)
    state = serializers.SerializerMethodField()
    muted = serializers.BooleanField(source="is_muted", read_only=True)
    muted_until = serializers.SerializerMethodField()
    archived = serializers.BooleanField(source="is_archived", read_only=True)
    marked_unread = serializers.BooleanField(read_only=True)
    favourite = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Its place among the favourites; null: it is none."
    )

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, chat: Any) -> str:
        """`request`: a stranger opened it, or brought the caller in, and it was not accepted yet."""
        return state_of(chat)

    def get_muted_until(self, chat: Any) -> datetime | None:
        """Null where it is not muted, or for good."""
        return end_of_silence(chat)


def state_of(chat: Any) -> str:
    return "request" if chat.is_request else "active"


def end_of_silence(chat: Any) -> datetime | None:
    return chat.muted_until if chat.is_muted and chat.muted_until < Participant.FOR_GOOD else None


class MuteInput(Input):
    until = MomentField(required=False, allow_null=True, help_text="For good if left out or null.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"muted_until": given.get("until") or Participant.FOR_GOOD}


class PreferencesInput(Input):
    muted = BooleanField(required=False)
    muted_until = MomentField(required=False, allow_null=True, help_text="With `muted`: for good if null.")
    archived = BooleanField(required=False)
    marked_unread = BooleanField(required=False)
    favourite = IntegerField(
        required=False, allow_null=True, min_value=1, max_value=Participant.MAX_FAVOURITE
    )

    default_error_messages = {"not_muted": _("Give `muted_until` with `muted: true`, or alone.")}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        muted, until = given.pop("muted", None), given.get("muted_until")
        if muted is False:
            if until is not None:
                self.fail("not_muted")
            return given | {"muted_until": None}
        if muted or until is not None:
            return given | {"muted_until": until or Participant.FOR_GOOD}
        return given
