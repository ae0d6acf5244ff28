"""What webhooks are to hear: written down once, in each one's own order, and brought to them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from common.ids import uuid7
from common.models import LogEntry
from notifications.events import NotificationCreated
from notifications.kinds import kinds
from notifications.models import Delivery, Notification, Preferences, Webhook, WebhookEvent
from notifications.problems import EventsTooOld, WebhookIsPaused
from notifications.registries import hearers
from notifications.webhook_types import public_types, types_of

from .deciding import is_on
from .delivering import retry_delivery, ring
from .noticing import source_of
from .webhooks import CHANNEL

PORTION: Final = 1000  # rows of one statement


def hear(entries: Sequence[LogEntry]) -> None:
    """Write down for each webhook what it is to hear of these, and have it brought there.

    `common.relay.consumers.Consumer`: the relay's cursor moves in the same transaction. What a webhook has
    already is passed over, so that hearing twice is hearing once. Where nobody has one it is one query.
    """
    told = [entry for entry in entries if entry.type in public_types()]
    if not told:
        return
    wanting = {
        (pk, owner): wanted
        for pk, owner, types in Webhook.objects.hearing().values_list("pk", "user", "types")
        if (wanted := types_of(types) & {entry.type for entry in told})
    }
    if not wanting:
        return
    heard = _heard_by(_without_unwanted(told), {owner for _, owner in wanting})
    by_webhook = {
        webhook: [entry for entry in heard[owner] if entry.type in wanted]
        for (webhook, owner), wanted in wanting.items()
    }
    _write({webhook: those for webhook, those in by_webhook.items() if those})


def _without_unwanted(entries: Sequence[LogEntry]) -> list[LogEntry]:
    """Without notifications of kinds that their person wants by no webhook."""
    ids = {UUID(each.data["notification"]) for each in entries if each.type == NotificationCreated.type}
    told = Notification.objects.filter(pk__in=ids) if ids else Notification.objects.none()
    wants = Preferences.objects.in_bulk({row.user_id for row in told})
    unwanted = {
        str(row.pk)
        for row in told
        if row.user_id in wants and not is_on(kinds[row.kind], CHANNEL, wants[row.user_id])
    }
    return [each for each in entries if each.data.get("notification") not in unwanted]


def _heard_by(entries: Sequence[LogEntry], owners: Collection[UUID]) -> dict[UUID, list[LogEntry]]:
    """By owner, what they may know of *entries*, in their order."""
    by_kind: defaultdict[str, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        by_kind[entry.topic.partition(":")[0]].append(entry)
    people: dict[str, set[UUID]] = {}
    for kind, group in by_kind.items():
        if kind in hearers:
            people |= zip(map(source_of, group), hearers[kind](group, owners), strict=True)
    heard: defaultdict[UUID, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        for person in people.get(source_of(entry), ()):
            heard[person].append(entry)
    return heard


@transaction.atomic
def _write(wanted: dict[UUID, list[LogEntry]]) -> None:
    """Give each its next positions, under its own row's lock."""
    rows = Webhook.objects.filter(pk__in=wanted).order_by("pk")  # one order for everybody
    webhooks = list(rows.select_for_update())
    sources = {source_of(entry) for those in wanted.values() for entry in those}
    known = set(
        WebhookEvent.objects.filter(webhook__in=wanted, source__in=sources).values_list("webhook", "source")
    )
    events, deliveries = [], []
    for webhook in webhooks:
        for entry in wanted[webhook.pk]:
            if (webhook.pk, source_of(entry)) in known:
                continue
            webhook.seq += 1
            event = WebhookEvent(
                webhook=webhook,
                seq=webhook.seq,
                type=entry.type,
                data=_data_of(entry),
                source=source_of(entry),
                at=entry.at,
            )
            events.append(event)
            if not webhook.is_paused:
                deliveries.append(_delivery_of(webhook, event))
    WebhookEvent.objects.bulk_create(events, batch_size=PORTION)
    Webhook.objects.bulk_update(webhooks, ["seq"], batch_size=PORTION)
    Delivery.objects.bulk_create(deliveries, batch_size=PORTION)
    if deliveries:
        ring([CHANNEL])


def _data_of(entry: LogEntry) -> dict[str, Any]:
    """What the event says, and where it stands: in which chat, at which `seq` of it, or its `user_seq`."""
    kind, _, id_ = entry.topic.partition(":")
    place = {"user_seq": entry.seq} if kind == "user" else {kind: id_, f"{kind}_seq": entry.seq}
    return place | entry.data


def _delivery_of(webhook: Webhook, event: WebhookEvent) -> Delivery:
    return Delivery(
        user_id=webhook.user_id,
        channel=CHANNEL,
        target=str(webhook.pk),
        event=event,
        due_at=timezone.now(),
    )


@transaction.atomic
def send_test(*, webhook: Webhook) -> Delivery:
    """Have *webhook* called with an event that says nothing: in its order, as every other.

    Raises:
        WebhookIsPaused: it is called with nothing.
    """
    row = Webhook.objects.select_for_update().get(pk=webhook.pk)
    if row.is_paused:
        raise WebhookIsPaused
    row.seq += 1
    row.save(update_fields=["seq"])
    event = WebhookEvent.objects.create(
        webhook=row,
        seq=row.seq,
        type=WebhookEvent.TEST,
        data={"webhook": str(row.pk)},
        source=f"test {uuid7()}",
        at=timezone.now(),
    )
    delivery = _delivery_of(row, event)
    delivery.save(force_insert=True)
    ring([CHANNEL])
    return delivery


@transaction.atomic
def redeliver_event(*, event: WebhookEvent) -> Delivery:
    """Bring *event* to its receiver once more, under the same `webhook-id`, or for the first time.

    One that is on its way already stays as it is.

    Raises:
        WebhookIsPaused: it is called with nothing.
    """
    row = Webhook.objects.select_for_update().get(pk=event.webhook_id)
    if row.is_paused:
        raise WebhookIsPaused
    delivery = Delivery.objects.filter(event=event).first()
    if delivery is None:  # it happened while the receiver was paused
        delivery = _delivery_of(row, event)
        delivery.save(force_insert=True)
        ring([CHANNEL])
    elif retry_delivery(delivery=delivery):
        delivery.refresh_from_db()
    return delivery


def events_after(*, webhook: Webhook, after: int | None, limit: int) -> tuple[list[WebhookEvent], bool]:
    """What *webhook* was to hear behind a position, in its order, and whether there is more.

    Args:
        after: None: from the first that is kept.

    Raises:
        EventsTooOld: some of that is not kept any more.
    """
    # First how far it has come: of what was there by then nothing is missing but what was forgotten.
    newest = Webhook.objects.values_list("seq", flat=True).get(pk=webhook.pk)
    kept = WebhookEvent.objects.filter(webhook=webhook)
    events = list(kept.after(after or 0)[: limit + 1])
    if after is not None and (events[0].seq if events else newest + 1) > after + 1:
        first = kept.after(0).values_list("seq", flat=True).first()
        raise EventsTooOld(first=first or newest + 1, newest=newest)
    return events[:limit], len(events) > limit


def forget_events(*, limit: int = PORTION) -> int:
    """Forget what is past its thirty days, with what was done to deliver it.

    Returns:
        How many events there were, at most *limit*.
    """
    ids = list(WebhookEvent.objects.expired(at=timezone.now()).values_list("pk", flat=True)[:limit])
    WebhookEvent.objects.filter(pk__in=ids).delete()
    return len(ids)
