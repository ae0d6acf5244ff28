"""Rows for tests."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.tests.factories import UserFactory
from notifications.models import Delivery, Notification


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
