from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone

from notifications.models import Delivery, Notification

from .serializers.preferences import CHAT


class NotificationFilter(django_filters.FilterSet):
    unread = django_filters.BooleanFilter(
        field_name="read_at", lookup_expr="isnull", help_text="Only unread ones, or only read ones."
    )
    archived = django_filters.BooleanFilter(
        field_name="archived_at",
        lookup_expr="isnull",
        exclude=True,
        help_text="Those that were put away. Left out: those that were not.",
    )
    snoozed = django_filters.BooleanFilter(
        method="put_off", help_text="Those that are put off. Left out: those that are not."
    )
    type = django_filters.CharFilter(field_name="kind", max_length=64, help_text="Only of this kind.")
    chat = django_filters.UUIDFilter(method="of_chat", help_text="Only of this chat.")

    class Meta:
        model = Notification
        fields = ["unread", "archived", "snoozed", "type", "chat"]

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        if asked["archived"] is None:
            rows = rows.filter(archived_at=None)
        return rows if asked["snoozed"] is not None else self.put_off(rows, "snoozed", value=False)

    def put_off(self, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:  # noqa: FBT001
        until = Q(snoozed_until__gt=timezone.now())
        return rows.filter(until) if value else rows.filter(~until | Q(snoozed_until=None))

    def of_chat(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(topic=f"{CHAT}{value}")


class DeliveryFilter(django_filters.FilterSet):
    channel = django_filters.CharFilter(max_length=16, help_text="Only by this way.")
    state = django_filters.ChoiceFilter(choices=Delivery.State.choices, help_text="Only in this state.")
    notification = django_filters.UUIDFilter(help_text="Only of this notification.")

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
