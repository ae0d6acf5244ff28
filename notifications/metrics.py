"""What waits to be brought to people, and what was given up."""

from collections.abc import Callable
from typing import Final

from django.utils import timezone
from prometheus_client import Counter

from common.metrics import COUNTED, Backlog

from .models import Delivery
from .outcomes import Outcome

ATTEMPTS: Final = Counter("serai_delivery_attempts", "Attempts at deliveries.", ["channel", "result"])


def attempted(channel: str, outcome: Outcome) -> None:
    ATTEMPTS.labels(channel, str(outcome.result)).inc()


def due(channel: str) -> Callable[[], Backlog]:
    """What is overdue by *channel*: what waits for its time is not, nor what a worker has at this moment."""

    def look() -> Backlog:
        rows = Delivery.objects.due(channel, at=timezone.now())
        times = list(rows.values_list("due_at", flat=True)[:COUNTED])
        return Backlog(count=len(times), oldest=times[0] if times else None)

    return look
