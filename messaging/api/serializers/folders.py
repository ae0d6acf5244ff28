"""How people sort their chats, in and out."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from common.api.fields import IntegerField, StringField
from common.api.serializers import Input
from messaging.models import Folder

from .fields import ChatsField


class FolderSerializer(serializers.ModelSerializer[Folder]):
    """Rows of `Folder.objects.listed`."""

    chats = serializers.SerializerMethodField()

    class Meta:
        model = Folder
        fields = ["id", "title", "position", "chats"]
        read_only_fields = fields

    def get_chats(self, folder: Any) -> list[UUID]:
        """Their ids, in the order in which they stand in it."""
        return [place.chat_id for place in folder.shown]


class FolderChangeInput(Input):
    title = StringField(required=False, max_length=60, trim_whitespace=True)
    position = IntegerField(
        required=False, min_value=1, max_value=1000, help_text="Its place among the folders."
    )
    chats = ChatsField(
        required=False, max_length=Folder.MAX_CHATS, help_text="All that are to be in it, in their order."
    )


class FolderInput(FolderChangeInput):
    title = StringField(max_length=60, trim_whitespace=True)
