"""Signing in, staying in, signing out."""

from typing import Any

from rest_framework import serializers

from accounts.models import Session
from common.api.fields import BooleanField, EmailField, StringField
from common.api.serializers import Input

from .fields import PasswordField
from .profile import UserSerializer


def device_field() -> StringField:
    return StringField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="What the last sign-in on this device gave. Keep it, also when signing out.",
    )


class DeviceInput(Input):
    """What each way of signing in takes about the device."""

    device_name = StringField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="As the person will see it in their sessions.",
    )
    device = device_field()


class LoginInput(DeviceInput):
    email = EmailField(max_length=254)
    password = PasswordField()


class RefreshInput(Input):
    refresh = StringField(max_length=1000)


class LogoutInput(Input):
    refresh = StringField(
        required=False,
        max_length=1000,
        help_text="Taken for older clients: the access token names the session.",
    )


class LogoutAllInput(LogoutInput):
    keep_current = BooleanField(required=False, default=False, help_text="Let this session go on.")


class TokensSerializer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds that the access token lasts.")


class SignedInSerializer(TokensSerializer):
    device = serializers.CharField(
        help_text="Keep it on the device and send it with the next sign-in: where it is known, strangers' "
        "failures delay nobody, and no mail tells of a new device. It signs nobody in."
    )
    session = serializers.UUIDField(source="session.pk")
    user = UserSerializer(source="session.user")


class SessionSerializer(serializers.ModelSerializer[Session]):
    place = serializers.SerializerMethodField(
        help_text="Roughly where, by the address: city and country. Null if that is not known."
    )
    current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = [
            "id",
            "device_name",
            "user_agent",
            "address",
            "place",
            "current",
            "last_seen_at",
            "created_at",
            "expires_at",
        ]
        read_only_fields = fields

    def get_place(self, session: Session) -> str | None:
        return str(session.place) if session.place else None

    def get_current(self, session: Session) -> bool:
        """Whether it is the one that asks."""
        return session.pk == self.context["request"].auth.pk


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
