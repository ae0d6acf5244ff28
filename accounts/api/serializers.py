"""Shapes of accounts, in and out."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Session, User, validate_timezone, validate_username
from accounts.validators import MAX_PASSWORD
from common.api.fields import BooleanField, ChoiceField, EmailField, StringField
from common.api.serializers import Input


class PasswordField(StringField):
    """Checked by the rules only where one is set; up to 128 characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD, write_only=True, style={"input_type": "password"}, **kwargs)


class NewPasswordField(PasswordField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            help_text="At least 12 characters, hard to guess, not like the names and the address, none of "
            "the last five.",
            **kwargs,
        )


class RegisterInput(Input):
    email = EmailField(max_length=254)
    password = NewPasswordField()
    username = StringField(
        required=False,
        min_length=3,
        max_length=30,
        validators=[validate_username],
        help_text="Made up if left out.",
    )
    display_name = StringField(required=False, max_length=80, trim_whitespace=True)
    first_name = StringField(required=False, allow_blank=True, max_length=80)
    last_name = StringField(required=False, allow_blank=True, max_length=80)
    accept_terms = BooleanField(required=False, help_text="Taken from older clients: there are no terms yet.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        given.pop("accept_terms", None)
        return given


class RegisteredSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    verification_required = serializers.BooleanField()


class MailedInput(Input):
    """What a mail gave: `token`, or `email` and `code`."""

    token = StringField(
        required=False,
        max_length=1000,
        help_text="The last part of the link in the mail; or `email` and `code`.",
    )
    email = EmailField(required=False, max_length=254)
    code = StringField(
        required=False,
        validators=[RegexValidator(r"^[0-9]{6}\Z", _("Six digits."), code="invalid_code")],
        help_text="The six digits in the mail; ten minutes, five guesses.",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        by_code = given.keys() & {"email", "code"}
        if "token" in given and by_code:
            raise wrong(by_code, "token_or_code", _("Send a token, or an address and a code."))
        if missing := {"email", "code"} - by_code if by_code else {"token"} - given.keys():
            raise wrong(missing, "required", _("This field is required."))
        return given


class VerifyEmailInput(MailedInput):
    """An address is proved by what was mailed to it."""


class ResetPasswordInput(MailedInput):
    password = NewPasswordField()


class ChangePasswordInput(Input):
    current_password = PasswordField()
    password = NewPasswordField()


class EmailInput(Input):
    email = EmailField(max_length=254)


class LoginInput(Input):
    email = EmailField(max_length=254)
    password = PasswordField()
    device_name = StringField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="As the person will see it in their sessions.",
    )


class RefreshInput(Input):
    refresh = StringField(max_length=1000)


class LogoutInput(Input):
    refresh = StringField(
        required=False,
        max_length=1000,
        help_text="Taken for older clients: the access token names the session.",
    )


class UserSerializer(serializers.ModelSerializer[User]):
    """A person, as they see themselves."""

    email_verified = serializers.BooleanField(source="is_verified", read_only=True)
    avatar = serializers.SerializerMethodField()
    presence = serializers.SerializerMethodField()
    role = serializers.CharField(read_only=True)
    roles = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "email_verified",
            "username",
            "display_name",
            "first_name",
            "last_name",
            "avatar",
            "role",
            "roles",
            "status_text",
            "language",
            "timezone",
            "presence",
            "created_at",
        ]
        read_only_fields = fields

    def get_avatar(self, user: User) -> str | None:
        """Null: there are no pictures yet."""
        return None

    def get_presence(self, user: User) -> str | None:
        """Null: presence is not told yet."""
        return None


class ProfileInput(Input):
    username = StringField(required=False, min_length=3, max_length=30, validators=[validate_username])
    display_name = StringField(required=False, max_length=80, trim_whitespace=True)
    first_name = StringField(required=False, allow_blank=True, max_length=80)
    last_name = StringField(required=False, allow_blank=True, max_length=80)
    status_text = StringField(required=False, allow_blank=True, max_length=140)
    language = ChoiceField(required=False, choices=settings.LANGUAGES)
    timezone = StringField(required=False, max_length=64, validators=[validate_timezone])


class VerifiedSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    status = serializers.ChoiceField(choices=["verified", "already_verified"])
    user = UserSerializer()


class TokensSerializer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds that the access token lasts.")


class SignedInSerializer(TokensSerializer):
    session = serializers.UUIDField(source="session.pk")
    user = UserSerializer(source="session.user")


class SessionSerializer(serializers.ModelSerializer[Session]):
    current = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = [
            "id",
            "device_name",
            "user_agent",
            "address",
            "current",
            "last_seen_at",
            "created_at",
            "expires_at",
        ]
        read_only_fields = fields

    def get_current(self, session: Session) -> bool:
        """Whether it is the one that asks."""
        return session.pk == self.context["request"].auth.pk


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


def wrong(fields: Iterable[str], code: str, detail: str | Promise) -> serializers.ValidationError:
    """The same is wrong with each of *fields*."""
    return serializers.ValidationError(
        {field: [serializers.ErrorDetail(str(detail), code=code)] for field in sorted(fields)}
    )
