from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone

from common.api.filters import IdFilter, YesOrNo
from notifications.models import Delivery, Notification

from .serializers.preferences import CHAT


def snoozed(rows: Any, wanted: bool) -> Any:  # noqa: FBT001
    until = Q(snoozed_until__gt=timezone.now())
    return rows.filter(until) if wanted else rows.filter(~until | Q(snoozed_until=None))


class NotificationFilter(django_filters.FilterSet):
    unread = YesOrNo(
        lambda rows, wanted: rows.filter(read_at__isnull=wanted),
        help_text="Only unread ones, or only read ones.",
    )
    archived = YesOrNo(
        lambda rows, wanted: rows.filter(archived_at__isnull=not wanted),
        help_text="Those that were put away. Left out: those that were not.",
    )
    snoozed = YesOrNo(snoozed, help_text="Those that are put off. Left out: those that are not.")
    type = django_filters.CharFilter(field_name="kind", max_length=64, help_text="Only of this kind.")
    chat = IdFilter(method="of_chat", help_text="Only of this chat.")

    class Meta:
        model = Notification
        fields = ["unread", "archived", "snoozed", "type", "chat"]

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        if not asked["archived"]:
            rows = rows.filter(archived_at=None)
        return rows if asked["snoozed"] else snoozed(rows, wanted=False)

    def of_chat(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(topic=f"{CHAT}{value}")


class DeliveryFilter(django_filters.FilterSet):
    channel = django_filters.CharFilter(max_length=16, help_text="Only by this way.")
    state = django_filters.ChoiceFilter(choices=Delivery.State.choices, help_text="Only in this state.")
    notification = IdFilter(help_text="Only of this notification.")

    class Meta:
        model = Delivery
        fields = ["channel", "state", "notification"]


class WebhookDeliveryFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=Delivery.State.choices, help_text="Only those that stand so.")
    type = django_filters.CharFilter(
        field_name="event__type", max_length=64, help_text="Only of events of this type."
    )

    class Meta:
        model = Delivery
        fields = ["state", "type"]
