"""Messages on the start page of the staff console."""

from datetime import date, datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.dashboard import Card, Chart
from common.ids import first_id_at

from .models import Message

DAYS: Final = 14
KEPT: Final = 60  # seconds: the one number here that grows with the traffic is counted at most once a minute


def messages_per_day() -> list[tuple[date, int]]:
    """How many messages were sent on each of the last 14 days, today included, in UTC."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(days=DAYS - 1)
    counted = cache.get_or_set(f"dashboard:messages:{midnight.date()}", lambda: _counted(first), KEPT) or {}
    days = [first.date() + timedelta(days=number) for number in range(DAYS)]
    return [(day, counted.get(day, 0)) for day in days]


def _counted(first: datetime) -> dict[date, int]:
    sent = Message.objects.filter(pk__gte=first_id_at(first))  # the time alone has no index, the key has
    days = sent.annotate(day=TruncDate("created_at")).values_list("day")
    return dict(days.annotate(Count("pk")).order_by())


CARDS = [
    Card(
        title=_("Messages in the last 24 hours"),
        icon="chat",
        rows=lambda: Message.objects.filter(pk__gte=first_id_at(timezone.now() - timedelta(hours=24))),
        changelist="messaging_message",
        query="?sent=24h",
        permission="messaging.view_message",
        place=40,
    ),
]
CHARTS = [
    Chart(
        title=_("Messages per day"),
        days=messages_per_day,
        changelist="messaging_message",
        permission="messaging.view_message",
    )
]
