"""Why somebody was told, or was not: what was decided then, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from common.models import LogEntry
from notifications.kinds import kinds
from notifications.models import Delivery, DigestItem, Notification
from notifications.reasons import Reason
from notifications.registries import channels

from .deciding import decide
from .minds import Minds
from .noticing import source_of
from .recalling import calls_for


@dataclass(frozen=True, kw_only=True)
class Trace:
    """
    Attributes:
        notification: None where there is none: then the rules were asked now.
        steps: every rule that was asked, in order.
    """

    kind: str
    notification: Notification | None
    decided_at: datetime
    steps: Sequence[dict[str, Any]]
    deliveries: Sequence[Delivery]


def trace_of(notification: Notification) -> Trace:
    """How it was decided, and every attempt."""
    return Trace(
        kind=notification.kind,
        notification=notification,
        decided_at=notification.at,
        steps=notification.trace,
        deliveries=_deliveries(notification),
    )


def traces_of_entry(entry: LogEntry, *, user: User) -> list[Trace]:
    """All that *entry* was, or was not, told to *user* as.

    What left nothing behind is decided again, as things are now: whoever had muted it then and hears it now
    sees what keeps it from them today.
    """
    rows = Notification.objects.filter(user=user, source=source_of(entry))
    found = [trace_of(row) for row in rows.order_by("id")]
    told_as = {trace.kind for trace in found}
    [asked] = calls_for([entry], [{user.pk}])
    calls = [call for call in asked if call.kind not in told_as]
    if not calls:
        return found
    now = timezone.now()
    ways = list(channels.values())
    minds = Minds({user.pk}, {call.topic for call in calls}, ways)
    for call in calls:
        wants = minds.of(user.pk, call.topic)
        if wants is None or (found and call.refusal):
            continue
        decision = decide(
            call=call,
            kind=kinds[call.kind],
            wants=wants,
            ways=ways,
            targets=minds.targets_of(user.pk),
            at=now,
        )
        found.append(
            Trace(kind=call.kind, notification=None, decided_at=now, steps=decision.trace, deliveries=[])
        )
    return found


def reasons_in(trace: Trace) -> set[Reason]:
    """All that it names."""
    named = {step["reason"] for step in trace.steps if "reason" in step}
    named |= {delivery.reason for delivery in trace.deliveries if delivery.reason}
    return {Reason(each) for each in named if each in Reason.values}


def _deliveries(notification: Notification) -> list[Delivery]:
    # Asked first: joined in one query, both indexes would be passed over.
    digests = list(DigestItem.objects.filter(notification=notification).values_list("digest", flat=True))
    rows = Delivery.objects.filter(Q(notification=notification) | Q(digest__in=digests))
    return list(rows.prefetch_related("attempt_rows").order_by("id"))
