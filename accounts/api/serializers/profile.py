"""The person themselves."""

from datetime import datetime
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Role, User, validate_timezone, validate_username
from common.api.fields import ChoiceField, MomentField, StringField
from common.api.serializers import Input

from .presence import AboutPeople, PeopleList, shown_as_presence


class AvatarsSerializer(serializers.Serializer[Any]):
    """Addresses of a square WebP by its width in pixels. Another picture has other addresses."""

    def get_fields(self) -> dict[str, Any]:
        return {str(size): serializers.URLField() for size in User.AVATAR_SIZES}


class PersonSerializer(AboutPeople[User]):
    """What everybody sees of a person."""

    avatar = serializers.URLField(
        source="avatar_url", read_only=True, allow_null=True, help_text="256 pixels wide."
    )
    avatars = AvatarsSerializer(allow_null=True, read_only=True)
    status_text = serializers.SerializerMethodField()
    status_expires_at = serializers.SerializerMethodField()
    presence = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "display_name",
            "avatar",
            "avatars",
            "status_text",
            "status_expires_at",
            "presence",
            "created_at",
        ]
        read_only_fields = fields
        list_serializer_class = PeopleList

    @staticmethod
    def person_of(row: User) -> User:
        return row

    def get_status_text(self, user: User) -> str:
        """Empty once it is over."""
        return user.status[0]

    def get_status_expires_at(self, user: User) -> datetime | None:
        """Null: it has no end."""
        return user.status[1]

    @shown_as_presence
    def get_presence(self, user: User) -> str | None:
        """`invisible` of oneself alone. Null: not told here."""
        return self.seen(user).presence


class UserSerializer(PersonSerializer):
    """A person, as they see themselves."""

    email = serializers.SerializerMethodField()
    email_verified = serializers.SerializerMethodField()
    roles = serializers.ListField(
        child=serializers.ChoiceField(choices=Role.choices),
        read_only=True,
        help_text="Those that the person holds; they act as `role`.",
    )

    class Meta(PersonSerializer.Meta):
        fields = [
            "id",
            "email",
            "email_verified",
            "username",
            "display_name",
            "first_name",
            "last_name",
            "avatar",
            "avatars",
            "role",
            "roles",
            "status_text",
            "status_expires_at",
            "language",
            "timezone",
            "presence",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.EmailField(allow_null=True))
    def get_email(self, user: User) -> str | None:
        """Null: Telegram tells none."""
        return user.email if user.has_mailbox else None

    def get_email_verified(self, user: User) -> bool:
        return user.is_verified and user.has_mailbox


class ProfileInput(Input):
    username = StringField(required=False, min_length=3, max_length=30, validators=[validate_username])
    display_name = StringField(required=False, max_length=80, trim_whitespace=True)
    first_name = StringField(required=False, allow_blank=True, max_length=80)
    last_name = StringField(required=False, allow_blank=True, max_length=80)
    status_text = StringField(required=False, allow_blank=True, max_length=140)
    status_expires_at = MomentField(
        required=False,
        allow_null=True,
        help_text="When the status is over, within 366 days; null: never. A new status has none by itself.",
    )
    language = ChoiceField(required=False, choices=settings.LANGUAGES)
    timezone = StringField(required=False, max_length=64, validators=[validate_timezone])


class AvatarInput(Input):
    file = serializers.FileField(
        allow_empty_file=True,  # the service says what is wrong with it
        help_text="A JPEG, PNG, WebP or GIF picture, up to 5 MiB. Its middle is shown.",
    )
