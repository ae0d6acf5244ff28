"""What is promised, looked at once more at the moment of sending, and put into words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation

from accounts.models import User
from notifications.kinds import Words, kinds
from notifications.models import Delivery, Digest, Notification, Preferences, TopicPreference
from notifications.outcomes import Outcome, Result
from notifications.reasons import Reason
from notifications.registries import channels

from .deciding import Wants, decide
from .reading import unread_count
from .recalling import call_again

CLEARED: Final = 50  # notifications named in one word to a device
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
        badge: how much is unread, all in all.
    """

    user: User
    preferences: Preferences
    language: str
    items: Sequence[Item] = ()
    cleared: Sequence[UUID] = ()
    badge: int = 0
    is_urgent: bool = False


def words_of(notifications: Sequence[Notification]) -> dict[UUID, Words]:
    """In the language that is active. Those that are not for their people any more are missing."""
    of_kind: dict[str, list[Notification]] = defaultdict(list)
    for row in notifications:
        if row.kind in kinds:
            of_kind[row.kind].append(row)
    found: dict[UUID, Words] = {}
    for name, rows in of_kind.items():
        for row, words in zip(rows, kinds[name].words(rows), strict=True):
            if words:
                found[row.pk] = words
    return found


def read_by_now(notifications: Sequence[Notification]) -> set[UUID]:
    """Those that their people have read, here or where they came from."""
    found = {row.pk for row in notifications if row.read_at}
    of_kind: dict[str, list[Notification]] = defaultdict(list)
    for row in notifications:
        if row.pk not in found and row.kind in kinds:
            of_kind[row.kind].append(row)
    for name, rows in of_kind.items():
        found.update(kinds[name].read(rows))
    return found


def prepare(delivery: Delivery, *, language: str = "") -> Parcel | Outcome:
    """What *delivery* brings, or why it brings nothing, or not now.

    Args:
        language: that of its target, if not the person's.

    The rules are asked again: between the promise and the sending people read, mute, leave and are blocked.
    """
    user = User.objects.filter(pk=delivery.user_id, is_active=True).first()
    if user is None:
        return _skipped(Reason.GONE)
    user.language = language or user.language
    preferences = Preferences.objects.filter(pk=user.pk).first() or Preferences(user=user)
    if delivery.purpose == Delivery.Purpose.CLEAR:
        return _clearing(delivery, user, preferences)
    if delivery.digest_id:
        return _digest(delivery.digest_id, user, preferences)
    return _single(delivery, user, preferences)


def _single(delivery: Delivery, user: User, preferences: Preferences) -> Parcel | Outcome:
    row = delivery.notification
    if row is None or row.kind not in kinds:
        return _skipped(Reason.GONE)
    if row.pk in read_by_now([row]):
        return _skipped(Reason.READ)
    if again := _decided_again(delivery, row, user, preferences):
        return again
    items = _items([row], user)
    if not items:
        return _skipped(Reason.GONE)
    return Parcel(
        user=user,
        preferences=preferences,
        language=user.language,
        items=items,
        badge=unread_count(user.pk),
        is_urgent=kinds[row.kind].is_urgent,
    )


def _decided_again(
    delivery: Delivery, row: Notification, user: User, preferences: Preferences
) -> Outcome | None:
    """What the rules say of this target now; None: go on."""
    now = timezone.now()
    kind, channel = kinds[row.kind], channels[delivery.channel]
    level = TopicPreference.objects.filter(user=user, topic=row.topic).values_list("level", flat=True)
    there = [each for each in channel.targets([user.pk]).get(user.pk, ()) if each.id == delivery.target]
    decision = decide(
        call=call_again(row),
        kind=kind,
        wants=Wants(user=user, preferences=preferences, level=level.first() or "all"),
        ways=[channel],
        targets={channel.name: there},
        at=now,
    )
    for step in decision.trace:
        if step.get("reason") == Reason.QUIET_HOURS:
            [way] = decision.ways
            return Outcome(result=Result.HELD, code=Reason.QUIET_HOURS, not_before=way.due_at)
        if not step["passed"]:
            return _skipped(Reason(step["reason"]))
    return None


def _digest(pk: UUID, user: User, preferences: Preferences) -> Parcel | Outcome:
    with transaction.atomic():
        digest = Digest.objects.select_for_update().get(pk=pk)
        if digest.closed_at is None:  # what comes from here on opens another
            digest.closed_at = timezone.now()
            digest.save(update_fields=["closed_at"])
    rows = list(Notification.objects.filter(digest_items__digest=digest).order_by("at", "id"))
    read = read_by_now(rows)
    items = _items([row for row in rows if row.pk not in read], user)
    if not items:
        return _skipped(Reason.READ)
    return Parcel(
        user=user,
        preferences=preferences,
        language=user.language,
        items=items,
        badge=unread_count(user.pk),
    )


def _clearing(delivery: Delivery, user: User, preferences: Preferences) -> Parcel:
    told = Delivery.objects.filter(
        channel=delivery.channel,
        target=delivery.target,
        purpose=Delivery.Purpose.TELL,
        state=Delivery.State.SENT,
        created_at__gt=timezone.now() - SHOWN,
        notification__read_at__isnull=False,
    )
    read = told.order_by("-id").values_list("notification", flat=True)[:CLEARED]
    cleared = list(dict.fromkeys([*(UUID(each) for each in delivery.gone), *read]))[:CLEARED]
    return Parcel(
        user=user,
        preferences=preferences,
        language=user.language,
        cleared=cleared,
        badge=unread_count(user.pk),
    )


def _items(rows: Sequence[Notification], user: User) -> list[Item]:
    with translation.override(user.language):
        words = words_of(rows)
    return [Item(notification=row, words=words[row.pk]) for row in rows if row.pk in words]


def _skipped(reason: Reason) -> Outcome:
    return Outcome(result=Result.SKIPPED, code=reason)
