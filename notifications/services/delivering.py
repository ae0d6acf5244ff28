"""Bringing what is promised to its targets: at least once, under one id, every attempt written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform
from time import monotonic
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils import timezone

from common.ids import uuid7
from notifications.metrics import attempted
from notifications.models import Attempt, Delivery
from notifications.outcomes import Outcome, Result
from notifications.reasons import Reason
from notifications.registries import Channel, bells, channels

logger = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=150)  # longer than the worst attempt takes: after it its worker is dead
THREADS: Final = 8  # attempts under way in one run: most of their time they wait
GATHER: Final = 0.01  # seconds: what ends within them is replaced together
MOST_LOST: Final = 20  # attempts at one delivery whose workers died
LOOKS: Final = 5  # for more, while those found are of targets that have enough to do
LONGEST: Final = 3.0  # seconds of one run: then other channels, and all else that a worker does, have a turn


@dataclass(frozen=True)
class Claim:
    """A delivery that is this run's to attempt, and the attempt."""

    delivery: Delivery
    attempt: UUID


def deliver_due(channel: str) -> int:
    """Attempt what is due by *channel*, until nothing is. Safe to run in many places at once.

    What is claimed is begun at once: behind others it would wait while its lease runs out, and be sent twice.
    As one ends the next begins, so that a slow target holds up its own threads alone.

    Returns:
        How many attempts were made here. A run ends after a few seconds, and has another follow.
    """
    made, until = 0, monotonic() + LONGEST
    under_way: set[Future[None]] = set()
    with ThreadPoolExecutor(THREADS, "deliver") as pool:
        while monotonic() < until:
            claims = claim(channel=channels[channel], at=timezone.now(), most=THREADS - len(under_way))
            made += len(claims)
            under_way |= {pool.submit(_attempt, each) for each in claims}
            if not under_way:
                break
            under_way = _some_ended(under_way)
        else:
            ring([channel])
    return made


def _some_ended(under_way: set[Future[None]]) -> set[Future[None]]:
    """Waits until at least one has, and for those that do so a moment later. Those that have not."""
    wait(under_way, return_when=FIRST_COMPLETED)
    ended, others = wait(under_way, timeout=GATHER)
    for each in ended:
        each.result()  # what no attempt may raise
    return set(others)


def has_due(channel: str) -> bool:
    return Delivery.objects.due(channel, at=timezone.now()).exists()


@transaction.atomic
def claim(*, channel: Channel, at: datetime, most: int = THREADS) -> list[Claim]:
    """Take what is due, a few for each target: for one lease nobody else has it."""
    rows = _choose(channel, at, most)
    spent = []
    for row in rows:
        if row.holder is None:
            continue
        row.earlier_attempts += 1  # its worker died: nobody knows what came of it, and it counts as none
        if row.attempt_rows.filter(result=Result.LOST).count() >= MOST_LOST:
            spent.append(row)  # it kills whoever attempts it
            _give_up(channel, row, Reason.GAVE_UP)
    claims = []
    for row in rows:
        if row not in spent:
            row.attempts += 1
            row.holder, row.due_at = uuid7(), at + LEASE
            claims.append(Claim(row, row.holder))
    Delivery.objects.bulk_update(
        [each.delivery for each in claims], ["attempts", "earlier_attempts", "holder", "due_at"]
    )
    Attempt.objects.bulk_create(
        Attempt(id=each.attempt, delivery=each.delivery, number=each.delivery.attempts, at=at)
        for each in claims
    )
    return claims


def _choose(channel: Channel, at: datetime, most: int) -> list[Delivery]:
    """Due ones, locked. One slow target with a long queue must not keep the others waiting."""
    chosen: list[Delivery] = []
    busy: Counter[str] = Counter()
    for _ in range(LOOKS):
        full = [target for target, count in busy.items() if target and count >= channel.per_target]
        rows = Delivery.objects.due(channel.name, at=at).exclude(target__in=full)
        rows = rows.exclude(pk__in=[each.pk for each in chosen])
        found = list(rows.select_for_update(skip_locked=True)[: most - len(chosen)])
        if not found:
            break
        new = {row.target for row in found if row.target} - set(busy)
        busy.update(_under_way(channel, new, at))
        for row in found:
            if not row.target or busy[row.target] < channel.per_target:
                busy[row.target] += 1
                chosen.append(row)
        if len(chosen) >= most:
            break
    return chosen


