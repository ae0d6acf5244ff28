"""A message to one device."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
from notifications.providers.push import PushMessage, PushProvider, provider_for
from notifications.reasons import Reason
from notifications.registries import Channel, Shipment, Target
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


@dataclass(frozen=True)
class Push(Shipment):
    """A message to a device that was there just now."""

    device: PushDevice
    message: PushMessage
    provider: PushProvider

    def send(self) -> Outcome:
        return self.provider.send(self.device, self.message)

    def settle(self, outcome: Outcome) -> None:
        """A device that its provider doesn't know any more is retired."""
        if outcome.result == Result.GONE:
            retire_device(device=self.device, reason=outcome.code, actor=SYSTEM)


def pack(deliveries: Sequence[Delivery]) -> list[Shipment | Outcome]:
    """`registries.Pack`: each is one push to one device."""
    found = PushDevice.objects.select_related("session__user").in_bulk([each.target for each in deliveries])
    devices = {each.pk: found.get(UUID(each.target)) for each in deliveries}
    heard = [each for each in deliveries if _is_heard(each, devices[each.pk])]
    languages = {pk: device.language for pk, device in devices.items() if device}
    parcels = dict(zip([each.pk for each in heard], prepare(heard, languages=languages), strict=True))
    packed: list[Shipment | Outcome] = []
    for each in deliveries:
        match parcels.get(each.pk):
            case Parcel() as parcel:
                packed.append(push_to(devices[each.pk], message_of(each, parcel)))
            case Outcome() as outcome:
                packed.append(outcome)
            case None:
                packed.append(Outcome(result=Result.SKIPPED, code=Reason.NO_TARGET))
    return packed


def _is_heard(delivery: Delivery, device: PushDevice | None) -> bool:
    """What clears is for devices that act on what nobody sees."""
    return delivery.purpose != Delivery.Purpose.CLEAR or bool(device and device.hears_silently)


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


def push_to(device: PushDevice | None, message: PushMessage) -> Shipment | Outcome:
    """*message*, ready to be handed to the provider of *device*.

    Nothing is sent to one that was retired before (`device_gone`) or forgotten (`device_forgotten`), or whose
    person has signed out there (`signed_out`).

    Args:
        device: with its session and that one's user.
    """
    absence = device.absence if device else "device_forgotten"
    if device is None or absence:
        return Outcome(result=Result.GONE, code=absence)
    try:
        return Push(device, message, provider_for(device.provider))
    except ProviderNotConfigured:
        return Outcome(result=Result.AGAIN, code="provider_not_configured")


CHANNEL: Final = Channel(
    name="push",
    label=_("Push"),
    targets=reachable,
    people=people,
    pack=pack,
    # About an hour and a half: what is older nobody wants to be rung for.
    backoff=[timedelta(seconds=each) for each in (5, 30, 120, 600, 1800, 3600)],
    is_loud=True,
    clears=True,
    lease=timedelta(seconds=120),  # a token may have to be fetched first, each step takes up to ten seconds
    at_once=16,
)
