"""Keys of services."""

from datetime import timedelta

from rest_framework import serializers

from accounts.models import ApiKey
from accounts.services.api_keys import LONGEST_OVERLAP, OVERLAP
from common.api.fields import StringField
from common.api.serializers import Input


class ApiKeyInput(Input):
    name = StringField(
        max_length=80, trim_whitespace=True, help_text="What it is for, as the owner knows it."
    )
    scopes = serializers.ListField(
        child=StringField(max_length=64),
        min_length=1,
        max_length=100,
        help_text="`<area>:read` or `<area>:write`; writing includes reading.",
    )
    expires_at = serializers.DateTimeField(
        required=False, help_text="A year from now if left out, two years at most."
    )


class RotationInput(Input):
    overlap = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=int(LONGEST_OVERLAP.total_seconds()),
        default=int(OVERLAP.total_seconds()),
        help_text="Seconds for which the older secret goes on working.",
    )

    def validate_overlap(self, seconds: int) -> timedelta:
        return timedelta(seconds=seconds)


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "prefix",
            "scopes",
            "created_at",
            "expires_at",
            "rotated_at",
            "previous_until",
            "last_used_at",
            "last_used_address",
        ]
        read_only_fields = fields


class ShownApiKeySerializer(ApiKeySerializer):
    """With what is shown once."""

    key = serializers.CharField(help_text="Send it as `Authorization: Api-Key <key>`. It is not shown again.")

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]
        read_only_fields = fields