def _under_way(channel: Channel, targets: set[str], at: datetime) -> Counter[str]:
    held = Delivery.objects.waiting().filter(
        channel=channel.name, target__in=targets, holder__isnull=False, due_at__gt=at
    )
    return Counter(dict.fromkeys(targets, 0)) + Counter(held.values_list("target", flat=True))


def _attempt(claim: Claim) -> None:
    """In a thread of the run's: what it needs of the database it gives back."""
    start = monotonic()
    try:
        try:
            outcome = _send(claim.delivery)
        except Exception as error:
            logger.exception(
                "delivery_failed", channel=claim.delivery.channel, delivery=str(claim.delivery.pk)
            )
            answer = f"{type(error).__name__}: {error}"
            outcome = Outcome(result=Result.AGAIN, code="error", answer=answer)
        record(claim=claim, outcome=outcome, seconds=monotonic() - start)
    finally:
        if not connection.in_atomic_block:  # of a test, in its own thread
            connection.close()


def _send(delivery: Delivery) -> Outcome:
    send = channels[delivery.channel].send
    return send(delivery) if send else Outcome.sent()


@transaction.atomic
def record(*, claim: Claim, outcome: Outcome, seconds: float) -> None:
    """Write down what came of an attempt, and what follows from it, unless its lease ran out meanwhile."""
    attempted(claim.delivery.channel, outcome)
    Attempt.objects.filter(pk=claim.attempt).update(
        result=outcome.result,
        code=outcome.code[:32],
        answer=outcome.answer[: Attempt.MAX_ANSWER],
        seconds=round(seconds, 3),
    )
    row = Delivery.objects.waiting().select_for_update().filter(pk=claim.delivery.pk).first()
    if row is None or row.holder != claim.attempt:
        return
    channel, now = channels[row.channel], timezone.now()
    match outcome.result:
        case Result.SENT:
            _end(row, Delivery.State.SENT, outcome.code)
        case Result.SKIPPED:
            _end(row, Delivery.State.SKIPPED, outcome.code)
        case Result.GONE:
            _end(row, Delivery.State.SKIPPED, Reason.TARGET_GONE)
        case Result.HELD if outcome.not_before:
            row.earlier_attempts += 1  # it was none
            _wait(row, outcome.not_before)
        case Result.REFUSED:
            _give_up(channel, row, Reason.REFUSED)
        case _ if _is_spent(channel, row):
            _give_up(channel, row, Reason.GAVE_UP)
        case _:
            pause = channel.backoff[row.attempts - row.earlier_attempts - 1] * uniform(0.9, 1.1)  # noqa: S311 (no secret)
            _wait(row, max(now + pause, outcome.not_before or now))
            if channel.holds_back:
                _hold_back(row)


def _is_spent(channel: Channel, row: Delivery) -> bool:
    """Whether no further attempt is due to it."""
    return row.attempts - row.earlier_attempts > len(channel.backoff)


def _end(row: Delivery, state: str, reason: str) -> None:
    row.state, row.reason, row.holder, row.ended_at = state, reason[:32], None, timezone.now()
    row.save(update_fields=["state", "reason", "holder", "ended_at"])


def _give_up(channel: Channel, row: Delivery, reason: Reason) -> None:
    _end(row, Delivery.State.FAILED, reason)
    logger.warning("delivery_given_up", channel=channel.name, delivery=str(row.pk), reason=reason)
    if channel.gave_up:
        channel.gave_up(row)


def _wait(row: Delivery, until: datetime) -> None:
    row.due_at, row.holder = until, None
    row.save(update_fields=["due_at", "holder", "earlier_attempts"])


def _hold_back(row: Delivery) -> None:
    """What else is due there waits for the next attempt too: a queue is not spent on somebody who is away."""
    queue = Delivery.objects.waiting().filter(
        channel=row.channel, target=row.target, due_at__lt=row.due_at, holder=None
    )
    free = queue.select_for_update(skip_locked=True).values_list("pk", flat=True)  # others are about to begin
    Delivery.objects.filter(pk__in=list(free)).update(due_at=row.due_at)


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


def ring(names: Sequence[str]) -> None:
    """Have what was promised attempted once the change is made. It may be lost: the clock's run finds it."""
    wanted = set(names)

    def strike() -> None:
        for name in sorted(wanted):
            for bell in bells:
                bell(name)

    transaction.on_commit(strike, robust=True)
