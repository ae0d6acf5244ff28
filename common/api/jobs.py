"""How a job is told."""

from rest_framework import serializers

from common.models import Job


class JobSerializer(serializers.ModelSerializer[Job]):
    state = serializers.ChoiceField(choices=Job.State.choices, read_only=True)
    error = serializers.SerializerMethodField(help_text="Why it failed: a code.")

    class Meta:
        model = Job
        fields = ["id", "kind", "state", "progress", "error", "created_at", "ended_at", "expires_at"]
        read_only_fields = fields

    def get_error(self, job: Job) -> str | None:
        return job.error or None
