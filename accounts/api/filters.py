import django_filters

from accounts.models import AuditEntry
from common.api.filters import MomentFilter


class HistoryFilter(django_filters.FilterSet):
    verb = django_filters.CharFilter(max_length=64, help_text="Only this verb, such as `password.changed`.")
    vars()["from"] = MomentFilter("at", "gte", help_text="Only what happened at this time or later.")
    to = MomentFilter("at", "lt", help_text="Only what happened before this time.")

    class Meta:
        model = AuditEntry
        fields = ["verb"]
