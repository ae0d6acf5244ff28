"""What is to be said later, in and out."""

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import BooleanField, StringField
from messaging.models import Message, ScheduledMessage

from .messages import MessageInput, MessageToChatInput

LOCAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"


@extend_schema_field({"type": "string", "anyOf": [{"format": "date-time"}, {"pattern": LOCAL}]})
class ScheduledForField(serializers.DateTimeField):
    """A time as RFC 3339 has it, or without an offset where it is on the recipient's clock."""

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ssZ")
        try:
            given = datetime.fromisoformat(data)
        except ValueError:
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ssZ")
        if given.year in (1, 9999):  # where a zone more or less is no time at all
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ssZ")
        return given.astimezone(UTC) if given.tzinfo else given


class Scheduling(serializers.Serializer[Any]):
    """The fields that say when, and how they agree. After `validate` a local time has no zone."""

    scheduled_for = ScheduledForField(required=False, help_text="When it is sent, if not now.")
    local = BooleanField(
        required=False,
        help_text="Whether that is on the clock of the other one in a private chat; then without an offset.",
    )

    default_error_messages = {
        "needs_offset": _("Give the time with its offset from UTC, or set `local`."),
        "has_offset": _("A local time has no offset from UTC."),
        "no_time": _("Give `scheduled_for` with it."),
    }

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        given = super().validate(given)
        is_local, time = given.pop("local", False), given.get("scheduled_for")
        if time is None and is_local:
            self._refuse("local", "no_time")
        if time is not None and (time.tzinfo is None) != is_local:
            self._refuse("scheduled_for", "has_offset" if is_local else "needs_offset")
        return given

    def _refuse(self, field: str, code: str) -> None:
        raise serializers.ValidationError(
            {field: [serializers.ErrorDetail(str(self.error_messages[code]), code=code)]}
        )


class SendInput(Scheduling, MessageInput):
    pass


class SendToChatInput(Scheduling, MessageToChatInput):
    pass


class ScheduledInput(Scheduling, MessageInput):
    scheduled_for = ScheduledForField(help_text="When it is sent.")


class ScheduledChangeInput(Scheduling, MessageInput):
    says_something = False  # it does already
    client_id = None  # type: ignore[assignment]  # a name is given once
    text = StringField(required=False, max_length=Message.MAX_TEXT)


class ScheduledSerializer(serializers.ModelSerializer[ScheduledMessage]):
    """Its text is empty once it is sent: the message has it."""

    text = serializers.SerializerMethodField()
    kind = serializers.SerializerMethodField()
    thread = serializers.SerializerMethodField()
    mentions = serializers.SerializerMethodField()
    silent = serializers.SerializerMethodField()
    client_id = serializers.SerializerMethodField()
    local_time = serializers.SerializerMethodField()
    problem = serializers.DictField(allow_null=True, read_only=True)

    class Meta:
        model = ScheduledMessage
        fields = [
            "id",
            "chat",
            "state",
            "scheduled_for",
            "local_time",
            "kind",
            "text",
            "thread",
            "mentions",
            "silent",
            "client_id",
            "problem",
            "message",
            "created_at",
        ]
        read_only_fields = fields

    def get_text(self, row: ScheduledMessage) -> str:
        return str(row.said.get("text", ""))

    @extend_schema_field(serializers.ChoiceField(choices=Message.Kind.choices))
    def get_kind(self, row: ScheduledMessage) -> str:
        return str(row.said.get("kind", Message.Kind.TEXT))

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_thread(self, row: ScheduledMessage) -> str | None:
        return row.said.get("thread")

    def get_mentions(self, row: ScheduledMessage) -> list[str]:
        return list(row.said.get("mentions", []))

    def get_silent(self, row: ScheduledMessage) -> bool:
        return bool(row.said.get("silent", False))

    def get_client_id(self, row: ScheduledMessage) -> str | None:
        return row.client_id or None

    def get_local_time(self, row: ScheduledMessage) -> str | None:
        """What the recipient's clock shows then, if it was asked for by that."""
        return row.local_time or None
