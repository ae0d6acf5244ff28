"""What is held about somebody, and being forgotten."""

from rest_framework import serializers

from accounts.models import Erasure
from accounts.services import make_export_link
from common.api.fields import StringField
from common.api.jobs import JobSerializer
from common.api.serializers import Input
from common.models import Job

from .fields import PasswordField


class ExportSerializer(JobSerializer):
    bytes = serializers.IntegerField(source="result.bytes", default=None, allow_null=True, read_only=True)
    sha256 = serializers.CharField(source="result.sha256", default=None, allow_null=True, read_only=True)
    download = serializers.SerializerMethodField(
        help_text="Opens the archive, for whoever has it, within ten minutes. Null where there is none."
    )

    class Meta(JobSerializer.Meta):
        fields = [*JobSerializer.Meta.fields, "bytes", "sha256", "download"]
        read_only_fields = fields

    def get_download(self, job: Job) -> str | None:
        return make_export_link(job=job)


class DownloadQuery(Input):
    token = StringField(required=False, max_length=200)


class ErasureInput(Input):
    password = PasswordField(
        required=False, help_text="The present one. Who has none has signed in within ten minutes."
    )


class ErasureSerializer(serializers.ModelSerializer[Erasure]):
    state = serializers.ChoiceField(choices=["waiting", "running"], read_only=True)

    class Meta:
        model = Erasure
        fields = ["id", "state", "requested_at", "due_at"]
        read_only_fields = fields
