"""What waited on a client, in, and what became of it, out."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import StringField

from .messages import MessageForReaderSerializer, MessageToChatInput

MAX_OUTBOX: Final = 100  # sends in one request

SENT, REFUSED, SKIPPED = "sent", "refused", "skipped"


class WaitingInput(MessageToChatInput):
    client_id = StringField(max_length=255, help_text="Your own id for it: again it is the same message.")
    after_client_id = StringField(
        required=False, max_length=255, help_text="Goes only once your message of that id is sent."
    )


class OutboxResultSerializer(serializers.Serializer[Any]):
    client_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(
        choices=[(SENT, _("sent")), (REFUSED, _("refused")), (SKIPPED, _("skipped"))],
        help_text="`skipped`: what it comes after was refused or is not there.",
    )
    is_new = serializers.BooleanField(help_text="Whether this call sent it, not an earlier one.")
    message = MessageForReaderSerializer(allow_null=True)
    problem = serializers.DictField(allow_null=True, help_text="Why it was refused, as any refusal.")


class OutboxSerializer(serializers.Serializer[Any]):
    results = OutboxResultSerializer(many=True)
