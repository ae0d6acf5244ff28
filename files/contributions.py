"""What files adds to a person's numbers."""

from typing import Any, Final

from django.conf import settings
from rest_framework import serializers

from accounts.models import User
from accounts.registries import Section

from .models import File


class FileStatsSerializer(serializers.Serializer[Any]):
    bytes = serializers.IntegerField(help_text="What the person's files take.")
    quota = serializers.IntegerField(help_text="What they may take.")


def _numbers(user: User) -> dict[str, int]:
    return {"bytes": File.objects.bytes_of(user), "quota": settings.FILES_QUOTA}


STATS: Final = {"files": Section(shape=FileStatsSerializer, of=_numbers)}
