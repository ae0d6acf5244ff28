"""What is promised, looked at once more at the moment of sending, and put into words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone, translation

from accounts.models import User
from notifications.kinds import Call, Words, kinds
from notifications.models import Delivery, Digest, Notification, Preferences
from notifications.outcomes import Outcome, Result
from notifications.reasons import Reason
from notifications.registries import channels

from .badges import badges_of
from .deciding import Wants, decide
from .minds import Minds
from .reading import CLEARED
from .recalling import calls_again

logger = structlog.get_logger(__name__)

SHOWN: Final = timedelta(days=7)  # what was told before then is not there any more


@dataclass(frozen=True, kw_only=True)
class Item:
    """One notification in words."""

    notification: Notification
    words: Words


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What goes to a target.

    Attributes:
        language: of the words.
        items: one, or those of a digest.
        cleared: notifications to be taken back there; then there are no items.
        badge: the number on the app's icon; known where the channel clears.
    """

    user: User
    preferences: Preferences
    language: str
    items: Sequence[Item] = ()
    cleared: Sequence[UUID] = ()
    badge: int = 0


def words_of(notifications: Sequence[Notification]) -> dict[UUID, Words]:
    """In the language that is active. Those that are not for their people any more are missing."""
    of_kind: dict[str, list[Notification]] = defaultdict(list)
    for row in notifications:
        if row.kind in kinds:
            of_kind[row.kind].append(row)
    found: dict[UUID, Words] = {}
    for name, rows in of_kind.items():
        for row, words in zip(rows, _words(name, rows), strict=True):
            if words:
                found[row.pk] = words
    return found


def _words(kind: str, rows: Sequence[Notification]) -> Sequence[Words | None]:
    """One that has no words, such as from before its kind was changed, takes no list of others down."""
    try:
        return kinds[kind].words(rows)
    except (KeyError, ValueError, TypeError) as error:
        if len(rows) > 1:
            return [words for row in rows for words in _words(kind, [row])]
        logger.error("notification_has_no_words", kind=kind, notification=str(rows[0].pk), exc_info=error)
        return [None]


def read_by_now(notifications: Sequence[Notification]) -> set[UUID]:
    """Those that their people have read, here or where they came from."""
    found = {row.pk for row in notifications if row.read_at}
    to_ask: dict[Callable[..., Collection[UUID]], list[Notification]] = defaultdict(list)
    for row in notifications:
        if row.pk not in found and row.kind in kinds:
            to_ask[kinds[row.kind].read].append(row)  # of several kinds the same
    for read, rows in to_ask.items():
        found.update(read(rows))
    return found


def prepare(
    deliveries: Sequence[Delivery], *, languages: Mapping[UUID, str] | None = None
) -> list[Parcel | Outcome]:
    """What each of *deliveries* brings, or why it brings nothing, or not now: in their order.

    Args:
        deliveries: of one channel.
        languages: by delivery, that of its target, if not the person's.

    The rules are asked again: between the promise and the sending people read, mute, leave and are blocked.
    A few queries for all of them; some more for each digest and each that clears.
    """
    return _Preparing(deliveries, languages or {}).done() if deliveries else []


@dataclass(frozen=True)
class _Single:
    """A delivery of one notification."""

    delivery: Delivery
    row: Notification
    wants: Wants


