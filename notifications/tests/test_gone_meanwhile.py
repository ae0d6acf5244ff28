"""What was deleted after it was looked up is not there: no fault, and nothing is done."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from common.models import LogEntry
from common.problems import NotFound
from notifications.services import (
    archive_notification,
    change_device,
    delete_notification,
    delete_webhook,
    forget_device,
    read_notification,
    redeliver_event,
    rotate_webhook,
    send_test,
    snooze_notification,
    update_webhook,
)
from notifications.tests.factories import NotificationFactory, PushDeviceFactory
from notifications.tests.webhooks import webhook_of

pytestmark = pytest.mark.django_db

Act = Callable[[User, Any], object]


@pytest.mark.parametrize(
    "act",
    [
        lambda layla, row: read_notification(actor=layla, notification=row),
        lambda layla, row: archive_notification(actor=layla, notification=row),
        lambda layla, row: snooze_notification(
            actor=layla, notification=row, until=timezone.now() + timedelta(hours=1)
        ),
    ],
)
def test_of_a_notification(act: Act, layla: User) -> None:
    row = NotificationFactory(user=layla)
    delete_notification(actor=layla, notification=row)
    told = LogEntry.objects.count()

    with pytest.raises(NotFound):
        act(layla, row)

    assert LogEntry.objects.count() == told


def test_of_a_device(layla: User) -> None:
    device = PushDeviceFactory(user=layla)
    forget_device(device=device)

    with pytest.raises(NotFound):
        change_device(device=device, name="Phone")


@pytest.mark.parametrize(
    "act",
    [
        lambda layla, webhook: update_webhook(actor=layla, webhook=webhook, description="x"),
        lambda layla, webhook: rotate_webhook(actor=layla, webhook=webhook),
        lambda layla, webhook: send_test(webhook=webhook),
    ],
)
def test_of_a_webhook(act: Act, layla: User) -> None:
    webhook = webhook_of(layla)
    other = type(webhook).objects.get(pk=webhook.pk)
    delete_webhook(actor=layla, webhook=other)

    with pytest.raises(NotFound):
        act(layla, webhook)


def test_of_an_event(layla: User) -> None:
    webhook = webhook_of(layla)
    event = send_test(webhook=webhook).event
    delete_webhook(actor=layla, webhook=type(webhook).objects.get(pk=webhook.pk))

    with pytest.raises(NotFound):
        redeliver_event(event=event)
