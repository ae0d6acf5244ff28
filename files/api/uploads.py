"""Files that come in pieces, in and out."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import BooleanField, IntegerField, StringField
from common.api.serializers import Input
from files.models import Upload


class PartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text="From 1 on.")
    size = serializers.IntegerField(help_text="Bytes, exactly.")
    url = serializers.URLField(help_text="Where to `PUT` them, for an hour.")


class UploadSerializer(serializers.ModelSerializer[Upload]):
    direct = serializers.BooleanField(source="is_direct", help_text="The bytes go straight to the bucket.")
    piece_bytes = serializers.SerializerMethodField(help_text="The most of one piece, or the size of a part.")
    parts = serializers.SerializerMethodField(help_text="Of a direct upload: those that are missing.")

    class Meta:
        model = Upload
        fields = [
            "id",
            "name",
            "purpose",
            "size",
            "offset",
            "state",
            "error",
            "file",
            "direct",
            "piece_bytes",
            "parts",
            "created_at",
            "expires_at",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "offset": {"help_text": "Bytes that have come through us."},
            "error": {"help_text": "Why the whole file was refused: a code."},
            "file": {"help_text": "The file that it became."},
        }

    def get_piece_bytes(self, upload: Upload) -> int:
        return Upload.PIECE

    def get_parts(self, upload: Upload) -> list[dict[str, Any]]:
        return PartSerializer(self.context.get("parts", []), many=True).data  # type: ignore[return-value]


class DirectUploadInput(Input):
    name = StringField(max_length=255)
    size = IntegerField(min_value=1, max_value=2**53, help_text="Bytes.")
    type = StringField(required=False, max_length=100, help_text="As you see it; the content decides.")
    purpose = StringField(required=False, max_length=32)
    direct = BooleanField(help_text="True: without it an upload is begun with the headers of tus.")

    default_error_messages = {"direct": _("Send the headers of tus, or `direct: true`.")}

    def validate_direct(self, direct: bool) -> bool:  # noqa: FBT001
        if not direct:
            self.fail("direct")
        return direct


class SentPartInput(Input):
    number = IntegerField(min_value=1, max_value=10_000)
    etag = StringField(max_length=200)


class CompleteInput(Input):
    parts = SentPartInput(
        many=True,
        required=False,
        help_text="What the bucket answered to each part. Left out: what the bucket has.",
    )
