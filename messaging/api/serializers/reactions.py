"""Reactions, in and out."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import StringField
from common.api.serializers import Input
from messaging.emojis import one_emoji
from messaging.models import Reaction, ReactionCount

from .fields import OfMessageInput


class EmojiField(StringField):
    default_error_messages = {"not_an_emoji": _("This is not one emoji.")}

    def to_internal_value(self, data: Any) -> str:
        if (emoji := one_emoji(super().to_internal_value(data))) is None:
            self.fail("not_an_emoji")
        return emoji


class ReactionInput(Input):
    emoji = EmojiField()


class ReactionCommandInput(OfMessageInput, ReactionInput):
    pass


class ReactionsQuery(Input):
    emoji = EmojiField(required=False)
    cursor = StringField(required=False)
    page_size = StringField(required=False)


class CountSerializer(serializers.Serializer[Any]):
    emoji = serializers.CharField()
    count = serializers.IntegerField()


class CountForReaderSerializer(CountSerializer):
    mine = serializers.BooleanField()
    id = serializers.UUIDField(allow_null=True, help_text="The reader's own reaction.")


class ReactionSerializer(serializers.ModelSerializer[Reaction]):
    username = serializers.CharField(source="user.username", read_only=True)
    display_name = serializers.CharField(source="user.display_name", read_only=True)
    avatar = serializers.URLField(source="user.avatar_url", read_only=True, allow_null=True)

    class Meta:
        model = Reaction
        fields = ["id", "emoji", "user", "username", "display_name", "avatar", "created_at"]
        read_only_fields = fields


def counts_of(counts: Iterable[ReactionCount]) -> list[dict[str, Any]]:
    """As everybody sees them, in the order of first use."""
    return [{"emoji": each.emoji, "count": each.count} for each in counts]


def counts_for_reader(counts: Iterable[ReactionCount], mine: Iterable[Reaction]) -> list[dict[str, Any]]:
    """The same with what is the reader's own."""
    ids = {each.emoji: each.pk for each in mine}
    return [each | {"mine": each["emoji"] in ids, "id": ids.get(each["emoji"])} for each in counts_of(counts)]
