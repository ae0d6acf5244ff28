"""Drafts, in and out."""

from rest_framework import serializers

from common.api.fields import IntegerField, QueryIntegerField, StringField, UUIDField
from common.api.serializers import Input
from messaging.models import Draft, DraftCopy, Message

from .fields import ChatField

MAX_VERSION = 2**31 - 1  # what its column holds


class DraftCopySerializer(serializers.ModelSerializer[DraftCopy]):
    class Meta:
        model = DraftCopy
        fields = ["id", "text", "version", "created_at"]
        read_only_fields = fields


class DraftSerializer(serializers.ModelSerializer[Draft]):
    """Rows of `Draft.objects.shown`."""

    copies = DraftCopySerializer(many=True, read_only=True)

    class Meta:
        model = Draft
        fields = ["id", "chat", "thread", "text", "version", "copies", "updated_at"]
        read_only_fields = fields


class DraftInput(Input):
    text = StringField(max_length=Message.MAX_TEXT, allow_blank=True)
    version = IntegerField(
        min_value=0, max_value=MAX_VERSION, help_text="As you saw the draft last; 0 if you saw none."
    )
    thread = UUIDField(required=False, help_text="The message below which it is to be said.")


class DraftInChatInput(DraftInput):
    chat = ChatField()


class DraftQuery(Input):
    version = QueryIntegerField(min_value=0, max_value=MAX_VERSION)
    thread = UUIDField(required=False)
