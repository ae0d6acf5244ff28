"""Ways into a chat, in and out."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from common.api.fields import BooleanField, IntegerField, MomentField
from common.api.serializers import Input
from messaging.models import Chat, Invitation, JoinRequest

from .fields import PersonField


class NameSerializer(serializers.ModelSerializer[User]):
    """Somebody, in a line."""

    user = serializers.UUIDField(source="pk")
    avatar = serializers.URLField(source="avatar_url", allow_null=True)

    class Meta:
        model = User
        fields = ["user", "username", "display_name", "avatar"]
        read_only_fields = fields


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """As those see it who may invite."""

    user = NameSerializer(allow_null=True, read_only=True)
    created_by = NameSerializer(allow_null=True, read_only=True)
    token = serializers.SerializerMethodField()

    class Meta:
        model = Invitation
        fields = [
            "id",
            "chat",
            "user",
            "token",
            "approval",
            "max_uses",
            "uses",
            "expires_at",
            "created_by",
            "created_at",
        ]
        read_only_fields = fields

    def get_token(self, invitation: Invitation) -> str | None:
        """What makes the link. Null where it names somebody: that is theirs alone."""
        return None if invitation.user_id else invitation.token


class InvitedChatSerializer(serializers.ModelSerializer[Chat]):
    """What of a chat somebody may know who is invited."""

    class Meta:
        model = Chat
        fields = ["id", "type", "title", "description", "participant_count"]
        read_only_fields = fields


class ReceivedInvitationSerializer(serializers.ModelSerializer[Invitation]):
    """As those see it whom it lets in."""

    chat = InvitedChatSerializer(read_only=True)
    invited_by = NameSerializer(source="created_by", allow_null=True, read_only=True)

    class Meta:
        model = Invitation
        fields = ["id", "token", "chat", "invited_by", "approval", "expires_at"]
        read_only_fields = fields


class InvitationInput(Input):
    user = PersonField(required=False, help_text="For one person; for whoever has the link if left out.")
    expires_at = MomentField(required=False, help_text="At most 30 days from now; in 7 days if left out.")
    max_uses = IntegerField(
        required=False, min_value=1, max_value=Invitation.MAX_USES, help_text="How many the link lets in."
    )
    approval = BooleanField(
        required=False, help_text="Whether somebody who may invite lets in each who comes by the link."
    )


class OutcomeSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["joined", "waiting"])
    chat = serializers.UUIDField()


class JoinRequestSerializer(serializers.ModelSerializer[JoinRequest]):
    user = NameSerializer(read_only=True)

    class Meta:
        model = JoinRequest
        fields = ["user", "invitation", "created_at"]
        read_only_fields = fields
