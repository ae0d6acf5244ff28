import django_filters
from django.conf import settings

from legal.models import Document, Text


class DocumentFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(
        field_name="version__document", choices=Document.Kind.choices, help_text="Only of this kind."
    )
    locale = django_filters.ChoiceFilter(choices=settings.LANGUAGES, help_text="Only in this language.")

    class Meta:
        model = Text
        fields = ["kind", "locale"]
