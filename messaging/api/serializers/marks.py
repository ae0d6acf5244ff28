"""How far what is said has come with people, in and out."""

from typing import Any, Final

from rest_framework import serializers

from common.api.fields import ChoiceField, IntegerField
from common.api.serializers import Input
from messaging.models import MarkMove
from messaging.services import Receipt, Receipts

from .fields import MAX_SEQ, ChatField

STATUS: Final = [("sent", "sent"), ("delivered", "delivered"), ("read", "read")]


class ReadSerializer(serializers.Serializer[Any]):
    read_seq = serializers.IntegerField()
    unread_count = serializers.IntegerField()


class ReadInput(Input):
    seq = IntegerField(min_value=0, max_value=MAX_SEQ, help_text="Everything up to it is read.")


class DeliveredInChatInput(Input):
    chat = ChatField()
    seq = IntegerField(min_value=0, max_value=MAX_SEQ, help_text="Everything up to it has arrived.")


class StatusInput(Input):
    status = ChoiceField(choices=MarkMove.Kind.choices)


class ReceiptSerializer(serializers.Serializer[Receipt]):
    """How far a message has come with one person. A time is null where it is not known."""

    user = serializers.UUIDField(source="user.pk")
    username = serializers.CharField(source="user.username")
    display_name = serializers.CharField(source="user.display_name")
    avatar = serializers.URLField(source="user.avatar_url", allow_null=True)
    status = serializers.ChoiceField(choices=STATUS)
    delivered_at = serializers.DateTimeField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True)


class ReceiptsSerializer(serializers.Serializer[Receipts]):
    message = serializers.UUIDField(source="message.pk")
    recipient_count = serializers.IntegerField(help_text="The others who were in the chat then, and are.")
    delivered_count = serializers.IntegerField()
    read_count = serializers.IntegerField(
        allow_null=True, help_text="Null for who hides what they have read themselves."
    )
    recipients = ReceiptSerializer(
        many=True, allow_null=True, help_text="Who; null in a chat of more than 100."
    )


class ReadInChatInput(ReadInput):
    chat = ChatField()
