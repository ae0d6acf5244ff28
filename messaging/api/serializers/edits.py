"""Edits and what was said before them, in and out."""

from typing import Final

from rest_framework import serializers

from common.api.fields import IntegerField
from common.api.serializers import Input
from messaging.models import Message, Revision

from .fields import OfMessageInput, SpokenField

MAX_REVISION: Final = 2**31 - 1


class EditInput(Input):
    text = SpokenField(max_length=Message.MAX_TEXT)
    revision = IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_REVISION,
        help_text="The one that you saw: if it is no longer the newest, nothing is changed.",
    )


class EditCommandInput(OfMessageInput, EditInput):
    pass


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    class Meta:
        model = Revision
        fields = ["revision", "text", "created_at"]
        read_only_fields = fields
