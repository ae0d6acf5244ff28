"""What is looked for, and what is found."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import ChoiceField, QueryIntegerField, StringField, UUIDField
from common.api.serializers import Input
from messaging.models import Message
from messaging.search import excerpt_of

from .fields import ChatField
from .messages import MessageForReaderSerializer

MAX_QUERY: Final = 200  # characters
ORDERINGS: Final = [("relevance", _("relevance")), ("newest", _("newest")), ("oldest", _("oldest"))]


class SearchQuery(Input):
    q = StringField(max_length=MAX_QUERY)


class MessagesInChatQuery(SearchQuery):
    author = UUIDField(required=False)
    kind = ChoiceField(choices=Message.Kind.choices, required=False)
    has_file = ChoiceField(choices=[("true", _("yes")), ("false", _("no"))], required=False)
    to = serializers.DateTimeField(required=False)
    ordering = ChoiceField(choices=ORDERINGS, required=False)
    cursor = StringField(required=False, max_length=100)
    page_size = QueryIntegerField(required=False, min_value=1, max_value=200)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return super().get_fields() | {
            "from": serializers.DateTimeField(required=False)
        }  # a word of Python's


class MessagesQuery(MessagesInChatQuery):
    chat = ChatField(required=False)


class RangeSerializer(serializers.Serializer[Any]):
    start = serializers.IntegerField()
    end = serializers.IntegerField()


class SnippetSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="Some of the message around the first match: plain text.")
    highlights = RangeSerializer(
        many=True, help_text="Where in it the matches are, in characters (Unicode code points)."
    )


class FoundMessageSerializer(MessageForReaderSerializer):
    """A message with the part of it that matched."""

    snippet = serializers.SerializerMethodField()

    class Meta(MessageForReaderSerializer.Meta):
        fields = [*MessageForReaderSerializer.Meta.fields, "snippet"]
        read_only_fields = fields

    @extend_schema_field(SnippetSerializer)
    def get_snippet(self, message: Message) -> dict[str, Any]:
        excerpt = excerpt_of(message.text, self.context["query"])
        return {
            "text": excerpt.text,
            "highlights": [{"start": start, "end": end} for start, end in excerpt.ranges],
        }


class FoundMessagesSerializer(serializers.Serializer[Any]):
    results = FoundMessageSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class SuggestionSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="`person`, `chat`, `word`, and what later rooms add.")
    id = serializers.UUIDField(allow_null=True)
    text = serializers.CharField()
    detail = serializers.CharField(help_text="What tells it from another of the same name.")


class SuggestionsSerializer(serializers.Serializer[Any]):
    results = SuggestionSerializer(many=True)
