"""Who may do what in a chat, asked and told."""

from typing import Any

from rest_framework import serializers

from common.api.fields import UUIDField
from common.api.serializers import Input
from messaging import policies
from messaging.models import Chat, Participant


class PermissionSerializer(serializers.Serializer[Any]):
    action = serializers.ChoiceField(choices=list(policies.ALLOWED))
    allowed = serializers.BooleanField()
    level = serializers.ChoiceField(
        choices=Chat.Level.choices, allow_null=True, help_text="From which role up; null: nobody may."
    )
    rule = serializers.ChoiceField(
        choices=["default", "chat"], help_text="What decides: the default, or a setting of the chat."
    )


class PermissionsSerializer(serializers.Serializer[Any]):
    user = serializers.UUIDField()
    role = serializers.ChoiceField(choices=Participant.Role.choices)
    permissions = PermissionSerializer(many=True)


class PermissionsQuery(Input):
    user = UUIDField(required=False)
