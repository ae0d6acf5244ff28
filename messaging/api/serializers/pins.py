"""Pins, in and out."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import MomentField
from common.api.serializers import Input
from messaging.models import Pin

from .fields import MessageField
from .messages import MessageForReaderSerializer


class PinInput(Input):
    message = MessageField(help_text="A message of the chat.")
    until = MomentField(required=False, allow_null=True, help_text="When it falls off by itself.")

    default_error_messages = {"past": _("Give a time in the future.")}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if (until := given.get("until")) and until <= timezone.now():
            detail = serializers.ErrorDetail(str(self.error_messages["past"]), code="past")
            raise serializers.ValidationError({"until": [detail]})
        return given


class PinSerializer(serializers.ModelSerializer[Pin]):
    """A pin as one person sees it: rows of `shown_to`."""

    message = serializers.SerializerMethodField()

    class Meta:
        model = Pin
        fields = ["id", "chat", "message", "pinned_by", "until", "created_at"]
        read_only_fields = fields

    @extend_schema_field(MessageForReaderSerializer)
    def get_message(self, pin: Pin) -> MessageForReaderSerializer:
        shown = MessageForReaderSerializer(pin.message, context=self.context)
        return shown.data  # type: ignore[return-value]
