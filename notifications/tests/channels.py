"""A channel that rings where the test says, and remembers what it brought."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from accounts.models import User
from notifications.models import Delivery
from notifications.outcomes import Outcome
from notifications.registries import Channel, Shipment, Target, channels
from notifications.services import Parcel, prepare


class Bells:
    """Stands in for a channel of that name, as loud as push or as patient as mail."""

    def __init__(self, name: str, *, is_digested: bool = False) -> None:
        self.name = name
        self.is_digested = is_digested
        self.targets: dict[UUID, list[Target]] = {}
        self.brought: list[Parcel] = []
        self.outcomes: list[Outcome] = []

    def reach(self, user: User, *ids: str, timezone: str = "") -> None:
        self.targets[user.pk] = [Target(each, timezone) for each in ids or ("",)]

    def find(self, users: Collection[UUID]) -> Mapping[UUID, Sequence[Target]]:
        return {user: self.targets[user] for user in users if user in self.targets}

    def pack(self, deliveries: Sequence[Delivery]) -> Sequence[Shipment | Outcome]:
        return [
            parcel if isinstance(parcel, Outcome) else Ring(self, parcel) for parcel in prepare(deliveries)
        ]

    @property
    def titles(self) -> list[str]:
        return [item.words.title for parcel in self.brought for item in parcel.items]

    def people(self) -> Any:
        return User.objects.filter(pk__in=self.targets).values("pk")


@dataclass(frozen=True)
class Ring(Shipment):
    bells: Bells
    parcel: Parcel

    def send(self) -> Outcome:
        self.bells.brought.append(self.parcel)
        return self.bells.outcomes.pop(0) if self.bells.outcomes else Outcome.sent()


@contextmanager
def ringing(name: str, *, is_digested: bool = False) -> Iterator[Bells]:
    bells, before = Bells(name, is_digested=is_digested), channels.get(name)
    channels[name] = Channel(
        name=name,
        label=name,
        targets=bells.find,
        people=None if is_digested else bells.people,
        pack=bells.pack,
        backoff=[timedelta(seconds=5), timedelta(seconds=30)],
        is_loud=not is_digested,
        is_digested=is_digested,
        clears=not is_digested,
    )
    yield bells
    if before:
        channels[name] = before
    else:
        del channels[name]
