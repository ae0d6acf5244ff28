"""Webhooks, what they were to hear, and what became of it."""

from datetime import timedelta
from typing import Any, Final

from rest_framework import serializers

from common.api.fields import ChoiceField, IntegerField, QueryIntegerField, StringField
from common.api.serializers import Input
from notifications.models import Delivery, Webhook, WebhookEvent
from notifications.services.webhooks import LONGEST_OVERLAP, OVERLAP

from .traces import AttemptSerializer

MAX_EVENTS: Final = 200  # a page
EVENTS: Final = 50
LAST: Final = 2**63 - 1  # no position is behind it


class WebhookInput(Input):
    url = StringField(max_length=Webhook.url.field.max_length, help_text="`https://…`, at port 443 or 8443.")
    types = serializers.ListField(
        child=StringField(max_length=64),
        min_length=1,
        max_length=Webhook.MAX_TYPES,
        help_text="What it hears of: names from `GET webhooks/event-types`, `message.*` for all of a "
        "kind, or `*`.",
    )
    description = StringField(
        required=False,
        allow_blank=True,
        trim_whitespace=True,
        max_length=200,
        help_text="What it is for, as the owner knows it.",
    )


class WebhookChangesInput(WebhookInput):
    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields

    state = ChoiceField(
        choices=Webhook.State.choices,
        required=False,
        help_text="`paused`: it is called no more. `active`: it is called with what happens from now on.",
    )


class WebhookRotationInput(Input):
    overlap = IntegerField(
        required=False,
        min_value=0,
        max_value=int(LONGEST_OVERLAP.total_seconds()),
        default=int(OVERLAP.total_seconds()),
        help_text="Seconds for which the older secret goes on signing beside the new one.",
    )

    def validate_overlap(self, seconds: int) -> timedelta:
        return timedelta(seconds=seconds)


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    state = serializers.ChoiceField(choices=Webhook.State.choices, read_only=True)
    types = serializers.ListField(child=serializers.CharField(), read_only=True)
    seq = serializers.IntegerField(read_only=True, help_text="The position of its newest event.")
    paused_reason = serializers.ChoiceField(
        choices=Webhook.Pause.choices,
        allow_blank=True,
        read_only=True,
        help_text="`dead`: nothing was taken for as long as we try. `gone`: it answered 410.",
    )

    class Meta:
        model = Webhook
        fields = [
            "id",
            "url",
            "description",
            "types",
            "state",
            "paused_at",
            "paused_reason",
            "seq",
            "failing_since",
            "last_success_at",
            "rotated_at",
            "previous_until",
            "created_at",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "failing_since": {
                "help_text": "When it began not to take anything; null: it takes what it is sent."
            },
            "last_success_at": {"help_text": "When it last took something, to ten seconds."},
            "rotated_at": {"help_text": "When its secret was last changed."},
            "previous_until": {"help_text": "Until then the secret before signs, too."},
        }


class ShownWebhookSerializer(WebhookSerializer):
    """With what is shown once."""

    secret = serializers.CharField(help_text="What it signs with. It is not shown again.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class EventTypeSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    description = serializers.CharField()


class EventTypesSerializer(serializers.Serializer[Any]):
    """All of them: a page that has no neighbours."""

    results = EventTypeSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class WebhookEventSerializer(serializers.ModelSerializer[WebhookEvent]):
    """As it is delivered; `id` is the `webhook-id`."""

    timestamp = serializers.DateTimeField(source="at", read_only=True, help_text="When it happened.")
    data = serializers.DictField(read_only=True)  # type: ignore[assignment]

    class Meta:
        model = WebhookEvent
        fields = ["id", "type", "timestamp", "seq", "data"]
        read_only_fields = fields


class WebhookEventsQuery(Input):
    after = QueryIntegerField(required=False, min_value=0, max_value=LAST)
    limit = QueryIntegerField(default=EVENTS, min_value=1, max_value=MAX_EVENTS)


class WebhookEventsSerializer(serializers.Serializer[Any]):
    results = WebhookEventSerializer(many=True)
    has_after = serializers.BooleanField()
    next = serializers.URLField(allow_null=True)


class WebhookDeliverySerializer(serializers.ModelSerializer[Delivery]):
    event = WebhookEventSerializer(read_only=True)
    reason = serializers.CharField(
        read_only=True, help_text="Why it ended: `sent`, `gave_up`, `paused`, `target_gone`."
    )
    attempts = AttemptSerializer(source="attempt_rows", many=True, read_only=True)
    due_at = serializers.DateTimeField(
        read_only=True, help_text="While it waits: when it is tried next, at the earliest."
    )

    class Meta:
        model = Delivery
        fields = ["id", "event", "state", "reason", "attempts", "due_at", "created_at", "ended_at"]
        read_only_fields = fields
