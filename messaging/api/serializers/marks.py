"""How far what is said has come with people, in and out."""

from typing import Any, Final

from rest_framework import serializers

from common.api.fields import ChoiceField, IntegerField, QueryIntegerField
from common.api.serializers import Input, ReadStraight
from messaging.models import MarkMove
from messaging.services import Badge, Receipt, Receipts
from messaging.services.unread import BADGES

from .fields import MAX_SEQ, ChatField

STATUS: Final = [("sent", "sent"), ("delivered", "delivered"), ("read", "read")]


class ReadSerializer(serializers.Serializer[Any]):
    read_seq = serializers.IntegerField()
    unread_count = serializers.IntegerField()


class ChatPlaceSerializer(ReadStraight):
    """Where a person stands in a chat of theirs: a row of `Chat.objects.counted`."""

    seq = serializers.IntegerField(source="last_seq", help_text="Its newest position.")
    read_seq = serializers.IntegerField(source="my_read_seq")
    unread_count = serializers.IntegerField()
    unread_mentions = serializers.IntegerField()
    thread_unread_count = serializers.IntegerField()


class CheckedChatPlaceSerializer(ChatPlaceSerializer):
    checksum = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="If it was asked for: the SHA-256 over what the caller sees of the chat, as the guide to "
        "the socket has it. Null where something happened in the same moment: ask again.",
    )


class BadgeSerializer(serializers.Serializer[Badge]):
    """The messages behind a badge."""

    ids = serializers.ListField(
        child=serializers.UUIDField(), help_text="In the order of `seq`, at most 1,000."
    )
    more = serializers.SerializerMethodField(help_text="Whether there are more.")
    next = serializers.IntegerField(allow_null=True, help_text="Then the `after` of the next request.")

    def get_more(self, badge: Badge) -> bool:
        return badge.next is not None


class ExplanationSerializer(serializers.Serializer[Any]):
    """Each badge by the name of its count."""

    def get_fields(self) -> dict[str, Any]:
        return {name: BadgeSerializer() for name in BADGES}


class UnreadSerializer(serializers.Serializer[Any]):
    read_seq = serializers.IntegerField()
    unread_count = serializers.IntegerField(source="badges.unread_count.count")
    unread_mentions = serializers.IntegerField(source="badges.unread_mentions.count")
    thread_unread_count = serializers.IntegerField(source="badges.thread_unread_count.count")
    explanation = ExplanationSerializer(
        source="badges", required=False, help_text="If it was asked for: the messages behind each badge."
    )

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if not self.context.get("explain", True):
            del fields["explanation"]
        return fields


class UnreadQuery(Input):
    explain = ChoiceField(choices=[("0", "0"), ("1", "1")], required=False)
    after = QueryIntegerField(required=False, min_value=0, max_value=MAX_SEQ)


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
