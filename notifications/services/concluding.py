"""What follows from an attempt, for its delivery and for where it went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from random import uniform
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Case, When
from django.utils import timezone

from common.outages import is_outage
from notifications.metrics import attempted
from notifications.models import Attempt, Delivery
from notifications.outcomes import Outcome, Result
from notifications.reasons import Reason
from notifications.registries import Channel, Shipment

logger = structlog.get_logger(__name__)

CHANGED: Final = ("state", "reason", "holder", "ended_at", "due_at", "earlier_attempts")  # by an attempt


@dataclass(frozen=True)
class Claim:
    """A delivery that is this run's to attempt, as long as its holder is the same, and the attempt."""

    delivery: Delivery
    attempt: UUID


@dataclass(frozen=True)
class Done:
    """
    Attributes:
        shipment: None where nothing left.
    """

    claim: Claim
    outcome: Outcome
    seconds: float = 0.0
    shipment: Shipment | None = None


def conclude(channel: Channel, done: Sequence[Done]) -> None:
    """Write down what came of attempts, and what follows from it."""
    if not done:
        return
    for each in done:
        attempted(channel.name, each.outcome)
        if each.shipment:
            _settle(each.shipment, each)
    _record(channel, done)


def _settle(shipment: Shipment, done: Done) -> None:
    try:
        shipment.settle(done.outcome)
    except Exception as error:
        if is_outage(error):
            raise
        logger.exception("settling_failed", delivery=str(done.claim.delivery.pk))


@transaction.atomic
def _record(channel: Channel, done: Sequence[Done]) -> None:
    """Attempts whose lease ran out meanwhile say what came of them, and nothing of their deliveries."""
    ours = {each.claim.delivery.pk: each for each in done}
    # Deliveries before attempts: whoever forgets them locks them in this order.
    waiting = Delivery.objects.waiting().filter(pk__in=ours).order_by("pk").select_for_update()
    held = [row for row in waiting if row.holder == ours[row.pk].claim.delivery.holder]
    _write_attempts(done)
    said = [(row, ours[row.pk].outcome) for row in held]
    now = timezone.now()
    for row, outcome in said:
        _follow(channel, row, outcome, now)
    save(channel, held)
    if channel.holds_back:
        failed = [row for row, outcome in said if outcome.result == Result.AGAIN]
        latest = {row.target: row for row in sorted(failed, key=attrgetter("due_at"))}
        for row in latest.values():
            if row.state == Delivery.State.WAITING:
                _hold_back(row)


def _write_attempts(done: Sequence[Done]) -> None:
    by_outcome: dict[Outcome, list[Done]] = defaultdict(list)
    for each in done:
        by_outcome[each.outcome].append(each)
    for outcome, group in by_outcome.items():
        seconds = [When(pk=each.claim.attempt, then=round(each.seconds, 3)) for each in group]
        Attempt.objects.filter(pk__in=[each.claim.attempt for each in group]).update(
            result=outcome.result,
            code=outcome.code[:32],
            answer=outcome.answer[: Attempt.MAX_ANSWER],
            seconds=Case(*seconds),
        )


def _follow(channel: Channel, row: Delivery, outcome: Outcome, now: datetime) -> None:
    """What becomes of a delivery after an attempt."""
    match outcome.result:
        case Result.SENT:
            end(row, Delivery.State.SENT, outcome.code, now)
        case Result.SKIPPED:
            end(row, Delivery.State.SKIPPED, outcome.code, now)
        case Result.GONE:
            end(row, Delivery.State.SKIPPED, Reason.TARGET_GONE, now)
        case Result.HELD if outcome.not_before:
            row.earlier_attempts += 1  # it was none
            _wait(row, outcome.not_before)
        case Result.REFUSED:
            end(row, Delivery.State.FAILED, Reason.REFUSED, now)
        case _ if _is_spent(channel, row):
            end(row, Delivery.State.FAILED, Reason.GAVE_UP, now)
        case _:
            pause = channel.backoff[row.attempts - row.earlier_attempts - 1] * uniform(0.9, 1.1)  # noqa: S311 (no secret)
            _wait(row, max(now + pause, outcome.not_before or now))


def _is_spent(channel: Channel, row: Delivery) -> bool:
    """Whether no further attempt is due to it."""
    return row.attempts - row.earlier_attempts > len(channel.backoff)


def end(row: Delivery, state: str, reason: str, at: datetime) -> None:
    """Nothing more is tried. To be saved."""
    row.state, row.reason, row.holder, row.ended_at = state, reason[:32], None, at


def _wait(row: Delivery, until: datetime) -> None:
    row.due_at, row.holder = until, None


def save(channel: Channel, rows: Sequence[Delivery]) -> None:
    """Write down what has become of them, and tell of those that are given up."""
    alike: dict[tuple[object, ...], list[Delivery]] = defaultdict(list)
    for row in rows:
        alike[tuple(getattr(row, field) for field in CHANGED)].append(row)
    for values, group in alike.items():
        Delivery.objects.filter(pk__in=[row.pk for row in group]).update(
            **dict(zip(CHANGED, values, strict=True))
        )
    # By target: whoever else has some of the same locks them in the same order.
    for row in sorted(rows, key=attrgetter("target")):
        if row.state != Delivery.State.FAILED:
            continue
        logger.warning("delivery_given_up", channel=channel.name, delivery=str(row.pk), reason=row.reason)
        if channel.gave_up:
            channel.gave_up(row)


def _hold_back(row: Delivery) -> None:
    """What else is due there waits for the next attempt too: a queue is not spent on somebody who is away."""
    queue = Delivery.objects.waiting().filter(
        channel=row.channel, target=row.target, due_at__lt=row.due_at, holder=None
    )
    free = queue.select_for_update(skip_locked=True).values_list("pk", flat=True)  # others are about to begin
    Delivery.objects.filter(pk__in=list(free)).update(due_at=row.due_at)
