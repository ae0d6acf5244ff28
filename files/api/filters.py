import django_filters

from files.models import File


class FileFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=File.Kind.choices, help_text="Only files of this kind.")
    scan = django_filters.ChoiceFilter(
        choices=File.Scan.choices, help_text="Only files whose scan stands so."
    )
    purpose = django_filters.CharFilter(max_length=32, help_text="Only files for this purpose.")

    class Meta:
        model = File
        fields = ["kind", "scan", "purpose"]
