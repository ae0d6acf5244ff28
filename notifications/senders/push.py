"""A message to one device."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.problems import ProviderNotConfigured
from common.actors import SYSTEM
from notifications.models import Delivery, PushDevice
from notifications.outcomes import Outcome, Result
from notifications.providers.push import PushMessage, provider_for
from notifications.reasons import Reason
from notifications.registries import Channel, Target
from notifications.services import Parcel, prepare, retire_device


def reachable(people: Collection[UUID]) -> dict[UUID, Sequence[Target]]:
    """The devices of these people."""
    found: dict[UUID, list[Target]] = defaultdict(list)
    rows = PushDevice.objects.alive(at=timezone.now()).filter(user__in=people).order_by("id")
    for pk, user, zone in rows.values_list("pk", "user", "timezone"):
        found[user].append(Target(str(pk), zone))
    return dict(found)


def people() -> QuerySet[Any, Any]:
    """The ids of all who have a device."""
    return PushDevice.objects.alive(at=timezone.now()).values("user")


def send(delivery: Delivery) -> Outcome:
    """`registries.Send`: one push to one device."""
    device = PushDevice.objects.filter(pk=delivery.target).first()
    if delivery.purpose == Delivery.Purpose.CLEAR and not (device and device.hears_silently):
        return Outcome(result=Result.SKIPPED, code=Reason.NO_TARGET)
    parcel = prepare(delivery, language=device.language if device else "")
    if isinstance(parcel, Outcome):
        return parcel
    return send_push(UUID(delivery.target), message_of(delivery, parcel))


def message_of(delivery: Delivery, parcel: Parcel) -> PushMessage:
    """What *parcel* says on a device; of one that clears, what the app is to take down."""
    if not parcel.items:
        cleared = ",".join(str(each) for each in parcel.cleared)
        return PushMessage(
            id=delivery.pk,
            is_silent=True,
            data={"type": "clear", "notifications": cleared},
            collapse="clear",  # the latest says it all
            badge=parcel.badge,
        )
    [item] = parcel.items
    row = item.notification
    return PushMessage(
        id=delivery.pk,
        title=item.words.title,
        body=item.words.body,
        url=settings.APP_URL + item.words.path if item.words.path else "",
        data={"type": row.kind, "notification": str(row.pk)},
        collapse=str(row.pk),  # what repeats takes its own place
        badge=parcel.badge,
        is_urgent=True,  # somebody is to see it now: what may wait is no push
        language=parcel.language,
    )


def send_push(device: UUID, message: PushMessage) -> Outcome:
    """Try once to bring *message* to a device. In no transaction: providers take their time.

    A device that its provider doesn't know any more is retired. One that was retired before (`device_gone`)
    or forgotten (`device_forgotten`), or whose person has signed out there (`signed_out`), is sent nothing.
    """
    row = PushDevice.objects.select_related("session__user").filter(pk=device).first()
    if row is None:
        return Outcome(result=Result.GONE, code="device_forgotten")
    if absence := row.absence:
        return Outcome(result=Result.GONE, code=absence)
    try:
        provider = provider_for(row.provider)
    except ProviderNotConfigured:
        return Outcome(result=Result.AGAIN, code="provider_not_configured")
    outcome = provider.send(row, message)
    if outcome.result == Result.GONE:
        retire_device(device=row, reason=outcome.code, actor=SYSTEM)
    return outcome


CHANNEL: Final = Channel(
    name="push",
    label=_("Push"),
    targets=reachable,
    people=people,
    send=send,
    # About an hour and a half: what is older nobody wants to be rung for.
    backoff=[timedelta(seconds=each) for each in (5, 30, 120, 600, 1800, 3600)],
    is_loud=True,
    clears=True,
)
