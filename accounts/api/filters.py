import django_filters

from accounts.models import AuditEntry


class HistoryFilter(django_filters.FilterSet):
    verb = django_filters.CharFilter(max_length=64, help_text="Only this verb, such as `password.changed`.")
    vars()["from"] = django_filters.IsoDateTimeFilter(
        "at", "gte", help_text="Only what happened at this time or later."
    )
    to = django_filters.IsoDateTimeFilter("at", "lt", help_text="Only what happened before this time.")

    class Meta:
        model = AuditEntry
        fields = ["verb"]
