"""Shapes of files, in and out."""

from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import QueryIntegerField, StringField
from common.api.serializers import Input
from common.sizes import characters
from files.models import File
from files.services import address_of, thumbnail_for

MAX_BATCH: Final = 10  # pictures of one request
BUBBLE: Final = 320  # pixels: the one thumbnail that is named beside the others


class FileSerializer(serializers.ModelSerializer[File]):
    """A file. With a `reader` (an id) in the context its addresses are signed for them."""

    url = serializers.SerializerMethodField()
    thumbnail = serializers.SerializerMethodField()
    thumbnails = serializers.SerializerMethodField()
    blurhash = serializers.SerializerMethodField()
    waveform = serializers.SerializerMethodField()
    uploaded_by = serializers.UUIDField(source="owner_id", read_only=True)

    class Meta:
        model = File
        fields = [
            "id",
            "name",
            "size",
            "type",
            "kind",
            "purpose",
            "scan",
            "url",
            "thumbnail",
            "thumbnails",
            "blurhash",
            "width",
            "height",
            "duration",
            "waveform",
            "playable",
            "uploaded_by",
            "created_at",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "size": {"help_text": "Bytes."},
            "duration": {"help_text": "Milliseconds."},
            "playable": {"help_text": "Browsers play it as it is; null: nobody has looked yet, or can."},
        }

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_url(self, file: File) -> str | None:
        """Its content; null as long as it is given to nobody."""
        return address_of(file, "content", reader=self._reader) if file.is_open else None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_thumbnail(self, file: File) -> str | None:
        """A small picture of it; null as long as there is none."""
        return self._thumbnail(file, thumbnail_for(file, BUBBLE)) if _is_seen(file) else None

    @extend_schema_field(serializers.DictField(child=serializers.URLField()))
    def get_thumbnails(self, file: File) -> dict[str, str]:
        """The pictures that there are of it, by the pixels of their longer side."""
        sizes = sorted(file.thumbnails) if _is_seen(file) else []
        return {str(size): self._thumbnail(file, size) for size in sizes}

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_blurhash(self, file: File) -> str | None:
        """A few characters to show in its place until it is there (https://blurha.sh)."""
        return file.blurhash or None

    @extend_schema_field(
        serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=100), allow_null=True)
    )
    def get_waveform(self, file: File) -> list[int] | None:
        """How loud it is over its length."""
        return file.waveform or None

    @property
    def _reader(self) -> UUID | None:
        return self.context.get("reader")

    def _thumbnail(self, file: File, size: int) -> str:
        return address_of(file, "thumbnail", reader=self._reader, size=size)


def _is_seen(file: File) -> bool:
    return file.is_open and bool(file.thumbnails)


class PurposeInput(Input):
    purpose = serializers.RegexField(
        r"^[a-z][a-z0-9_-]*$",
        required=False,
        max_length=characters(File, "purpose"),
        help_text="What it is for, in a word of your own such as `message`.",
    )


class UploadInput(PurposeInput):
    file = serializers.FileField(
        allow_empty_file=True,  # the service says what is wrong with it
        help_text="Its name's ending must be one of its content.",
    )


class BatchInput(PurposeInput):
    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True),
        min_length=1,
        max_length=MAX_BATCH,
        help_text="Pictures: all of them are taken, or none.",
    )


class LinkQuery(Input):
    """What a signed address says of itself. Who uses a token leaves it out."""

    exp = serializers.RegexField(r"^[0-9]{1,12}$", required=False)
    sig = StringField(required=False, max_length=100)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return super().get_fields() | {
            "for": StringField(required=False, max_length=36)  # a word of Python's
        }


class ThumbnailQuery(LinkQuery):
    size = QueryIntegerField(required=False, min_value=1, max_value=10_000, default=BUBBLE)


class FilesSerializer(serializers.Serializer[Any]):
    results = FileSerializer(many=True)
