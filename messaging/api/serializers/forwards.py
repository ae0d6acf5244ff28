"""Forwards, in and out."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import StringField, UUIDField
from common.api.serializers import Input
from messaging.models import Chat, Message
from messaging.services.forwards import MAX_CHATS


class ChatsField(serializers.ListField):
    """Ids of chats that the caller is in; any other reads as unknown."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=UUIDField(), min_length=1, max_length=MAX_CHATS, **kwargs)

    def to_internal_value(self, data: Any) -> list[Chat]:
        if isinstance(data, list) and len(data) > MAX_CHATS:  # before any is looked up
            self.fail("max_length", max_length=MAX_CHATS)
        ids = super().to_internal_value(data)
        chats = {chat.pk: chat for chat in self.context["chats"].filter(pk__in=ids)}
        unknown: dict[Any, Any] = {
            index: [serializers.ErrorDetail(str(_("There is no such chat.")), code="unknown_chat")]
            for index, pk in enumerate(ids)
            if pk not in chats
        }
        if unknown:
            raise serializers.ValidationError(unknown)
        return [chats[pk] for pk in dict.fromkeys(ids)]


class ForwardInput(Input):
    chats = ChatsField(help_text="Where to: ids of chats that you are in.")
    client_id = StringField(
        required=False,
        max_length=200,
        help_text="Your own id for this forward; the message in each chat has `<client_id>:<chat>`.",
    )


class ProvenanceSerializer(serializers.Serializer[Any]):
    """The shape of what `provenance_of` gives: not from which chat, which the reader may not know."""

    author = serializers.UUIDField(allow_null=True)
    author_name = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


def provenance_of(message: Message) -> dict[str, Any] | None:
    """Who first said what *message* forwards, and when."""
    if message.forwarded_at is None:
        return None
    author = message.forwarded_author
    return {
        "author": message.forwarded_author_id,
        "author_name": author.display_name if author else None,
        "at": serializers.DateTimeField().to_representation(message.forwarded_at),
    }
