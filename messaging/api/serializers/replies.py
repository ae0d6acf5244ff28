"""What a message answers, in and out."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import UUIDField
from common.api.serializers import Input
from messaging.models import Message

from .fields import SpokenField


class ReplyInput(Input):
    message = UUIDField()
    quote = SpokenField(required=False, max_length=Message.MAX_QUOTE)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "format": "uuid"},
            {
                "type": "object",
                "required": ["message"],
                "properties": {
                    "message": {"type": "string", "format": "uuid"},
                    "quote": {"type": "string", "maxLength": Message.MAX_QUOTE},
                },
            },
        ]
    }
)
class ReplyField(serializers.Field[Any, Any, Any, Any]):
    """The id of a message, or that and a part of what it says."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            return {"reply_to": UUIDField().run_validation(data)}
        given = ReplyInput(data=data)
        given.is_valid(raise_exception=True)
        reply = dict(given.validated_data)
        return {"reply_to": reply.pop("message"), **reply}


class ReplySerializer(serializers.Serializer[Any]):
    """The shape of what `reply_of` gives."""

    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    author = serializers.UUIDField(allow_null=True)
    author_name = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(choices=Message.Kind.choices)
    text = serializers.CharField(help_text="What is quoted of it, or how it begins.")
    deleted = serializers.BooleanField()


def reply_of(message: Message) -> dict[str, Any] | None:
    """What *message* answers, as it is now. A plain dict: this is done for every message of a page."""
    answered = message.reply_to
    if answered is None:
        return None
    return {
        "id": answered.pk,
        "seq": answered.seq,
        "author": answered.author_id,
        "author_name": answered.author.display_name if answered.author else None,
        "kind": answered.kind,
        "text": message.quote or answered.text[: Message.EXCERPT],
        "deleted": answered.deleted_at is not None,
    }
