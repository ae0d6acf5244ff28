"""What webhooks are to hear: written down once, in each one's own order, and brought to them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from common.ids import uuid7
from common.models import LogEntry
from common.problems import NotFound
from notifications.events import NotificationCreated
from notifications.kinds import kinds
from notifications.models import Delivery, Notification, Preferences, Webhook, WebhookEvent
from notifications.models.deliveries import Promise
from notifications.models.webhooks import NewEvent
from notifications.problems import EventsTooOld, WebhookIsPaused
from notifications.registries import hearers
from notifications.webhook_types import public_types, types_of

from .deciding import is_on
from .delivering import retry_delivery, ring
from .noticing import source_of
from .webhooks import CHANNEL, lock_webhook

MOST: Final = 5000  # events of one transaction: while it runs their webhooks are locked, on SQLite everything


def hear(entries: Sequence[LogEntry]) -> int:
    """Write down for each webhook what it is to hear of these, and have it brought there.

    `common.relay.consumers.Consumer`: the relay's cursor moves in the same transaction. What a webhook has
    already is passed over, so that hearing twice is hearing once. Where nobody has one it is one query.

    Returns:
        How many of the entries were heard: as many, from the first on, as make `MOST` events.
    """
    told = [entry for entry in entries if entry.type in public_types()]
    if not told:
        return len(entries)
    there = {entry.type for entry in told}
    hearing = Webhook.objects.hearing().values_list("pk", "user", "begins_with", "types")
    wanting = [
        (pk, owner, begins_with, wanted)
        for pk, owner, begins_with, types in hearing
        if (wanted := types_of(types) & there)
    ]
    if not wanting:
        return len(entries)
    heard = _heard_by(_without_unwanted(told), {owner for _, owner, _, _ in wanting})
    by_webhook = {
        pk: [entry for entry in heard[owner] if entry.type in wanted and entry.pk >= begins_with]
        for pk, owner, begins_with, wanted in wanting
    }
    taken = _fitting(entries, Counter(entry.pk for those in by_webhook.values() for entry in those))
    now = {entry.pk for entry in entries[:taken]}
    _write(
        {
            pk: fitting
            for pk, those in by_webhook.items()
            if (fitting := [entry for entry in those if entry.pk in now])
        }
    )
    return taken


def _fitting(entries: Sequence[LogEntry], events: Mapping[int, int]) -> int:
    """How many of *entries* make at most `MOST` events, by what each makes; one in any case."""
    total = 0
    for place, entry in enumerate(entries):
        total += events.get(entry.pk, 0)
        if total > MOST and place:
            return place
    return len(entries)


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
    rows = Webhook.objects.alive().filter(pk__in=wanted).order_by("pk")  # one order for everybody
    webhooks = list(rows.select_for_update().only("user", "seq", "paused_at"))  # no secret is opened here
    sources = {source_of(entry) for those in wanted.values() for entry in those}
    known = set(
        WebhookEvent.objects.filter(webhook__in=wanted, source__in=sources).values_list("webhook", "source")
    )
    events: list[NewEvent] = []
    promises: list[Promise] = []
    for webhook in webhooks:
        new = [entry for entry in wanted[webhook.pk] if (webhook.pk, source_of(entry)) not in known]
        theirs = [_event_of(webhook, entry, seq) for seq, entry in enumerate(new, webhook.seq + 1)]
        events += theirs
        if not webhook.is_paused:
            promises += [_promise_of(webhook, event["id"]) for event in theirs]
    if not events:
        return
    counts = Counter(event["webhook_id"] for event in events)
    for count in sorted(set(counts.values())):  # of many who hear the same it is the same
        alike = [webhook for webhook, each in counts.items() if each == count]
        Webhook.objects.filter(pk__in=alike).update(seq=F("seq") + count)
    WebhookEvent.objects.keep(events)
    Delivery.objects.promise(promises)
    if promises:
        ring([CHANNEL])


def _event_of(webhook: Webhook, entry: LogEntry, seq: int) -> NewEvent:
    return {
        "id": uuid7(),
        "webhook_id": webhook.pk,
        "seq": seq,
        "type": entry.type,
        "data": _data_of(entry),
        "source": source_of(entry),
        "at": entry.at,
    }


def _data_of(entry: LogEntry) -> dict[str, Any]:
    """What the event says, and where it stands: in which chat, at which `seq` of it, or its `user_seq`."""
    kind, _, id_ = entry.topic.partition(":")
    place = {"user_seq": entry.seq} if kind == "user" else {kind: id_, f"{kind}_seq": entry.seq}
    return place | entry.data


def _promise_of(webhook: Webhook, event: UUID) -> Promise:
    return {
        "id": uuid7(),
        "user_id": webhook.user_id,
        "channel": CHANNEL,
        "target": str(webhook.pk),
        "event_id": event,
        "due_at": timezone.now(),
    }


@transaction.atomic
def send_test(*, webhook: Webhook) -> Delivery:
    """Have *webhook* called with an event that says nothing: in its order, as every other.

    Raises:
        NotFound: it was deleted meanwhile.
        WebhookIsPaused: it is called with nothing.
    """
    row = lock_webhook(webhook.pk)
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
    delivery = Delivery.objects.create(**_promise_of(row, event.pk))
    ring([CHANNEL])
    return delivery


@transaction.atomic
def redeliver_event(*, event: WebhookEvent) -> Delivery:
    """Bring *event* to its receiver once more, under the same `webhook-id`, or for the first time.

    One that is on its way already stays as it is.

    Raises:
        NotFound: the webhook was deleted meanwhile.
        WebhookIsPaused: it is called with nothing.
    """
    row = lock_webhook(event.webhook_id)
    if row.is_paused:
        raise WebhookIsPaused
    delivery = Delivery.objects.filter(event=event).first()
    if delivery is None:  # it happened while the receiver was paused
        delivery = Delivery.objects.create(**_promise_of(row, event.pk))
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
        NotFound: it was deleted meanwhile.
    """
    # First how far it has come: of what was there by then nothing is missing but what was forgotten.
    newest = Webhook.objects.alive().filter(pk=webhook.pk).values_list("seq", flat=True).first()
    if newest is None:
        raise NotFound
    kept = WebhookEvent.objects.filter(webhook=webhook)
    events = list(kept.after(after or 0)[: limit + 1])
    if after is not None and (events[0].seq if events else newest + 1) > after + 1:
        first = kept.after(0).values_list("seq", flat=True).first()
        raise EventsTooOld(first=first or newest + 1, newest=newest)
    return events[:limit], len(events) > limit
