"""Deliveries, and why there were some or none, out."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.serializers import moment
from notifications.models import Attempt, Delivery
from notifications.reasons import Reason
from notifications.services import Trace


def explanation(reason: str | None) -> str | None:
    """In words; None where there is nothing to explain."""
    if not reason:
        return None
    return str(Reason(reason).label) if reason in Reason.values else reason


def _whole(step: dict[str, Any]) -> dict[str, Any]:
    until = step.get("until")
    return step | {
        "reason": step.get("reason"),
        "explanation": explanation(step.get("reason")),
        "until": moment(datetime.fromisoformat(until)) if until else None,
        "target": step.get("target"),
    }


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields = ["number", "at", "seconds", "result", "code", "answer"]
        read_only_fields = fields
        extra_kwargs = {
            "seconds": {"help_text": "That it took; null while it is under way, or if its worker died."},
            "result": {"help_text": "`lost` also while it is under way: nobody knows yet what came of it."},
            "code": {"help_text": "The other side's, or ours if it was not asked."},
            "answer": {"help_text": "What the other side said, its first 1,000 characters."},
        }


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """Read with its `attempt_rows`."""

    target = serializers.CharField(read_only=True, help_text="A device or a receiver; empty: the account.")
    reason = serializers.CharField(read_only=True, help_text="Empty while it waits.")
    explanation = serializers.SerializerMethodField()
    attempts = AttemptSerializer(many=True, read_only=True, source="attempt_rows")

    class Meta:
        model = Delivery
        fields = [
            "id",
            "notification",
            "channel",
            "target",
            "purpose",
            "state",
            "reason",
            "explanation",
            "due_at",
            "attempts",
            "created_at",
            "ended_at",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "purpose": {"help_text": "`clear` takes back what was told and has been read elsewhere."},
            "due_at": {"help_text": "While it waits: when it is tried next, at the earliest."},
        }

    def get_explanation(self, delivery: Delivery) -> str | None:
        """The reason in words."""
        return explanation(delivery.reason)


class StepSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField(read_only=True)
    channel = serializers.CharField(read_only=True, allow_null=True, help_text="Null: of all of them.")
    passed = serializers.BooleanField(read_only=True)
    reason = serializers.ChoiceField(choices=Reason.choices, read_only=True, allow_null=True)
    explanation = serializers.CharField(read_only=True, allow_null=True)
    until = serializers.DateTimeField(read_only=True, allow_null=True)
    target = serializers.CharField(read_only=True, allow_null=True)


class TraceSerializer(serializers.Serializer[Trace]):
    """Every rule that was asked, in order, and what came of it."""

    kind = serializers.CharField(read_only=True)
    notification = serializers.SerializerMethodField()
    decided_at = serializers.DateTimeField(
        read_only=True, help_text="If there is no notification: now, as things are now."
    )
    steps = serializers.SerializerMethodField()
    deliveries = DeliverySerializer(many=True, read_only=True)

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_notification(self, trace: Trace) -> str | None:
        """Null where there is none."""
        return str(trace.notification.pk) if trace.notification else None

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, trace: Trace) -> list[dict[str, Any]]:
        """In the order in which they were asked."""
        return [_whole(step) for step in trace.steps]


class TracesSerializer(serializers.Serializer[Any]):
    results = TraceSerializer(many=True, read_only=True)
