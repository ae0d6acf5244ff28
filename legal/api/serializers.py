"""Shapes of legal, in and out."""

from typing import Any

from rest_framework import serializers

from common.api.fields import BooleanField, ChoiceField, StringField
from common.api.serializers import Input
from legal.models import Acceptance, Document, Text
from legal.purposes import purposes
from legal.rendering import to_html


class DocumentSerializer(serializers.ModelSerializer[Text]):
    """A version of a document in one language, without its text. Read with `with_version`."""

    kind = serializers.ChoiceField(source="version.kind", choices=Document.Kind.choices, read_only=True)
    version = serializers.CharField(source="version.label", read_only=True)
    published_at = serializers.DateTimeField(read_only=True)
    requires_acceptance = serializers.BooleanField(source="version.requires_acceptance", read_only=True)
    is_current = serializers.BooleanField(
        read_only=True, help_text="In force; else another version took its place."
    )

    class Meta:
        model = Text
        fields = [
            "id",
            "kind",
            "version",
            "locale",
            "title",
            "published_at",
            "requires_acceptance",
            "is_current",
        ]
        read_only_fields = fields


class WholeDocumentSerializer(DocumentSerializer):
    """The same with its text: as it was written, and as a page shows it."""

    body = serializers.CharField(read_only=True, help_text="Markdown.")
    body_html = serializers.SerializerMethodField(help_text="The same as HTML, safe to show as it is.")

    class Meta(DocumentSerializer.Meta):
        fields = [*DocumentSerializer.Meta.fields, "body", "body_html"]
        read_only_fields = fields

    def get_body_html(self, text: Text) -> str:
        return to_html(text.body)


class AcceptInput(Input):
    version = StringField(max_length=32, help_text="As the document and the refusal name it.")
    kind = ChoiceField(
        choices=Document.Kind.choices,
        default=Document.Kind.TERMS.value,
        help_text="Of which document; the terms if left out.",
    )


class AcceptedSerializer(serializers.ModelSerializer[Acceptance]):
    kind = serializers.ChoiceField(source="version.kind", choices=Document.Kind.choices, read_only=True)
    version = serializers.CharField(source="version.label", read_only=True)

    class Meta:
        model = Acceptance
        fields = ["kind", "version", "accepted_at"]
        read_only_fields = fields


class AcceptanceSerializer(AcceptedSerializer):
    class Meta(AcceptedSerializer.Meta):
        fields = ["id", *AcceptedSerializer.Meta.fields, "locale"]
        read_only_fields = fields


class ConsentSerializer(serializers.Serializer[Any]):
    purpose = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField(help_text="The words that one agrees to, for people.")
    wording = serializers.CharField(help_text="Names those words; it changes with their meaning.")
    given = serializers.BooleanField()
    since = serializers.DateTimeField(allow_null=True, help_text="Null: never asked, or not in these words.")


class ConsentsSerializer(serializers.Serializer[Any]):
    """All purposes: a page that has no neighbours."""

    results = ConsentSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ConsentsInput(Input):
    """Purposes by name: true gives, false withdraws, what is left out stays."""

    def get_fields(self) -> dict[str, Any]:
        return {
            name: BooleanField(required=False, help_text=str(purpose.title))
            for name, purpose in purposes.items()
        }