class _Preparing:
    """What is known of all of them, and what has become of each so far."""

    def __init__(self, deliveries: Sequence[Delivery], languages: Mapping[UUID, str]) -> None:
        self._deliveries = deliveries
        self._languages = languages
        self._channel = channels[deliveries[0].channel]
        users = {each.user_id for each in deliveries}
        told = {each.notification_id for each in deliveries if each.notification_id}
        self._notifications = Notification.objects.in_bulk(told)
        topics = {row.topic for row in self._notifications.values()}
        self._minds = Minds(users, topics, [self._channel])
        self._badges = badges_of(users) if self._channel.clears else {}
        self._found: dict[UUID, Parcel | Outcome] = {}

    def done(self) -> list[Parcel | Outcome]:
        singles = [single for each in self._deliveries if (single := self._begin(each))]
        self._put_into_words(self._permitted(self._unread(singles)))
        return [self._found[each.pk] for each in self._deliveries]

    def _begin(self, delivery: Delivery) -> _Single | None:
        row = self._notifications.get(delivery.notification_id) if delivery.notification_id else None
        wants = self._minds.of(delivery.user_id, row.topic if row else "")
        if wants is None:
            self._skip(delivery, Reason.GONE)
        elif delivery.purpose == Delivery.Purpose.CLEAR:
            self._found[delivery.pk] = self._parcel(delivery, wants, cleared=_cleared(delivery))
        elif delivery.digest_id:
            self._take_digest(delivery, delivery.digest_id, wants)
        elif row is None or row.kind not in kinds:
            self._skip(delivery, Reason.GONE)
        else:
            return _Single(delivery, row, wants)
        return None

    def _unread(self, singles: Sequence[_Single]) -> list[_Single]:
        read = read_by_now([each.row for each in singles])
        for each in singles:
            if each.row.pk in read:
                self._skip(each.delivery, Reason.READ)
        return [each for each in singles if each.row.pk not in read]

    def _permitted(self, singles: Sequence[_Single]) -> list[_Single]:
        calls = calls_again([each.row for each in singles])
        permitted = []
        for each in singles:
            if refusal := self._refusal(each, calls[each.row.pk]):
                self._found[each.delivery.pk] = refusal
            else:
                permitted.append(each)
        return permitted

    def _refusal(self, single: _Single, call: Call) -> Outcome | None:
        """What the rules say of this target now; None: go on. What waits for a digest has waited."""
        delivery, name = single.delivery, self._channel.name
        targets = self._minds.targets_of(delivery.user_id)[name]
        decision = decide(
            call=call,
            kind=kinds[single.row.kind],
            wants=single.wants,
            ways=[self._channel],
            targets={name: [each for each in targets if each.id == delivery.target]},
            at=timezone.now(),
        )
        for step in decision.trace:
            if step.get("reason") == Reason.QUIET_HOURS:
                [way] = decision.ways
                return Outcome(result=Result.HELD, code=Reason.QUIET_HOURS, not_before=way.due_at)
            if not step["passed"]:
                return _skipped(Reason(step["reason"]))
        return None

    def _put_into_words(self, singles: Sequence[_Single]) -> None:
        by_language: dict[str, list[_Single]] = defaultdict(list)
        for each in singles:
            by_language[self._language(each.delivery, each.wants)].append(each)
        for language, group in by_language.items():
            items = _items([each.row for each in group], language)
            for each in group:
                if item := items.get(each.row.pk):
                    parcel = self._parcel(each.delivery, each.wants, items=[item])
                    self._found[each.delivery.pk] = parcel
                else:
                    self._skip(each.delivery, Reason.GONE)

    def _take_digest(self, delivery: Delivery, digest: UUID, wants: Wants) -> None:
        """All that is still unread and wanted. If that is nothing, the first thing that keeps it says why."""
        rows = [row for row in _close(digest) if row.kind in kinds]
        read = read_by_now(rows)
        unread = [row for row in rows if row.pk not in read]
        minds = Minds([delivery.user_id], {row.topic for row in unread}, [])
        calls = calls_again(unread)
        refusals: list[Outcome] = []
        wanted: list[Notification] = []
        for row in unread:
            single = _Single(delivery, row, minds.of(delivery.user_id, row.topic) or wants)
            if refusal := self._refusal(single, calls[row.pk]):
                refusals.append(refusal)
            else:
                wanted.append(row)
        items = _items(wanted, self._language(delivery, wants))
        if items:
            self._found[delivery.pk] = self._parcel(delivery, wants, items=list(items.values()))
        elif wanted:
            self._skip(delivery, Reason.GONE)
        else:
            self._found[delivery.pk] = refusals[0] if refusals else _skipped(Reason.READ)

    def _parcel(
        self,
        delivery: Delivery,
        wants: Wants,
        *,
        items: Sequence[Item] = (),
        cleared: Sequence[UUID] = (),
    ) -> Parcel:
        return Parcel(
            user=wants.user,
            preferences=wants.preferences,
            language=self._language(delivery, wants),
            items=items,
            cleared=cleared,
            badge=self._badges.get(delivery.user_id, 0),
        )

    def _language(self, delivery: Delivery, wants: Wants) -> str:
        return self._languages.get(delivery.pk) or wants.user.language

    def _skip(self, delivery: Delivery, reason: Reason) -> None:
        self._found[delivery.pk] = _skipped(reason)


@transaction.atomic
def _close(pk: UUID) -> list[Notification]:
    """What is in a digest: what comes from here on opens another."""
    digest = Digest.objects.select_for_update().get(pk=pk)
    if digest.closed_at is None:
        digest.closed_at = timezone.now()
        digest.save(update_fields=["closed_at"])
    return list(Notification.objects.filter(digest_items__digest=digest).order_by("at", "id"))


def _cleared(delivery: Delivery) -> list[UUID]:
    """What was told there and is read by now."""
    told = Delivery.objects.filter(
        channel=delivery.channel,
        target=delivery.target,
        purpose=Delivery.Purpose.TELL,
        state=Delivery.State.SENT,
        created_at__gt=timezone.now() - SHOWN,
        notification__read_at__isnull=False,
    )
    read = told.order_by("-id").values_list("notification", flat=True)[:CLEARED]
    return list(dict.fromkeys([*(UUID(each) for each in delivery.gone), *read]))[:CLEARED]


def _items(rows: Sequence[Notification], language: str) -> dict[UUID, Item]:
    with translation.override(language):
        words = words_of(rows)
    return {row.pk: Item(notification=row, words=words[row.pk]) for row in rows if row.pk in words}


def _skipped(reason: Reason) -> Outcome:
    return Outcome(result=Result.SKIPPED, code=reason)
