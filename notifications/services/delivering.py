"""Bringing what is promised to its targets: at least once, under one id, every attempt written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from time import monotonic
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from common.outages import is_outage
from notifications.models import Delivery
from notifications.outcomes import Outcome, Result
from notifications.registries import Channel, Shipment, bells, channels

from .claiming import claim
from .concluding import Claim, Done, conclude

logger = structlog.get_logger(__name__)

GATHER: Final = 0.01  # seconds: what ends within them is written down and replaced together
LONGEST: Final = 3.0  # seconds of one run: then other channels, and all else that a worker does, have a turn

UnderWay = set[Future[Done]]


def deliver_due(channel: str) -> int:
    """Attempt what is due by *channel*, until nothing is. Safe to run in many places at once.

    What is claimed is begun at once: behind others it would wait while its lease runs out, and be sent twice.
    As some end others begin, so that a slow target holds up its own threads alone. The database is asked here
    for all of them together; the threads have nothing to do with it.

    Returns:
        How many attempts were made here. A run ends after a few seconds, and has another follow.
    """
    way, made, until = channels[channel], 0, monotonic() + LONGEST
    under_way: UnderWay = set()
    with ThreadPoolExecutor(way.at_once, "deliver") as pool:
        while monotonic() < until:
            claims = claim(channel=way, at=timezone.now(), most=way.at_once - len(under_way))
            made += len(claims)
            done = []
            for each, packed in zip(claims, _pack(way, claims), strict=True):
                if isinstance(packed, Outcome):
                    done.append(Done(each, packed))
                else:
                    under_way.add(pool.submit(_send, each, packed))
            if not claims and not under_way:
                break
            conclude(way, done + _ended(under_way))
        else:
            ring([channel])
        while under_way:
            conclude(way, _ended(under_way))
    return made


def _ended(under_way: UnderWay) -> list[Done]:
    """Waits until one has, and for those that do so a moment later; takes them away."""
    wait(under_way, return_when=FIRST_COMPLETED)
    ended, _ = wait(under_way, timeout=GATHER)
    under_way -= ended
    return [each.result() for each in ended]


def _pack(channel: Channel, claims: Sequence[Claim]) -> Sequence[Shipment | Outcome]:
    """What leaves. What fails for all of them together is asked for each: one must not hold up the others."""
    if not claims:
        return []
    if channel.pack is None:
        raise TypeError(f"nothing is brought by {channel.name}: it has no deliveries")
    try:
        return channel.pack([each.delivery for each in claims])
    except Exception as error:
        if is_outage(error):
            raise  # nothing is wrong with them
        if len(claims) > 1:
            return [packed for each in claims for packed in _pack(channel, [each])]
        return [_failed(claims[0], error)]


def _send(claim: Claim, shipment: Shipment) -> Done:
    """In a thread of the run's."""
    start = monotonic()
    try:
        outcome = shipment.send()
    except Exception as error:
        outcome = _failed(claim, error)
    return Done(claim, outcome, monotonic() - start, shipment)


def _failed(claim: Claim, error: Exception) -> Outcome:
    """What nobody thought of."""
    logger.error(
        "delivery_failed",
        channel=claim.delivery.channel,
        delivery=str(claim.delivery.pk),
        exc_info=error,
    )
    return Outcome(result=Result.AGAIN, code="error", answer=f"{type(error).__name__}: {error}")


def has_due(channel: str) -> bool:
    return Delivery.objects.due(channel, at=timezone.now()).exists()


@transaction.atomic
def retry_delivery(*, delivery: Delivery) -> bool:
    """Send again, under the same id, what was given up or, if somebody asks for it, was sent before.

    Returns:
        False if it is on its way already.
    """
    row = Delivery.objects.select_for_update().filter(pk=delivery.pk).first()
    if row is None or row.state == Delivery.State.WAITING:
        return False
    row.state, row.reason, row.ended_at = Delivery.State.WAITING, "", None
    row.earlier_attempts, row.due_at = row.attempts, timezone.now()
    row.save()
    ring([row.channel])
    return True


def ring(names: Iterable[str], at: datetime | None = None) -> None:
    """Have what was promised attempted once the change is made, or *at* that time. It may be lost: the
    clock's run finds it.
    """
    wanted = set(names)

    def strike() -> None:
        for name in sorted(wanted):
            for bell in bells:
                bell(name, at)

    transaction.on_commit(strike, robust=True)
