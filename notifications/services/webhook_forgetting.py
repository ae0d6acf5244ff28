"""Forgetting what webhooks were to hear: past its time, or of one that was deleted. In portions."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from notifications.models import Attempt, Delivery, Webhook, WebhookEvent

PORTION: Final = 1000  # events of one transaction


@transaction.atomic
def forget_events(*, limit: int = PORTION) -> int:
    """Forget what is past its thirty days, with what was done to deliver it.

    Returns:
        How many events there were, at most *limit*; 0 once there is nothing to do for now.
    """
    return _forget(list(WebhookEvent.objects.expired(at=timezone.now()).values_list("pk", flat=True)[:limit]))


def forget_deleted(*, limit: int = PORTION) -> int:
    """Forget a portion of what deleted webhooks were to hear, with what was done to deliver it; last, them.

    Args:
        limit: events in one transaction.

    Returns:
        How many events or webhooks there were; 0 once there is nothing to do for now.
    """
    for webhook in Webhook.objects.deleted().values_list("pk", flat=True):
        if forgotten := _forget_portion(webhook, limit):
            return forgotten
    return 0


@transaction.atomic
def _forget_portion(webhook: UUID, limit: int) -> int:
    row = Webhook.objects.deleted().select_for_update(skip_locked=True).filter(pk=webhook).first()
    if row is None:
        return 0  # another does it
    events = list(row.events.order_by("seq").values_list("pk", flat=True)[:limit])
    return _forget(events) if events else row.delete()[0]


def _forget(events: Collection[UUID]) -> int:
    """How many went. What a worker attempts at this moment stays until it is done, or its lease is over."""
    deliveries = Delivery.objects.filter(event__in=events)
    free = deliveries.exclude(state=Delivery.State.WAITING, holder__isnull=False)
    # Locked, so that nobody begins an attempt that would be left without its delivery.
    ours = dict(free.select_for_update(skip_locked=True).values_list("pk", "event"))
    held = set(deliveries.values_list("event", flat=True)) - set(ours.values())
    Attempt.objects.filter(delivery__in=ours).delete()
    Delivery.objects.filter(pk__in=ours).delete()
    return WebhookEvent.objects.filter(pk__in=set(events) - held).delete()[0]
