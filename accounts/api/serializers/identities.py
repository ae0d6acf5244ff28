"""Signing in as who one is elsewhere."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import LinkedIdentity
from common.api.fields import StringField
from common.api.serializers import Input

from .fields import wrong
from .sessions import DeviceInput

TELEGRAM_LENGTH = 8192  # characters: Telegram's are some hundred
GROUPS = ({"redirect_uri"}, {"flow", "code", "state"}, {"id_token"})  # each is a call of its own


class SocialInput(DeviceInput):
    """`redirect_uri` to begin; `flow`, `code` and `state` to finish; or an app's `id_token`."""

    redirect_uri = StringField(
        required=False, max_length=500, help_text="Where the provider sends the person back to."
    )
    flow = StringField(required=False, max_length=100, help_text="As the first call gave it.")
    code = StringField(required=False, max_length=4000, help_text="From the address they came back to.")
    state = StringField(required=False, max_length=200, help_text="From the address they came back to.")
    id_token = StringField(
        required=False, max_length=8000, help_text="What the provider's own SDK gave an app."
    )
    nonce = StringField(required=False, max_length=200, help_text="What the app gave that SDK, where it did.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        named = given.keys() - {"nonce", "device_name", "device"}
        if not named:
            raise wrong(["redirect_uri"], "required", _("This field is required."))
        group = next(group for group in GROUPS if named & group)
        if more := named - group:
            raise wrong(more, "one_call_at_a_time", _("Begin, finish, or send an id token: not two at once."))
        if missing := group - named:
            raise wrong(missing, "required", _("This field is required."))
        if "nonce" in given and "id_token" not in given:
            raise wrong(["nonce"], "one_call_at_a_time", _("A nonce goes with an id token."))
        return given


class SocialBegunSerializer(serializers.Serializer[Any]):
    authorization_url = serializers.URLField(help_text="Open it in a browser.")
    flow = serializers.CharField(help_text="Keep it until the person is back, and out of addresses.")
    expires_in = serializers.IntegerField(help_text="Seconds.")


class LinkedIdentitySerializer(serializers.ModelSerializer[LinkedIdentity]):
    class Meta:
        model = LinkedIdentity
        fields = ["provider", "label", "linked_at", "used_at"]
        read_only_fields = fields


class SocialProviderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    configured = serializers.BooleanField()
    linked = LinkedIdentitySerializer(allow_null=True)


class SocialProvidersSerializer(serializers.Serializer[Any]):
    providers = SocialProviderSerializer(many=True)


class TelegramInput(DeviceInput):
    init_data = StringField(
        required=False,
        max_length=TELEGRAM_LENGTH,
        help_text="`Telegram.WebApp.initData` as it is; or in the header `Authorization: tma <initData>`.",
    )


class TelegramLinkInput(Input):
    init_data = StringField(max_length=TELEGRAM_LENGTH, help_text="`Telegram.WebApp.initData` as it is.")
