"""Chats, in and out."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import BooleanField, ChoiceField, IntegerField, StringField
from common.api.serializers import Input
from messaging.models import Chat, Participant

from .fields import PeopleField
from .messages import MessageForReaderSerializer


class ChatSettingsSerializer(serializers.Serializer[Any]):
    members_can_add = serializers.BooleanField()
    edit_window = serializers.IntegerField(
        allow_null=True, help_text="Seconds after sending in which a message may be edited; null: any time."
    )


class ChatSerializer(serializers.ModelSerializer[Chat]):
    """A chat as one person sees it: rows of `Chat.objects.for_reader`."""

    avatar = serializers.SerializerMethodField()
    settings = ChatSettingsSerializer(read_only=True)
    my_role = serializers.ChoiceField(choices=Participant.Role.choices, read_only=True)
    last_message = serializers.SerializerMethodField()
    read_seq = serializers.IntegerField(source="my_read_seq", read_only=True)
    unread_count = serializers.IntegerField(read_only=True)
    unread_mentions = serializers.IntegerField(read_only=True)
    thread_unread_count = serializers.IntegerField(read_only=True)
    muted = serializers.SerializerMethodField()
    archived = serializers.SerializerMethodField()

    class Meta:
        model = Chat
        fields = [
            "id",
            "type",
            "title",
            "description",
            "avatar",
            "settings",
            "my_role",
            "participant_count",
            "last_message",
            "last_seq",
            "read_seq",
            "unread_count",
            "unread_mentions",
            "thread_unread_count",
            "muted",
            "archived",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(MessageForReaderSerializer(allow_null=True))
    def get_last_message(self, chat: Chat) -> MessageForReaderSerializer | None:
        if chat.last_message is None:
            return None
        context = {"chat": chat, "reader": self.context["reader"]}
        return MessageForReaderSerializer(chat.last_message, context=context).data  # type: ignore[return-value]

    def get_avatar(self, chat: Chat) -> str | None:
        """Null: there are no pictures yet."""
        return None

    def get_muted(self, chat: Chat) -> bool:
        """False: chats can't be muted yet."""
        return False

    def get_archived(self, chat: Chat) -> bool:
        """False: chats can't be archived yet."""
        return False


class ChatFrameSerializer(serializers.ModelSerializer[Chat]):
    """What of a chat is the same for everyone in it."""

    settings = ChatSettingsSerializer(read_only=True)

    class Meta:
        model = Chat
        fields = ["id", "type", "title", "description", "settings", "participant_count"]
        read_only_fields = fields


class ChatSettingsInput(Input):
    members_can_add = BooleanField(
        required=False, help_text="Whether members, not only admins, may add people."
    )
    edit_window = IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=Chat.MAX_EDIT_WINDOW,
        help_text="Seconds after sending in which a message may be edited; null: any time, 0: never.",
    )


class ChatChangeInput(Input):
    title = StringField(required=False, max_length=120, trim_whitespace=True)
    description = StringField(required=False, allow_blank=True, max_length=1000)
    settings = ChatSettingsInput(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        return given | given.pop("settings", {})


class ChatInput(ChatChangeInput):
    type = ChoiceField(choices=Chat.Type.choices)
    participants = PeopleField(required=False, help_text="Ids of the others; of a private chat exactly one.")
