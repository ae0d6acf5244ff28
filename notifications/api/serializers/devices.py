"""Where the caller's apps and browsers take pushes."""

import re
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import validate_timezone
from common.api.fields import BooleanField, ChoiceField, StringField
from common.api.serializers import Input
from notifications.models import PushDevice
from notifications.providers.push.webpush import is_public_key, is_secret

Provider = PushDevice.Provider
MAX_TOKEN: Final = 4096  # characters; providers promise nothing of their length
# Apple's is hexadecimal and stands in a path; Google's has no spaces.
TOKENS: Final = {Provider.APNS: r"[0-9a-fA-F]{16,400}", Provider.FCM: r"[\x21-\x7e]{16,4096}"}


class BrowserKeysInput(Input):
    p256dh = StringField(max_length=88, help_text="The browser's public key, base64url.")
    auth = StringField(max_length=24, help_text="What it shares with us, base64url.")

    def validate_p256dh(self, text: str) -> str:
        if not is_public_key(text):
            raise serializers.ValidationError(_("This is no key of a subscription."), code="key_invalid")
        return text

    def validate_auth(self, text: str) -> str:
        if not is_secret(text):
            raise serializers.ValidationError(_("This is no key of a subscription."), code="key_invalid")
        return text


class PushDeviceChangeInput(Input):
    name = StringField(required=False, max_length=80, allow_blank=True, help_text="To be told from others.")
    language = ChoiceField(
        required=False,
        choices=settings.LANGUAGES,
        allow_blank=True,
        help_text="What it is told in; the person's own language if empty.",
    )
    timezone = StringField(
        required=False,
        max_length=64,
        allow_blank=True,
        validators=[validate_timezone],
        help_text="When it is quiet there (IANA, `Asia/Amman`); the person's own time zone if empty.",
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values: dict[str, Any] = super().to_internal_value(data)
        if "timezone" in values:
            values["timezone_name"] = values.pop("timezone")
        return values


class PushDeviceInput(PushDeviceChangeInput):
    provider = ChoiceField(choices=Provider.choices, help_text="Whose token it is.")
    token = StringField(
        max_length=MAX_TOKEN,
        help_text="As the provider's SDK gives it; of `webpush` the `endpoint` of the subscription.",
    )
    keys = BrowserKeysInput(required=False, help_text="Of `webpush`: the subscription's.")
    app = StringField(
        required=False,
        max_length=155,
        help_text="Of `apns`, where there are several apps: the bundle id.",
    )
    is_sandbox = BooleanField(
        required=False, help_text="Of `apns`: whether the app is built for development."
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        provider, token = values["provider"], values["token"]
        if provider in TOKENS and not re.fullmatch(TOKENS[provider], token):
            raise _wrong("token", "token_invalid", _("This is no token of that provider."))
        keys = values.pop("keys", None)
        if (keys is None) is (provider == Provider.WEBPUSH):
            detail = _("A subscription of a browser has keys, and nothing else has.")
            raise _wrong("keys", "keys_mismatch", detail)
        for name in ("app", "is_sandbox"):
            if name in values and provider != Provider.APNS:
                raise _wrong(name, "not_of_apns", _("This is said of Apple's tokens alone."))
        if provider == Provider.APNS:
            values["token"] = token.lower()
        return {**values, **(keys or {})}


def _wrong(field: str, code: str, detail: str | Promise) -> serializers.ValidationError:
    return serializers.ValidationError({field: [serializers.ErrorDetail(str(detail), code)]})


class PushDeviceSerializer(serializers.ModelSerializer[PushDevice]):
    """Shape out: never the token."""

    class Meta:
        model = PushDevice
        fields = [
            "id",
            "provider",
            "name",
            "app",
            "is_sandbox",
            "language",
            "timezone",
            "session",
            "created_at",
            "seen_at",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "language": {"help_text": "Empty: the person's own."},
            "timezone": {"help_text": "Empty: the person's own."},
            "session": {"help_text": "It takes pushes as long as this lasts."},
            "seen_at": {"help_text": "When it last registered."},
        }


class PushKeysSerializer(serializers.Serializer[Any]):
    providers = serializers.ListField(
        child=serializers.ChoiceField(choices=Provider.choices), help_text="Whose tokens are taken here."
    )
    application_server_key = serializers.CharField(
        allow_null=True,
        help_text="For `pushManager.subscribe`: our public key, base64url (RFC 8292); null: browsers can't.",
    )
