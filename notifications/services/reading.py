"""What people do with what they were told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from common.events import emit, emit_to_each
from common.problems import Invalid
from notifications.events import NotificationDeleted, NotificationsChanged, NotificationUpdated
from notifications.models import Delivery, Notification
from notifications.models.notifications import NotificationQuerySet
from notifications.registries import channels

from .delivering import ring
from .locking import locked

PORTION: Final = 1000  # rows in one statement
CLEARED: Final = 50  # notifications named in one word to a device
TRIES: Final = 3  # of marking as unread, while others do so
ACTIONS: Final = ("read", "unread", "archive", "delete")


def unread_count(user: UUID) -> int:
    return Notification.objects.of(user).present(at=timezone.now()).unread().count()


@transaction.atomic
def read_notification(*, actor: User, notification: Notification, is_read: bool = True) -> Notification:
    """Note that somebody has read it, or take that back. Emits `NotificationUpdated`, if it changes.

    Raises:
        NotFound: it was deleted meanwhile.
    """
    row = locked(Notification.objects.all(), notification.pk)
    if (row.read_at is not None) == is_read:
        return row
    if not is_read and _is_another_open(row):
        return row  # what repeated it stands in its place
    row.read_at = timezone.now() if is_read else None
    try:
        with transaction.atomic():
            row.save(update_fields=["read_at"])
    except IntegrityError:  # what repeats it came, or was marked so, in the same moment
        row.refresh_from_db()
        return row
    if is_read:
        clear(actor.pk, [row.pk])
    emit(NotificationUpdated(notification=row.pk), audience=[actor.pk])
    return row


@transaction.atomic
def archive_notification(
    *, actor: User, notification: Notification, is_archived: bool = True
) -> Notification:
    """Put it away for good, or back. It counts as read. Emits `NotificationUpdated`, if it changes.

    Raises:
        NotFound: it was deleted meanwhile.
    """
    row = locked(Notification.objects.all(), notification.pk)
    if (row.archived_at is not None) == is_archived:
        return row
    now = timezone.now()
    row.archived_at = now if is_archived else None
    row.read_at = row.read_at or now
    row.save(update_fields=["archived_at", "read_at"])
    clear(actor.pk, [row.pk])
    emit(NotificationUpdated(notification=row.pk), audience=[actor.pk])
    return row


@transaction.atomic
def snooze_notification(*, actor: User, notification: Notification, until: datetime | None) -> Notification:
    """Put it off: it is away until then, and then there again. Emits `NotificationUpdated`, if it changes.

    Args:
        until: aware; None: have it back now.

    Raises:
        Invalid: until a time that is over.
        NotFound: it was deleted meanwhile.
    """
    if until is not None and until <= timezone.now():
        raise Invalid.field("until", "past", "That time is over.")
    row = locked(Notification.objects.all(), notification.pk)
    if row.snoozed_until == until:
        return row
    row.snoozed_until = until
    row.save(update_fields=["snoozed_until"])
    emit(NotificationUpdated(notification=row.pk), audience=[actor.pk])
    return row


@transaction.atomic
def delete_notification(*, actor: User, notification: Notification) -> None:
    """Take it out of the list. Emits `NotificationDeleted`."""
    clear(actor.pk, [notification.pk], is_gone=True)
    if Notification.objects.filter(pk=notification.pk).delete()[0]:
        emit(NotificationDeleted(notification=notification.pk), audience=[actor.pk])


@transaction.atomic
def change_notifications(*, actor: User, action: str, ids: Sequence[UUID] | None = None) -> int:
    """Do the same to many.

    Args:
        action: one of `ACTIONS`.
        ids: which; None: all that are neither put away nor put off. Those of others and those that are gone
            are passed over.

    Returns:
        How many changed.

    Emits `NotificationsChanged`, if any did.
    """
    now = timezone.now()
    rows = Notification.objects.of(actor.pk)
    # All is what the list shows: nobody has seen what was put off, or means it when they delete all.
    rows = rows.present(at=now) if ids is None else rows.filter(pk__in=ids)
    match action:
        case "read":
            concerned = rows.unread()
        case "unread":
            concerned = _without_open_twins(rows.exclude(read_at=None))
        case "archive":
            concerned = rows.filter(archived_at=None)
        case _:
            concerned = rows
    changed = 0
    while portion := list(
        concerned.order_by("id").select_for_update().values_list("pk", flat=True)[:PORTION]
    ):
        changed += _change(actor, action, portion, now)
        if len(portion) < PORTION:
            break
    if changed:
        emit(NotificationsChanged(action=action, unread_count=unread_count(actor.pk)), audience=[actor.pk])
    return changed


def _change(actor: User, action: str, ids: list[UUID], now: datetime) -> int:
    rows = Notification.objects.filter(pk__in=ids)
    if action != "unread":
        clear(actor.pk, ids, is_gone=action == "delete")
    match action:
        case "read":
            return rows.update(read_at=now)
        case "unread":
            return _unread_once(rows)
        case "archive":
            rows.filter(read_at=None).update(read_at=now)
            return rows.update(archived_at=now)
        case _:
            rows.delete()
            return len(ids)


def _unread_once(rows: NotificationQuerySet) -> int:
    """Of what repeats each other only the newest can be unread."""
    for _attempt in range(TRIES - 1):
        try:
            with transaction.atomic():
                return _unread_newest(_without_open_twins(rows))
        except IntegrityError:  # another came, or was marked so, in the same moment: now it is seen
            continue
    return _unread_newest(_without_open_twins(rows))


def _unread_newest(rows: NotificationQuerySet) -> int:
    seen: set[tuple[str, str]] = set()
    ids = []
    for row in rows.order_by("-at", "-id").only("id", "kind", "collapse"):
        key = (row.kind, row.collapse)
        if not row.collapse or key not in seen:
            ids.append(row.pk)
            seen.add(key)
    return int(Notification.objects.filter(pk__in=ids).update(read_at=None))


def _without_open_twins(rows: NotificationQuerySet) -> NotificationQuerySet:
    """Without those that an unread one stands for."""
    twins = Notification.objects.filter(
        user=OuterRef("user"),
        kind=OuterRef("kind"),
        collapse=OuterRef("collapse"),
        read_at=None,
        archived_at=None,
    )
    return rows.filter(~Exists(twins.exclude(collapse="")))


def _is_another_open(row: Notification) -> bool:
    if not row.collapse or row.archived_at:
        return False
    same = Notification.objects.filter(user=row.user_id, kind=row.kind, collapse=row.collapse)
    return same.filter(read_at=None, archived_at=None).exclude(pk=row.pk).exists()


def note_read(reads: Sequence[tuple[UUID, str, int]]) -> None:
    """Somebody has read a place up to a position: what is told of it up to there is read with it.

    Emits `NotificationUpdated` for each that was unread.
    """
    furthest: dict[tuple[UUID, str], int] = {}
    for user, place, upto in reads:
        furthest[user, place] = max(upto, furthest.get((user, place), 0))
    concerned = Q()
    for (user, place), upto in furthest.items():
        concerned |= Q(user=user, place=place, seq__lte=upto)
    if not concerned:
        return
    rows = list(Notification.objects.filter(concerned, read_at=None).order_by("id").select_for_update())
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(read_at=timezone.now())
    for user in {row.user_id for row in rows}:
        clear(user, [row.pk for row in rows if row.user_id == user])
    emit_to_each([(NotificationUpdated(notification=row.pk), row.user_id) for row in rows if row.is_listed])


def clear(user: UUID, notifications: Collection[UUID], *, is_gone: bool = False) -> None:
    """Have these taken back wherever they were shown: one word to each device, however many they are.

    Args:
        is_gone: their rows are about to be deleted, and with them what says where they were shown.
    """
    names = [name for name, channel in channels.items() if channel.clears]
    told = Delivery.objects.filter(
        notification__in=notifications,
        channel__in=names,
        purpose=Delivery.Purpose.TELL,
        state=Delivery.State.SENT,
    )
    where = set(told.values_list("channel", "target").order_by())
    if not where:
        return
    on_its_way = Delivery.objects.waiting().filter(
        user=user, channel__in=names, purpose=Delivery.Purpose.CLEAR, holder=None
    )
    if not is_gone:
        where -= set(on_its_way.values_list("channel", "target"))
    now = timezone.now()
    gone = [str(each) for each in list(notifications)[:CLEARED]] if is_gone else []
    Delivery.objects.bulk_create(
        Delivery(
            user_id=user,
            channel=channel,
            target=target,
            purpose=Delivery.Purpose.CLEAR,
            due_at=now,
            gone=gone,
        )
        for channel, target in sorted(where)
    )
    ring(sorted({channel for channel, _ in where}))
