"""Rows for tests."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.tests.factories import SessionFactory, UserFactory
from accounts.tokens import fingerprint
from notifications.models import Delivery, Notification, PushDevice


class NotificationFactory(DjangoModelFactory):
    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    kind = "test"
    source = factory.Sequence(lambda number: f"user:somebody {number}")


class DeliveryFactory(DjangoModelFactory):
    class Meta:
        model = Delivery

    user = factory.SubFactory(UserFactory)
    channel = "test"
    due_at = factory.LazyFunction(timezone.now)


class PushDeviceFactory(DjangoModelFactory[PushDevice]):
    """An Android phone whose person is signed in."""

    class Meta:
        model = PushDevice

    user = factory.SubFactory(UserFactory)
    session = factory.LazyAttribute(lambda device: SessionFactory(user=device.user))
    provider = "fcm"
    token = factory.Sequence(lambda n: f"token-of-an-app:{n:06}")
    token_hash = factory.LazyAttribute(lambda device: fingerprint(device.token))
    seen_at = factory.LazyFunction(timezone.now)
