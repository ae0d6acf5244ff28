"""How far people have read, in and out."""

from typing import Any

from rest_framework import serializers

from common.api.fields import IntegerField
from common.api.serializers import Input

from .fields import MAX_SEQ, ChatField


class ReadSerializer(serializers.Serializer[Any]):
    read_seq = serializers.IntegerField()
    unread_count = serializers.IntegerField()


class ReadInput(Input):
    seq = IntegerField(min_value=0, max_value=MAX_SEQ, help_text="Everything up to it is read.")


class ReadInChatInput(ReadInput):
    chat = ChatField()
