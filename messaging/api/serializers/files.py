"""Files in chats, in and out."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import StringField, UUIDField
from common.api.serializers import Input
from files.api.serializers import FileSerializer
from messaging.models import Message, MessageFile


class FilesField(serializers.ListField):
    """Ids of files that the sender has uploaded, each once."""

    default_error_messages = {"named_twice": _("A file is named twice.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=UUIDField(), max_length=MessageFile.LIMIT, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list) and len(data) > MessageFile.LIMIT:  # before each is read
            self.fail("max_length", max_length=MessageFile.LIMIT)
        files = super().to_internal_value(data)
        if len(set(files)) < len(files):
            self.fail("named_twice")
        return files


class ChatFileSerializer(FileSerializer):
    """A file as it was sent in a chat: of rows of `MessageFile`."""

    message = serializers.UUIDField(source="sent.message_id", read_only=True)
    seq = serializers.IntegerField(source="sent.message.seq", read_only=True)
    sent_by = serializers.UUIDField(source="sent.message.author_id", read_only=True, allow_null=True)
    sent_at = serializers.DateTimeField(source="sent.message.created_at", read_only=True)

    class Meta(FileSerializer.Meta):
        fields = [*FileSerializer.Meta.fields, "message", "seq", "sent_by", "sent_at"]
        read_only_fields = fields

    def to_representation(self, row: Any) -> Any:
        row.file.sent = row
        return super().to_representation(row.file)


class ChatFileInput(Input):
    file = serializers.FileField(
        allow_empty_file=True,  # the service says what is wrong with it
        help_text="Its name's ending must be one of its content.",
    )
    text = StringField(
        required=False, allow_blank=True, max_length=Message.MAX_TEXT, help_text="To be read beside it."
    )
