"""Second factors: what is shown of them, and how they are shown."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Passkey
from accounts.services.factors import METHODS, PASSKEY
from common.api.fields import ChoiceField, StringField
from common.api.serializers import Input

from .fields import PasswordField, wrong
from .sessions import DeviceInput, device_field

REQUIRED: Final = _("This field is required.")

# Names of WebAuthn's own JSON. The camelCase door has renamed them, so they are read however they are spelt.
OF_A_CREDENTIAL: Final = {name.lower(): name for name in ("id", "rawId", "type", "response")}
OF_A_RESPONSE: Final = {
    name.lower(): name
    for name in (
        "clientDataJSON",
        "attestationObject",
        "transports",
        "authenticatorData",
        "signature",
        "userHandle",
    )
}


@extend_schema_field(
    {
        "type": "object",
        "description": "What `toJSON()` of the browser's credential gives, as it is.",
        "required": ["id", "rawId", "type", "response"],
        "properties": {
            "id": {"type": "string"},
            "rawId": {"type": "string"},
            "type": {"type": "string", "const": "public-key"},
            "response": {"type": "object"},
        },
    }
)
class CredentialField(serializers.Field[Any, Any, Any, Any]):
    """`RegistrationResponseJSON` or `AuthenticationResponseJSON` of WebAuthn level 3.

    What else is in it is left out: browsers add to it.
    """

    default_error_messages = {"invalid": _("Must be a credential, as the browser gives it.")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        credential = _spelt(data, OF_A_CREDENTIAL)
        response = _spelt(credential.get("response"), OF_A_RESPONSE)
        if set(credential) != set(OF_A_CREDENTIAL.values()) or "clientDataJSON" not in response:
            self.fail("invalid")
        return credential | {"response": response}


def _spelt(data: Any, names: dict[str, str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        return {}
    spelt = {names.get(name.replace("_", "").lower()): value for name, value in data.items()}
    return {name: value for name, value in spelt.items() if name}


@extend_schema_field(
    {
        "description": "Six digits, a recovery code, or with `passkey` the credential of the browser.",
        "oneOf": [{"type": "string", "maxLength": 64}, {"type": "object"}],
    }
)
class FactorCodeField(serializers.Field[Any, Any, Any, Any]):
    """What shows a second factor: text, or a credential."""

    default_error_messages = {"invalid": _("Must be a code, or a credential.")}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            return CredentialField().run_validation(data)
        if not isinstance(data, str) or not 0 < len(data) <= 64:
            self.fail("invalid")
        return data


class FactorInput(Input):
    """A second factor: `method` and its `code`."""

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        method, code = given.get("method"), given.get("code")
        if code is not None and method is None:
            raise wrong(["method"], "required", REQUIRED)
        if code is None and method not in (None, PASSKEY):
            raise wrong(["code"], "required", REQUIRED)
        if code is not None and (method == PASSKEY) != isinstance(code, dict):
            raise wrong(["code"], "invalid", FactorCodeField.default_error_messages["invalid"])
        return given


class ChallengeInput(FactorInput):
    device = device_field()
    challenge = StringField(max_length=100, help_text="Of `POST auth/login`.")
    method = ChoiceField(choices=METHODS)
    code = FactorCodeField(required=False, help_text="Left out with `passkey`: then its options are given.")


class StepUpInput(FactorInput):
    password = PasswordField(required=False)
    method = ChoiceField(choices=METHODS, required=False)
    code = FactorCodeField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        given = super().validate(given)
        if "method" in given and "code" not in given:
            raise wrong(["code"], "required", REQUIRED)
        return given


class TotpInput(Input):
    code = StringField(max_length=16, help_text="The six digits that the app shows now.")


class PasskeyInput(Input):
    credential = CredentialField(required=False)
    name = StringField(
        required=False, max_length=80, trim_whitespace=True, help_text="For its owner, to tell it by."
    )


class PasskeyNameInput(Input):
    name = StringField(max_length=80, trim_whitespace=True)


class PasskeyLoginInput(DeviceInput):
    credential = CredentialField(required=False)


class PasskeySerializer(serializers.ModelSerializer[Passkey]):
    synchronised = serializers.BooleanField(
        source="backup_eligible", read_only=True, help_text="Whether it may live on several devices."
    )

    class Meta:
        model = Passkey
        fields = ["id", "name", "synchronised", "backed_up", "created_at", "last_used_at"]
        read_only_fields = fields


class MfaSerializer(serializers.Serializer[Any]):
    totp = serializers.BooleanField(help_text="An authenticator app is on.")
    recovery_codes = serializers.IntegerField(help_text="How many are left.")
    passkeys = PasskeySerializer(many=True)
    methods = serializers.ListField(
        child=serializers.ChoiceField(choices=METHODS),
        help_text="What a second factor is shown by; empty: a password is enough.",
    )
    required = serializers.BooleanField(  # type: ignore[assignment] # a field of it, not Field.required
        help_text="The caller may not do without."
    )


class TotpSetupSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="To be typed where no QR code can be read.")
    otpauth_url = serializers.CharField()
    qr_svg = serializers.CharField(help_text="The same as a picture: an `<svg>` element.")


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(child=serializers.CharField(), help_text="Told this once.")


class NewRecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="Ten, told this once; null where some from before are left.",
    )


class PasskeyOptionsSerializer(serializers.Serializer[Any]):
    public_key = serializers.DictField(
        help_text="Options of WebAuthn as JSON, for `parseCreationOptionsFromJSON` or "
        "`parseRequestOptionsFromJSON` of the browser. Within five minutes."
    )


class PasskeyAddedSerializer(NewRecoveryCodesSerializer):
    passkey = PasskeySerializer()


class SecondFactorAskedSerializer(serializers.Serializer[Any]):
    mfa_required = serializers.BooleanField(help_text="True: finish with `POST auth/mfa/challenge`.")
    challenge = serializers.CharField()
    methods = serializers.ListField(child=serializers.ChoiceField(choices=METHODS))
    expires_in = serializers.IntegerField(help_text="Seconds.")


class StepUpNeedsSerializer(serializers.Serializer[Any]):
    password = serializers.BooleanField(help_text="The password is asked for, but beside a passkey.")
    methods = serializers.ListField(
        child=serializers.ChoiceField(choices=METHODS),
        help_text="Where there are any, one of them is asked for.",
    )
    public_key = serializers.DictField(
        allow_null=True, help_text="Options for a passkey, as JSON; null where there is none."
    )


class SteppedUpSerializer(serializers.Serializer[Any]):
    proved_at = serializers.DateTimeField()
    expires_in = serializers.IntegerField(help_text="Seconds that it counts.")
