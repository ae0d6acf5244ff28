"""Taking what is due in hand: one worker at a time has it, and an attempt stands there before it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F

from common.ids import uuid7
from notifications.models import Attempt, Delivery
from notifications.outcomes import Result
from notifications.reasons import Reason
from notifications.registries import Channel

from .concluding import Claim, end, save

MOST_LOST: Final = 20  # attempts at one delivery whose workers died
LOOKS: Final = 5  # for more, while those found are of targets that have enough to do


@transaction.atomic
def claim(*, channel: Channel, at: datetime, most: int) -> list[Claim]:
    """Take what is due, *most* at most and a few for each target: for one lease nobody else has it."""
    rows = _choose(channel, at, most)
    spent = [row for row in rows if row.holder and _has_killed_enough(row)]
    for row in spent:
        end(row, Delivery.State.FAILED, Reason.GAVE_UP, at)
    save(channel, spent)
    taken = [row for row in rows if row not in spent]
    _take(taken, at + channel.lease)
    claims = [Claim(row, uuid7()) for row in taken]
    Attempt.objects.bulk_create(
        Attempt(id=each.attempt, delivery=each.delivery, number=each.delivery.attempts, at=at)
        for each in claims
    )
    return claims


def _has_killed_enough(row: Delivery) -> bool:
    """Whether it kills whoever attempts it."""
    return row.attempt_rows.filter(result=Result.LOST).count() >= MOST_LOST


def _take(rows: Sequence[Delivery], until: datetime) -> None:
    """For one holder, in one statement each: what would differ by row takes Django far longer."""
    holder = uuid7()
    # Of those whose worker died nobody knows what came of it: that attempt counts as none.
    for lost, group in (
        (0, [row for row in rows if not row.holder]),
        (1, [row for row in rows if row.holder]),
    ):
        if group:
            Delivery.objects.filter(pk__in=[row.pk for row in group]).update(
                attempts=F("attempts") + 1,
                earlier_attempts=F("earlier_attempts") + lost,
                holder=holder,
                due_at=until,
            )
        for row in group:
            row.attempts += 1
            row.earlier_attempts += lost
            row.holder, row.due_at = holder, until


def _choose(channel: Channel, at: datetime, most: int) -> list[Delivery]:
    """Due ones, locked. One slow target with a long queue must not keep the others waiting."""
    chosen: list[Delivery] = []
    busy: Counter[str] = Counter()
    for _ in range(LOOKS):
        full = [target for target, count in busy.items() if target and count >= channel.per_target]
        rows = Delivery.objects.due(channel.name, at=at).exclude(target__in=full)
        rows = rows.exclude(pk__in=[each.pk for each in chosen])
        wanted = most - len(chosen)
        found = list(rows.select_for_update(skip_locked=True)[:wanted])
        new = {row.target for row in found if row.target} - set(busy)
        busy.update(_under_way(channel, new, at))
        for row in found:
            if not row.target or busy[row.target] < channel.per_target:
                busy[row.target] += 1
                chosen.append(row)
        if len(found) < wanted or len(chosen) >= most:
            break
    return chosen


def _under_way(channel: Channel, targets: set[str], at: datetime) -> Counter[str]:
    held = Delivery.objects.waiting().filter(
        channel=channel.name, target__in=targets, holder__isnull=False, due_at__gt=at
    )
    return Counter(dict.fromkeys(targets, 0)) + Counter(held.values_list("target", flat=True))
