"""Chats, in and out."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import BooleanField, ChoiceField, IntegerField, StringField
from common.api.serializers import Input
from messaging import policies
from messaging.models import Chat, Participant

from .fields import PeopleField
from .messages import MessageForReaderSerializer
from .preferences import STATES, end_of_silence, state_of


class ChatAvatarsSerializer(serializers.Serializer[Any]):
    """Addresses of a square WebP by its width in pixels. Another picture has other addresses."""

    def get_fields(self) -> dict[str, Any]:
        return {str(size): serializers.URLField() for size in Chat.AVATAR_SIZES}


class ChatSettingsSerializer(serializers.Serializer[Chat]):
    """What a chat has settled for itself."""

    members_can_add = serializers.SerializerMethodField()
    send = serializers.SerializerMethodField()
    permissions = serializers.SerializerMethodField()
    edit_window = serializers.IntegerField(
        allow_null=True, help_text="Seconds after sending in which a message may be edited; null: any time."
    )
    no_forward = serializers.BooleanField()

    def get_members_can_add(self, chat: Chat) -> bool:
        """Whether members, not only admins, may add people."""
        return policies.is_for_everyone("participant.add", chat)

    @extend_schema_field(serializers.ChoiceField(choices=Chat.Level.choices))
    def get_send(self, chat: Chat) -> str | None:
        """Who may send: of a channel, or a group that is read-only, `admins`."""
        return policies.level_of("message.send", chat)

    @extend_schema_field(serializers.DictField(child=serializers.ChoiceField(choices=Chat.Level.choices)))
    def get_permissions(self, chat: Chat) -> dict[str, str]:
        """From which role up, by action, where that is not as in other chats of its type."""
        return chat.permissions


class ChatSerializer(serializers.ModelSerializer[Chat]):
    """A chat as one person sees it: rows of `Chat.objects.for_reader`."""

    avatar = serializers.URLField(
        source="avatar_url", read_only=True, allow_null=True, help_text="256 pixels wide."
    )
    avatars = ChatAvatarsSerializer(allow_null=True, read_only=True)
    settings = ChatSettingsSerializer(source="*", read_only=True)
    my_role = serializers.ChoiceField(choices=Participant.Role.choices, read_only=True)
    last_message = serializers.SerializerMethodField()
    read_seq = serializers.IntegerField(source="my_read_seq", read_only=True)
    unread_count = serializers.IntegerField(read_only=True)
    unread_mentions = serializers.IntegerField(read_only=True)
    thread_unread_count = serializers.IntegerField(read_only=True)
    state = serializers.SerializerMethodField()
    added_by = serializers.UUIDField(
        source="my_added_by", read_only=True, allow_null=True, help_text="Who brought the caller in."
    )
    muted = serializers.BooleanField(source="is_muted", read_only=True)
    muted_until = serializers.SerializerMethodField()
    archived = serializers.BooleanField(source="is_archived", read_only=True)
    marked_unread = serializers.BooleanField(read_only=True)
    favourite = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = Chat
        fields = [
            "id",
            "type",
            "title",
            "description",
            "avatar",
            "avatars",
            "settings",
            "my_role",
            "participant_count",
            "last_message",
            "last_seq",
            "read_seq",
            "unread_count",
            "unread_mentions",
            "thread_unread_count",
            "state",
            "added_by",
            "muted",
            "muted_until",
            "archived",
            "marked_unread",
            "favourite",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(MessageForReaderSerializer(allow_null=True))
    def get_last_message(self, chat: Chat) -> MessageForReaderSerializer | None:
        message = chat.last_for_reader
        if message is None:
            return None
        context = {"chat": chat, "reader": self.context["reader"]}
        return MessageForReaderSerializer(message, context=context).data  # type: ignore[return-value]

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, chat: Chat) -> str:
        """`request`: a stranger opened it, or brought the caller in, and it was not accepted yet."""
        return state_of(chat)

    def get_muted_until(self, chat: Any) -> datetime | None:
        """Null where it is not muted, or for good."""
        return end_of_silence(chat)


class ChatFrameSerializer(serializers.ModelSerializer[Chat]):
    """What of a chat is the same for everyone in it."""

    avatar = serializers.URLField(source="avatar_url", read_only=True, allow_null=True)
    avatars = ChatAvatarsSerializer(allow_null=True, read_only=True)
    settings = ChatSettingsSerializer(source="*", read_only=True)

    class Meta:
        model = Chat
        fields = [
            "id",
            "type",
            "title",
            "description",
            "avatar",
            "avatars",
            "settings",
            "participant_count",
        ]
        read_only_fields = fields


class PermissionsField(serializers.DictField):
    """A level by action; null gives the action back to the default."""

    default_error_messages = {"unknown_action": _("There is no such action that a chat decides.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=ChoiceField(choices=Chat.Level.choices, allow_null=True), **kwargs)

    def to_internal_value(self, data: Any) -> dict[Any, Any]:
        if isinstance(data, dict) and (unknown := [key for key in data if key not in policies.SETTABLE]):
            detail = str(self.error_messages["unknown_action"])
            raise serializers.ValidationError(
                {key: [serializers.ErrorDetail(detail, code="unknown_action")] for key in unknown}
            )
        return super().to_internal_value(data)


class ChatSettingsInput(Input):
    members_can_add = BooleanField(
        required=False, help_text="Whether members, not only admins, may add people."
    )
    send = ChoiceField(
        choices=Chat.Level.choices,
        required=False,
        help_text="Who may send: `admins` makes a group read-only.",
    )
    permissions = PermissionsField(
        required=False, help_text="From which role up, by action; null as in other chats. The rest stays."
    )
    edit_window = IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=Chat.MAX_EDIT_WINDOW,
        help_text="Seconds after sending in which a message may be edited; null: any time, 0: never.",
    )
    no_forward = BooleanField(required=False, help_text="Whether nothing said there is to be forwarded.")


class ChatChangeInput(Input):
    title = StringField(required=False, max_length=120, trim_whitespace=True)
    description = StringField(required=False, allow_blank=True, max_length=1000)
    settings = ChatSettingsInput(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        return given | given.pop("settings", {})


class ChatInput(ChatChangeInput):
    type = ChoiceField(choices=Chat.Type.choices)
    participants = PeopleField(required=False, help_text="Ids of the others; of a private chat exactly one.")
