"""Deliveries on the start page of the staff console."""

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.dashboard import Card, Chart
from common.ids import first_id_at

from .models import Delivery

CHARTED = 14  # days


def given_up_by_day() -> list[tuple[date, int]]:
    """How many deliveries of each of the last days were given up."""
    today = timezone.now().date()
    days = [today - timedelta(days=back) for back in range(CHARTED - 1, -1, -1)]
    first = first_id_at(datetime.combine(days[0], time(), UTC))  # the key has the index
    rows = Delivery.objects.failed().filter(pk__gte=first)
    counted = rows.annotate(day=TruncDate("created_at")).values_list("day").annotate(Count("pk")).order_by()
    found = dict(counted)
    return [(day, found.get(day, 0)) for day in days]


CARDS = [
    Card(
        title=_("Deliveries given up"),
        icon="sms_failed",
        rows=Delivery.objects.failed,
        changelist="notifications_delivery",
        query="?state__exact=failed",
        permission="notifications.view_delivery",
        place=62,
    ),
]
CHARTS = [
    Chart(
        title=_("Deliveries given up"),
        days=given_up_by_day,
        changelist="notifications_delivery",
        query="?state__exact=failed",
        permission="notifications.view_delivery",
    )
]
