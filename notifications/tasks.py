from datetime import datetime
from itertools import islice

from celery import shared_task
from django.utils import timezone

from common.queueing import begun, queue_at, queue_once
from common.tasks import drop

from . import services
from .models import Delivery, Digest, Notification
from .registries import channels


@shared_task
def deliver(channel: str) -> int:
    """Attempt what is due by one channel. After commits, and every few seconds."""
    begun(deliver, channel)
    return services.deliver_due(channel)


@shared_task
def deliver_all() -> int:
    """Start a run for each channel by which something is due. Every five seconds; safe to run twice."""
    due = [name for name, channel in channels.items() if channel.pack and services.has_due(name)]
    for name in due:
        ring_for_delivery(name)
    return len(due)


@shared_task
def purge_webhook_events() -> int:
    """Forget what webhooks were to hear more than thirty days ago. Every hour; safe to run twice."""
    return sum(iter(services.forget_events, 0))


@shared_task
def forget_webhooks() -> int:
    """Forget webhooks that were deleted, in portions that lock nobody out. Every minute; safe to run twice.

    Returns:
        How many events and webhooks were forgotten, in at most a hundred portions a run.
    """
    return sum(islice(iter(services.forget_deleted, 0), 100))


def ring_for_delivery(channel: str, at: datetime | None = None) -> None:
    """Something is due by *channel*: now, or soon, *at* that time."""
    if at is None:
        queue_once(deliver, channel)
    else:
        queue_at(deliver, channel, at)


@shared_task
def purge_notifications() -> int:
    """Drop notifications after 90 days, deliveries and digests after 30. Every hour; safe to run twice.

    Returns:
        How many rows were dropped.
    """
    now = timezone.now()
    rows = [model.objects.expired(at=now) for model in (Delivery, Digest, Notification)]
    return sum(drop(each) for each in rows)


@shared_task
def purge_push_devices() -> int:
    """Forget devices that went a month ago. Every day; safe to run twice at once."""
    return services.purge_devices(at=timezone.now())
