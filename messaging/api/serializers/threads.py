"""Threads, in and out."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import UUIDField
from messaging.models import Message

from .fields import OfChatInput
from .marks import ReadInput
from .messages import MessageForReaderSerializer


class ThreadSerializer(serializers.Serializer[Any]):
    """A thread as one person sees it: a row of `Message.objects.threads_for`."""

    root = serializers.SerializerMethodField()  # type: ignore[assignment]  # what a field calls its outermost
    following = serializers.BooleanField(source="is_followed")
    read_seq = serializers.IntegerField(source="thread_read_seq")
    unread_count = serializers.IntegerField(source="thread_unread_count")

    def get_root(self, root: Any) -> MessageForReaderSerializer:
        return MessageForReaderSerializer(root, context=self.context).data  # type: ignore[return-value]


class ThreadPageSerializer(ThreadSerializer):
    results = MessageForReaderSerializer(many=True)
    has_before = serializers.BooleanField()
    has_after = serializers.BooleanField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ThreadMarkSerializer(serializers.Serializer[Any]):
    following = serializers.BooleanField(source="is_followed")
    read_seq = serializers.IntegerField(source="thread_read_seq")
    unread_count = serializers.IntegerField(source="thread_unread_count")


class ThreadField(UUIDField):
    """A message of the main line of a chat that the caller is in; any other reads as unknown."""

    default_error_messages = {"unknown_message": _("There is no such message.")}

    def to_internal_value(self, data: Any) -> Message:  # type: ignore[override]  # an id in, a message out
        pk = super().to_internal_value(data)
        roots = Message.objects.main_line().filter(chat__in=self.context["chats"])
        if (root := roots.filter(pk=pk).first()) is None:
            self.fail("unknown_message")
        return root


class ReadThreadInput(OfChatInput, ReadInput):
    named = "thread"

    thread = ThreadField()
